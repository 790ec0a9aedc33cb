import { sql } from 'kysely';
import type { Db } from './schema.ts';
import { connect } from './sqlite/load.ts';

/** The version of SQLite that was loaded. Throws OutreachError when the native part is missing. */
export function sqliteVersion(): string {
  const connection = connect(':memory:');
  try {
    const [row] = connection.prepare('select sqlite_version() as version').all() as { version: string }[];
    return row?.version ?? '';
  } finally {
    connection.close();
  }
}

/** What SQLite finds wrong with its file, at most ten sentences; none when all is well. Reads every page once. */
export async function damages(db: Db): Promise<string[]> {
  const { rows } = await sql<Record<string, string>>`pragma quick_check(10)`.execute(db);
  return rows.flatMap((row) => Object.values(row)).filter((verdict) => verdict !== 'ok');
}
