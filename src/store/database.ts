import { closeSync, existsSync, realpathSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely } from 'kysely';
import { OutreachError } from '../domain/errors.ts';
import { createFile, makeFolder } from '../files/ownFiles.ts';
import { GroupCommit } from './groupCommit.ts';
import type { Db, Schema, Tx } from './schema.ts';
import { OpenFiles } from './sqlite/companions.ts';
import { sqliteDialect } from './sqlite/dialect.ts';
import { isKnown, objectsIn } from './sqlite/knownSchema.ts';
import { connect, isBusy, type SqliteConnection } from './sqlite/load.ts';
import { refuseMounts } from './sqlite/mounts.ts';
import { NATIVE_WAIT_MS, PATIENCE_MS, Patience, type WaitListener } from './sqlite/patience.ts';
import { storageError } from './troubles.ts';

/** `outr` in ASCII: tells our files from other SQLite databases (PRAGMA application_id). */
export const APPLICATION_ID = 0x6f757472;
/** How many migrations a database has had that this program may use (PRAGMA user_version). */
export const SCHEMA_VERSION = 12;
/** What rewrites the whole file asks again within SQLite itself, and gives up on readers after this. */
const REWRITE_WAIT_MS = 5_000;
/** statfs types of NFS, SMB and CIFS, on which SQLite's locks cannot be trusted (https://sqlite.org/wal.html). */
const NETWORK_FILE_SYSTEMS = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

export interface Store {
  readonly db: Db;
  /** The database's file, with no symbolic link in it. */
  readonly path: string;
  /** Folder of the workers' liveness locks. */
  readonly locks: string;
  /** The files that SQLite opened, and whether they still stand where they were. */
  readonly files: OpenFiles;
  /**
   * Runs `unit` in a durable transaction. Units asked for within a few turns of the event loop share
   * one commit (and one fsync); one that throws undoes only itself. A unit awaits nothing but its own
   * queries, and may be run again when another one of its group throws: what it does outside the
   * database must bear that. Resolves after the commit; rejects when it failed.
   */
  write<T>(unit: (tx: Tx) => Promise<T>): Promise<T>;
  /** A number that changes when another connection has committed; -1 while nobody can tell. */
  dataVersion(): number;
  /** Tells of waits for other programs that hold the database; undefined ends it. */
  whenWaiting(listener: WaitListener | undefined): void;
  /** From now on nothing waits long for other programs: the process has to leave. */
  hurry(): void;
  /** A consistent copy of the database in a new file of this user alone. */
  copyTo(path: string): void;
  /** Whether no other program has the database open, by this path or another one. Folds its log into it. */
  isAlone(): boolean;
  /** Puts what its log holds into the database itself, as far as nobody reads it there: who removes the log then loses less. */
  foldLog(): void;
  /** Rewrites the file without what was deleted, and empties the write-ahead log; false when a reader elsewhere held it. */
  scrub(): boolean;
  close(): Promise<void>;
}

interface Opening {
  /** How long a statement waits for other programs, in ms. */
  readonly patience?: number | undefined;
  readonly listener?: WaitListener | undefined;
}

/** Opens the database, creating it when it is not there, and brings its schema up to date. */
export async function openStore(path: string, { patience = PATIENCE_MS, listener }: Opening = {}): Promise<Store> {
  makeFolder(dirname(path));
  refuseNetworkFileSystem(dirname(path));
  // SQLite gives its -wal and -shm the mode of the database, so the mode is set before SQLite sees the file.
  if (!existsSync(path)) createPrivate(path);
  const real = existsSync(path) ? realpathSync(path) : path;
  refuseMounts(real);
  const files = new OpenFiles(real);
  const sqlite = openSqlite(path);
  const waiting = new Patience(path, patience);
  waiting.listener = listener;
  try {
    await waiting
      .until(() => configure(sqlite, path))
      .catch((error: unknown) => {
        throw storageError(error, path) ?? error;
      });
    const schema = await waiting.until(() => objectsIn(sqlite));
    if (!isKnown(schema)) await (await import('./expectedSchema.ts')).refuseStrange(schema, path);
    files.noteCompanions();
    const store = storeOn(sqlite, files, real, waiting);
    if (schema.version !== SCHEMA_VERSION) {
      const { migrateToLatest } = await import('./migrate.ts');
      await migrateToLatest(store);
    }
    return store;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

function storeOn(sqlite: SqliteConnection, files: OpenFiles, path: string, patience: Patience): Store {
  const db = new Kysely<Schema>({ dialect: sqliteDialect(sqlite, patience) });
  const group = new GroupCommit(db, sqlite, files);
  return {
    db,
    path,
    locks: `${path}.locks`,
    files,
    write: (unit) => group.write(unit),
    dataVersion: () => dataVersion(sqlite),
    whenWaiting(listener) {
      patience.listener = listener;
    },
    hurry: () => patience.hurry(),
    copyTo(target) {
      createOwn(target);
      waitingWithin(sqlite, () => sqlite.exec(`vacuum into '${target.replaceAll("'", "''")}'`));
    },
    isAlone: () => waitingWithin(sqlite, () => isAlone(sqlite, files)),
    foldLog: () => foldLog(sqlite),
    scrub: () => waitingWithin(sqlite, () => scrub(sqlite)),
    close: () => files.close(() => db.destroy()),
  };
}

function dataVersion(sqlite: SqliteConnection): number {
  try {
    return sqlite.pragma('data_version', { simple: true }) as number;
  } catch (error) {
    if (isBusy(error)) return -1;
    throw error;
  }
}

function waitingWithin<T>(sqlite: SqliteConnection, work: () => T): T {
  sqlite.pragma(`busy_timeout = ${REWRITE_WAIT_MS}`);
  try {
    return work();
  } finally {
    sqlite.pragma(`busy_timeout = ${NATIVE_WAIT_MS}`);
  }
}

/** SQLite fills a file that is there and empty; one that it makes itself would be open to everybody. */
export function createOwn(path: string): void {
  closeSync(createFile(path));
}

/** SQLite gives the log up for the last one who has the database open, and for nobody else. Locks are the file's own, whatever its path. */
function isAlone(sqlite: SqliteConnection, files: OpenFiles): boolean {
  try {
    sqlite.pragma('journal_mode = DELETE');
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY') === true) return false;
    throw error;
  }
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('user_version');
  files.noteCompanions();
  return true;
}

/** SQLite does the same from time to time, so nothing hangs on it here. */
function foldLog(sqlite: SqliteConnection): void {
  try {
    sqlite.pragma('wal_checkpoint(PASSIVE)');
  } catch (error) {
    if (storageError(error) === undefined) throw error;
  }
}

/** Deleted text stays in free pages and in the log until they are written over (https://sqlite.org/pragma.html#pragma_secure_delete). */
function scrub(sqlite: SqliteConnection): boolean {
  sqlite.pragma('secure_delete = ON');
  sqlite.exec('vacuum');
  const [ended] = sqlite.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  return ended?.busy === 0;
}

function openSqlite(path: string): SqliteConnection {
  try {
    return connect(path, { fileMustExist: true, timeout: NATIVE_WAIT_MS });
  } catch (cause) {
    throw storageError(cause, path) ?? cause;
  }
}

/** May be begun anew: of several programs that make a database at once each may be kept out at any of these. */
function configure(sqlite: SqliteConnection, path: string): void {
  // Tables first: whoever makes them beside us has named the file before.
  const [tables] = sqlite.prepare('select count(*) as n from sqlite_master').all() as { n: number }[];
  const id = sqlite.pragma('application_id', { simple: true });
  if (id !== APPLICATION_ID) {
    if (id !== 0 || tables?.n !== 0) {
      throw new OutreachError('config', `${path} is not an outreach database`, {
        hint: 'Set "database" in outreach.yaml to a path of its own.',
      });
    }
    sqlite.pragma(`application_id = ${APPLICATION_ID}`);
  }
  sqlite.pragma('journal_mode = WAL');
  // better-sqlite3 reopens WAL files at NORMAL, which loses commits on power failure.
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('foreign_keys = ON');
}

function createPrivate(path: string): void {
  try {
    createOwn(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function refuseNetworkFileSystem(directory: string): void {
  if (NETWORK_FILE_SYSTEMS.has(statfsSync(directory).type)) {
    throw new OutreachError('environment', `${directory} is on a network file system, where a database's locks cannot be trusted`, {
      hint: 'Set "database" in outreach.yaml to a path on a local disk.',
    });
  }
}
