import { realpathSync, statSync } from 'node:fs';
import { Kysely } from 'kysely';
import type { Db, Schema } from './schema.ts';
import { OpenFiles } from './sqlite/companions.ts';
import { sqliteDialect } from './sqlite/dialect.ts';
import { isCurrent } from './sqlite/knownSchema.ts';
import { connect } from './sqlite/load.ts';
import { NATIVE_WAIT_MS, Patience } from './sqlite/patience.ts';

/** Short: whoever looks here looks again soon. */
const PATIENCE_MS = 200;

/** A connection that only reads, for work that goes on while the file may be locked, moved away or replaced. */
export interface Reader {
  readonly db: Db;
  /** Which database it is, and in which file: not the same in a copy that was put in its place. */
  readonly identity: string;
  /** A number that changes when another connection has committed. */
  dataVersion(): number;
  /** False when another file stands under that name now, or beside it; throws when none does. */
  isCurrent(): boolean;
  close(): Promise<void>;
}

/** Opens a database that is there and up to date; throws what SQLite or the file system says when it is not. */
export async function openReader(path: string): Promise<Reader> {
  // Before it is opened: a file that is replaced in between is then seen as another one.
  const file = fileOf(path);
  const files = new OpenFiles(realpathSync(path));
  const sqlite = connect(path, { readonly: true, fileMustExist: true, timeout: NATIVE_WAIT_MS });
  const db = new Kysely<Schema>({ dialect: sqliteDialect(sqlite, new Patience(path, PATIENCE_MS)) });
  try {
    // The first statement opens the files beside it.
    if (!isCurrent(sqlite)) throw new Error(`${path} is not what outreach makes`);
    const { database_id } = await db.selectFrom('guard').select('database_id').executeTakeFirstOrThrow();
    files.noteCompanions();
    return {
      db,
      // The number of a file that nobody has open may be given to the next one.
      identity: `${file}.${database_id}`,
      dataVersion: () => sqlite.pragma('data_version', { simple: true }) as number,
      isCurrent: () => fileOf(path) === file && files.change() === undefined,
      close: () => db.destroy(),
    };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

function fileOf(path: string): string {
  const { dev, ino } = statSync(path);
  return `${dev}.${ino}`;
}
