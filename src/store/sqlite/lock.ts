import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OutreachError } from '../../domain/errors.ts';
import { makeFolder } from '../../files/ownFiles.ts';
import { refuseWhereReadOnly } from '../../files/readOnly.ts';
import { connect, isBusy, type SqliteConnection } from './load.ts';

/**
 * A worker is alive while it holds an exclusive lock on a small database of its own. The operating
 * system frees it the moment the process ends, however it ends (6 ms after `kill -9`, measured).
 * The lock files are only ever opened through SQLite: closing a plain file descriptor on one would
 * drop this process's POSIX locks on it.
 */
export interface LivenessLock {
  release(): void;
}

/** Longer than anybody who asks for a lock holds it. */
const ASKING_MS = 5_000;

export function takeLivenessLock(directory: string, workerId: string): LivenessLock {
  makeFolder(directory);
  const path = join(directory, `${workerId}.lock`);
  // Whoever asks for it holds it for a moment.
  const held = hold(path, ASKING_MS);
  if (held === undefined) throw new Error(`another process holds ${path}`);
  return held;
}

/** True while the worker's process runs, frozen or not. In doubt a worker counts as alive: its deadlines still hold. Changes nothing. */
export function isAlive(directory: string, workerId: string): boolean {
  const path = placeOf(directory, workerId);
  if (path === undefined || !existsSync(path)) return false;
  try {
    // For reading alone: SQLite would play back what lies beside it as a journal.
    const connection = connect(path, { timeout: 0, fileMustExist: true, readonly: true });
    try {
      // A read is enough to meet its owner's lock, and those who ask do not meet each other.
      connection.prepare('select 1 from sqlite_master').all();
      return false;
    } finally {
      connection.close();
    }
  } catch {
    // The worker may be leaving this moment and taking its file along.
    return existsSync(path);
  }
}

/** Removes what a dead worker left. Ids are never used again. */
export function forgetLock(directory: string, workerId: string): void {
  const path = placeOf(directory, workerId);
  if (path === undefined || !existsSync(path)) return;
  const connection = lock(path, { mustExist: true });
  if (connection !== undefined) removeLock(connection, path);
}

/** Whether any worker's process runs, asked of the locks alone: works beside a database that cannot be read. */
export function anyAlive(directory: string): boolean {
  if (!existsSync(directory)) return false;
  const ids = readdirSync(directory).flatMap((name) => (name.endsWith('.lock') ? [basename(name, '.lock')] : []));
  const alive = ids.filter((id) => isAlive(directory, id));
  for (const id of ids) if (!alive.includes(id)) forgetLock(directory, id);
  return alive.length > 0;
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

/**
 * The same for longer work: it waits without keeping the process from hearing signals, and leaves no file behind.
 */
export async function whileLocked<T>(path: string, waitMs: number, change: () => Promise<T>): Promise<T> {
  const end = performance.now() + waitMs;
  let held = hold(path, 0);
  while (held === undefined) {
    if (performance.now() > end)
      throw new OutreachError('environment', `another outreach has held ${path} for ${waitMs / 60_000} minutes`, { hint: 'Try again.' });
    await new Promise((resolve) => setTimeout(resolve, 20 + 30 * Math.random()));
    held = hold(path, 0);
  }
  try {
    return await change();
  } finally {
    held.release();
  }
}

/** Undefined while another process holds it. */
function hold(path: string, waitMs: number): LivenessLock | undefined {
  for (;;) {
    const connection = lock(path, { mustExist: false, waitMs });
    if (connection === undefined) return undefined;
    // Whoever removed the file just then did not see this lock, and nobody would find it.
    if (existsSync(path)) return { release: () => removeLock(connection, path) };
    connection.close();
  }
}

/** Before the lock is let go, where the system allows it: another process could lock a file that is then removed. */
function removeLock(connection: SqliteConnection, path: string): void {
  const remove = () => {
    for (const suffix of ['', '-journal']) rmSync(`${path}${suffix}`, { force: true });
  };
  if (process.platform !== 'win32') remove();
  connection.close();
  if (process.platform === 'win32') remove();
}

function lock(path: string, { mustExist, waitMs = 0 }: { mustExist: boolean; waitMs?: number }): SqliteConnection | undefined {
  refuseWhereReadOnly(path);
  refuseShared(path);
  const connection = opened(path, { timeout: waitMs, fileMustExist: mustExist });
  if (connection === undefined) return undefined;
  try {
    connection.pragma('journal_mode = DELETE');
    connection.exec('begin exclusive');
    return connection;
  } catch (error) {
    connection.close();
    // Its owner has let go and removed the file under its name: whoever asks again makes a new one.
    if (isBusy(error) || (error as { code?: string }).code === 'SQLITE_IOERR_FSTAT') return undefined;
    throw error;
  }
}

/** Undefined where the file should be there and another process has just removed it. */
function opened(path: string, options: { readonly timeout: number; readonly fileMustExist: boolean }): SqliteConnection | undefined {
  try {
    return connect(path, options);
  } catch (error) {
    if (options.fileMustExist && !existsSync(path)) return undefined;
    throw error;
  }
}

/** A lock has one name. Under another one it would be a file of somebody's, and SQLite may write into it. */
function refuseShared(path: string): void {
  if ((lstatSync(path, { throwIfNoEntry: false })?.nlink ?? 1) > 1)
    throw new OutreachError('environment', `${path} is another file, too (a hard link)`, { hint: 'Remove it, and run the command again.' });
}

/** The lock of a worker; undefined for an id that is none of ours: it comes out of a database, and must not lead elsewhere. */
function placeOf(directory: string, workerId: string): string | undefined {
  return /^[\w-]{1,64}$/.test(workerId) ? join(directory, `${workerId}.lock`) : undefined;
}
