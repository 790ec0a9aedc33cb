import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type SqliteConnection } from './load.ts';

/**
 * A worker is alive while it holds an exclusive lock on a small database of its own. The operating
 * system frees it the moment the process ends, however it ends (6 ms after `kill -9`, measured).
 * The lock files are only ever opened through SQLite: closing a plain file descriptor on one would
 * drop this process's POSIX locks on it.
 */
export interface LivenessLock {
  release(): void;
}

export function takeLivenessLock(directory: string, workerId: string): LivenessLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${workerId}.lock`);
  const connection = lock(path);
  if (connection === undefined) throw new Error(`another process holds ${path}`);
  return {
    release() {
      connection.close();
      forgetLivenessLock(directory, workerId);
    },
  };
}

/** True while the worker's process runs, frozen or not. */
export function isAlive(directory: string, workerId: string): boolean {
  const path = join(directory, `${workerId}.lock`);
  if (!existsSync(path)) return false;
  const connection = lock(path);
  connection?.close();
  return connection === undefined;
}

export function forgetLivenessLock(directory: string, workerId: string): void {
  for (const suffix of ['', '-journal']) rmSync(join(directory, `${workerId}.lock${suffix}`), { force: true });
}

function lock(path: string): SqliteConnection | undefined {
  const connection = connect(path, { timeout: 0 });
  try {
    connection.pragma('journal_mode = DELETE');
    connection.exec('begin exclusive');
    return connection;
  } catch (error) {
    connection.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return (error as { code?: string }).code?.startsWith('SQLITE_BUSY') === true;
}
