import { Kysely } from 'kysely';
import { migrations } from '../../migrations/index.ts';
import { OutreachError } from '../domain/errors.ts';
import { oneLine } from '../domain/text.ts';
import { sqliteDialect } from './sqlite/dialect.ts';
import { type FoundSchema, objectsIn, type SchemaObject } from './sqlite/knownSchema.ts';
import { connect } from './sqlite/load.ts';
import { Patience } from './sqlite/patience.ts';

/**
 * Throws where a database holds anything else than its migrations make: a trigger that somebody put there could
 * rewrite recipients, and a view what a person is shown. Asked only where the digest is another one, as that of
 * another version of SQLite may be.
 */
export async function refuseStrange({ version, objects }: FoundSchema, path: string): Promise<void> {
  const expected = await expectedSchema(version);
  const added = objects.find((object) => !expected.some((known) => isSame(known, object)));
  const missing = expected.find((known) => !objects.some((object) => isSame(known, object)));
  const odd = added ?? missing;
  if (odd === undefined) return;
  const name = `${odd.type} ${oneLine(odd.name).slice(0, 60)}`;
  throw new OutreachError(
    'config',
    added === undefined
      ? `${path} has lost its ${name}, so it is not used`
      : `${path} holds a ${name} that outreach did not make, so it is not used: it could change whom a mail goes to`,
    { hint: 'Go back to a backup: outreach restore FILE    (what you added yourself: take it out with sqlite3)' },
  );
}

function isSame(one: SchemaObject, other: SchemaObject): boolean {
  return one.type === other.type && one.name === other.name && one.tbl_name === other.tbl_name && one.sql === other.sql;
}

/** What a database holds after its first `version` migrations, made in memory by this program and this SQLite. */
export async function expectedSchema(version: number): Promise<readonly SchemaObject[]> {
  const sqlite = connect(':memory:');
  const db = new Kysely<unknown>({ dialect: sqliteDialect(sqlite, new Patience(':memory:', 0)) });
  try {
    for (const step of Object.values(migrations).slice(0, version)) await step.up(db);
    return objectsIn(sqlite).objects;
  } finally {
    await db.destroy();
  }
}
