import { createRequire } from 'node:module';
import { OutreachError } from '../../domain/errors.ts';
import { refuseUnfit } from '../../files/ownFiles.ts';

/** The part of better-sqlite3 (https://github.com/WiseLibs/better-sqlite3/blob/master/docs/api.md) that is used here. */
export interface SqliteConnection {
  readonly inTransaction: boolean;
  readonly open: boolean;
  prepare(sql: string): SqliteStatement;
  exec(sql: string): void;
  pragma(sql: string, options?: { simple?: boolean }): unknown;
  close(): void;
}

export interface SqliteStatement {
  readonly reader: boolean;
  all(...parameters: readonly unknown[]): unknown[];
  iterate(...parameters: readonly unknown[]): IterableIterator<unknown>;
  run(...parameters: readonly unknown[]): { changes: number; lastInsertRowid: number | bigint };
}

export interface ConnectOptions {
  readonly readonly?: boolean;
  readonly fileMustExist?: boolean;
  /** How long a statement waits for other programs, in ms. */
  readonly timeout?: number;
}

type Connect = (path: string, options?: ConnectOptions) => SqliteConnection;
type SqliteConstructor = new (path: string, options: ConnectOptions & { readonly nativeBinding?: string }) => SqliteConnection;

/** Version 13 carries binaries for Node ≥ 22 and crashes Node 20; version 12 is built from source there. */
const PACKAGE = Number(process.versions.node.split('.')[0]) >= 22 ? 'better-sqlite3' : 'better-sqlite3-v12';

let loaded: Connect | undefined;

/** Throws where the database, or a file that SQLite opens beside it, is no regular file: SQLite would follow a link, and wait at a pipe. */
export function connect(path: string, options?: ConnectOptions): SqliteConnection {
  loaded ??= load();
  if (path !== ':memory:') for (const suffix of ['', '-wal', '-shm', '-journal']) refuseUnfit(`${path}${suffix}`);
  return loaded(path, options);
}

/** SQLITE_PROTOCOL: readers got in each other's way while a log was begun anew (https://sqlite.org/rescode.html#protocol). */
export function isBusy(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_PROTOCOL');
}

function load(): Connect {
  try {
    const require = createRequire(import.meta.url);
    const Sqlite = require(PACKAGE) as SqliteConstructor;
    const native = builtNative(require);
    const open: Connect = (path, options) => new Sqlite(path, { ...options, ...native });
    // The native half is only looked up when a database is opened: try it here, where the sentence can help.
    open(':memory:').close();
    return open;
  } catch (cause) {
    throw new OutreachError('environment', `the native database part (${PACKAGE}) is missing for Node ${process.versions.node}`, {
      hint:
        PACKAGE === 'better-sqlite3'
          ? 'Get it with: npm install --include=optional better-sqlite3'
          : 'Get it with a C++ compiler and: npm install --include=optional && npm rebuild better-sqlite3-v12  (Node 22 and later need no compiler)',
      cause,
    });
  }
}

/** Where a build puts the native half; told so, better-sqlite3 does not look in a dozen other places, 1 ms of every command. */
function builtNative(require: NodeJS.Require): { nativeBinding?: string } {
  try {
    return { nativeBinding: require.resolve(`${PACKAGE}/build/Release/better_sqlite3.node`) };
  } catch {
    return {};
  }
}
