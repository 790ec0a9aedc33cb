import { createHash } from 'node:crypto';
import type { SqliteConnection } from './load.ts';
import { SCHEMA_DIGESTS } from './schemaDigests.ts';

/** A table, an index, a trigger or a view, and the statement that made it. */
export interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
}

export interface FoundSchema {
  /** How many migrations the database has had. */
  readonly version: number;
  /** By type and name. */
  readonly objects: readonly SchemaObject[];
}

/** What SQLite keeps for itself (https://sqlite.org/fileformat2.html, "Internal Schema Objects"). */
const OF_SQLITE = new Set(['sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4']);

/** One statement, because another program may be changing the schema: all of it is of one moment. */
export function objectsIn(sqlite: SqliteConnection): FoundSchema {
  const rows = sqlite
    .prepare(
      'select user_version as version, type, name, tbl_name, sql from pragma_user_version left join sqlite_master order by type, name',
    )
    .all() as (SchemaObject & { version: number })[];
  const objects = rows.filter(({ type, name }) => type !== null && !(type === 'table' && OF_SQLITE.has(name)));
  return { version: rows[0]?.version ?? 0, objects: objects.map(({ type, name, tbl_name, sql }) => ({ type, name, tbl_name, sql })) };
}

/** Whether a database holds what its migrations make, and nothing else. Of a newer program's nothing is known here: it is refused elsewhere. */
export function isKnown({ version, objects }: FoundSchema): boolean {
  if (version === 0) return objects.length === 0;
  return version > SCHEMA_DIGESTS.length || SCHEMA_DIGESTS[version - 1] === digestOf(objects);
}

/** Whether it is also that of this very program. */
export function isCurrent(sqlite: SqliteConnection): boolean {
  const schema = objectsIn(sqlite);
  return schema.version === SCHEMA_DIGESTS.length && isKnown(schema);
}

/** Short, and another for any other schema. */
export function digestOf(objects: readonly SchemaObject[]): string {
  return createHash('sha256').update(JSON.stringify(objects)).digest('hex').slice(0, 32);
}
