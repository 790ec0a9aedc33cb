import { randomBytes } from 'node:crypto';
import { closeSync, copyFileSync, existsSync, fsyncSync, linkSync, openSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OutreachError } from '../../domain/errors.ts';
import { FORGOTTEN } from '../../domain/personKey.ts';
import { makeFolder } from '../../files/ownFiles.ts';
import { APPLICATION_ID, createOwn, openStore, type Store } from '../database.ts';
import { markBackup } from '../guard.ts';
import { storageError } from '../troubles.ts';
import { connect, type SqliteConnection } from './load.ts';
import { refuseMounts } from './mounts.ts';

/**
 * A checked copy of the database in one file, marked so that it sends nothing by itself. Made beside
 * its place and put there whole. `vacuum into` reads one snapshot while workers go on writing; SQLite's
 * page by page backup starts over whenever another process commits, for ever beside a busy worker.
 */
export function writeBackup(store: Store, target: string, { now, force }: { now: number; force: boolean }): void {
  const aside = `${target}.${randomBytes(8).toString('hex')}.part`;
  try {
    store.copyTo(aside);
    const copy = connect(aside, { fileMustExist: true });
    try {
      copy.prepare('update guard set marked_at = coalesce(marked_at, ?)').run(now);
      checkWhole(copy, aside);
    } finally {
      copy.close();
    }
    putInPlace(aside, target, force);
  } finally {
    rmSync(aside, { force: true });
  }
}

export interface PutBack {
  /** The present database under its new name; undefined when there was none. */
  readonly kept: string | undefined;
  /** Suppressions that only the present database knew. */
  readonly suppressions: number;
}

/**
 * Puts a checked and marked copy of `source` where the database is, and keeps the present one under
 * another name. Nobody else may have it open. Whoever asked for no more mail since the backup was made
 * is not asked to do so again: the present list of suppressions is carried over.
 */
export async function restoreBackup(source: string, database: string, now: number): Promise<PutBack> {
  const path = existsSync(database) ? realpathSync(database) : database;
  refuseMounts(path);
  const aside = `${path}.restoring`;
  makeFolder(dirname(path));
  removeWith(aside);
  try {
    copyChecked(source, aside);
    const copy = await openStore(aside);
    try {
      await copy.write((tx) => markBackup(tx, now));
    } finally {
      await copy.close();
    }
    const kept = existsSync(path) ? keepAside(path, now) : undefined;
    const suppressions = kept === undefined ? 0 : carrySuppressions(kept, aside);
    putInPlace(aside, path, true);
    return { kept, suppressions };
  } finally {
    removeWith(aside);
  }
}

/** Whether a backup knows people by hashes alone: then it is of no use without the key that they were made with. */
export function knowsForgotten(source: string): boolean {
  try {
    const backup = connect(source, { readonly: true, fileMustExist: true });
    try {
      return backup.prepare(`select 1 from suppressions where email_key like '${FORGOTTEN}%' limit 1`).all().length > 0;
    } finally {
      backup.close();
    }
  } catch {
    // What cannot be read is not restored either, and that is said there.
    return false;
  }
}

function copyChecked(source: string, target: string): void {
  createOwn(target);
  try {
    const backup = connect(source, { readonly: true, fileMustExist: true });
    try {
      if (backup.pragma('application_id', { simple: true }) !== APPLICATION_ID)
        throw new OutreachError('input', `${source} is not a database of outreach`, { hint: 'Name a file that outreach backup made.' });
      checkWhole(backup, source);
      backup.exec(`vacuum into '${target.replaceAll("'", "''")}'`);
    } finally {
      backup.close();
    }
  } catch (error) {
    if (isCode(error, 'SQLITE_NOTADB') || isCode(error, 'SQLITE_CORRUPT'))
      throw new OutreachError('input', `${source} is not a whole database`, { hint: 'Name another backup.', cause: error });
    throw storageError(error, source) ?? error;
  }
}

function checkWhole(connection: SqliteConnection, path: string): void {
  const verdict = connection.pragma('integrity_check(1)', { simple: true });
  if (verdict === 'ok') return;
  throw new OutreachError('environment', `${path} is damaged: ${String(verdict)}`, { hint: 'Check the disk; nothing was changed.' });
}

/** A link first and a rename after it: at no moment is there no database. */
function keepAside(path: string, now: number): string {
  const kept = `${path}.before-restore-${new Date(now).toISOString().replace(/[:.]/g, '-')}`;
  foldJournal(path);
  try {
    linkSync(path, kept);
  } catch {
    copyFileSync(path, kept);
  }
  // Only a damaged database still has them; beside another one they would be taken for its own.
  for (const suffix of ['-wal', '-shm']) if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${kept}${suffix}`);
  return kept;
}

function carrySuppressions(from: string, to: string): number {
  const copy = connect(to, { fileMustExist: true });
  try {
    copy.exec(`attach '${from.replaceAll("'", "''")}' as present`);
    const columns = 'email_key, reason, source, created_at';
    return copy.prepare(`insert or ignore into suppressions (${columns}) select ${columns} from present.suppressions`).run().changes;
  } catch (error) {
    // A damaged one, or one that is none of ours, has nothing to give.
    if (isCode(error, 'SQLITE_NOTADB') || isCode(error, 'SQLITE_CORRUPT') || isCode(error, 'SQLITE_ERROR')) return 0;
    throw storageError(error, from) ?? error;
  } finally {
    copy.close();
  }
}

/** All of it in one file. SQLite does that for the last one who has it open, and refuses while there are others. */
function foldJournal(path: string): void {
  let connection: SqliteConnection | undefined;
  try {
    connection = connect(path, { fileMustExist: true, timeout: 500 });
    connection.pragma('journal_mode = delete');
  } catch (error) {
    if (isCode(error, 'SQLITE_BUSY')) {
      throw new OutreachError(
        'refused',
        `another program has ${path} open: an import, perhaps, outreach dash, log --follow or status --watch`,
        {
          hint: 'End it, then restore.',
          cause: error,
        },
      );
    }
    // A damaged one is what a restore is for.
    if (!isCode(error, 'SQLITE_NOTADB') && !isCode(error, 'SQLITE_CORRUPT')) throw storageError(error, path) ?? error;
  } finally {
    connection?.close();
  }
}

/** Without `force` never over what has that name by now. */
function putInPlace(aside: string, target: string, force: boolean): void {
  sync(aside);
  if (!force && existsSync(target)) throw new OutreachError('refused', `${target} exists already`, { hint: 'Name another file.' });
  renameSync(aside, target);
  // Windows opens no folders.
  if (process.platform !== 'win32') sync(dirname(target));
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A file with all that SQLite and migrations made beside it. */
function removeWith(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) if (name.startsWith(basename(path))) rmSync(join(folder, name), { recursive: true, force: true });
}

function isCode(error: unknown, prefix: string): boolean {
  return (error as { code?: string }).code?.startsWith(prefix) === true;
}
