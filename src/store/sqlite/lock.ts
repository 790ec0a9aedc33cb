import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OutreachError } from '../../domain/errors.ts';
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
  const connection = lock(path, { mustExist: false });
  if (connection === undefined) throw new Error(`another process holds ${path}`);
  return {
    release() {
      connection.close();
      forgetLivenessLock(directory, workerId);
    },
  };
}

/** True while the worker's process runs, frozen or not. In doubt a worker counts as alive: its deadlines still hold. */
export function isAlive(directory: string, workerId: string): boolean {
  const path = join(directory, `${workerId}.lock`);
  try {
    const connection = lock(path, { mustExist: true });
    if (connection === undefined) return true;
    // Whoever gets the lock knows that its owner is dead, and ids are never used again.
    connection.close();
    forgetLivenessLock(directory, workerId);
    return false;
  } catch {
    // The worker may be leaving this moment and taking its file along.
    return existsSync(path);
  }
}

/** Whether any worker's process runs, asked of the locks alone: works beside a database that cannot be read. */
export function anyAlive(directory: string): boolean {
  if (!existsSync(directory)) return false;
  return readdirSync(directory).some((name) => name.endsWith('.lock') && isAlive(directory, basename(name, '.lock')));
}

/**
 * Runs a short change while no other process runs one under the same lock; waits for it up to `waitMs`.
 * The operating system frees the lock with its process, so nothing is left to be tidied up after a kill.
 */
export function underLock<T>(path: string, waitMs: number, change: () => T): T {
  const connection = lock(path, { mustExist: false, waitMs });
  if (connection === undefined) {
    throw new OutreachError('environment', `another outreach has held ${path} for ${waitMs / 1_000} s`, { hint: 'Try again.' });
  }
  try {
    return change();
  } finally {
    connection.close();
  }
}

function forgetLivenessLock(directory: string, workerId: string): void {
  for (const suffix of ['', '-journal']) rmSync(join(directory, `${workerId}.lock${suffix}`), { force: true });
}

function lock(path: string, { mustExist, waitMs = 0 }: { mustExist: boolean; waitMs?: number }): SqliteConnection | undefined {
  const connection = connect(path, { timeout: waitMs, fileMustExist: mustExist });
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
