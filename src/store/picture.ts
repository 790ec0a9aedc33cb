import { closeSync, constants, copyFileSync, existsSync, mkdtempSync, openSync, readSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OutreachError } from '../domain/errors.ts';
import { refuseLink } from '../files/ownFiles.ts';
import { allowScratch } from '../files/readOnly.ts';
import { openStore, type Store } from './database.ts';

/** A worker empties the log into the database now and then, and a copy that is made meanwhile is of no one moment. */
const TRIES = 20;
const LOG_HEADER_BYTES = 32;

/**
 * A database as it is at one moment, for who must change nothing: a copy in a temporary folder, which is removed
 * with it. Opened where it stands, SQLite would make files beside it even to read it. Without a database it is empty.
 */
export async function openPicture(path: string): Promise<Store> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'outreach-picture-')));
  allowScratch(folder);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'outreach.db');
    if (existsSync(path)) copyAtOneMoment(path, copy);
    const store = await openStore(copy);
    return {
      ...store,
      path: existsSync(path) ? realpathSync(path) : path,
      locks: `${path}.locks`,
      close: () => store.close().finally(remove),
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function copyAtOneMoment(path: string, copy: string): void {
  for (const suffix of ['', '-wal']) refuseLink(`${path}${suffix}`);
  for (let tries = 0; tries < TRIES; tries++) {
    const before = momentOf(path);
    for (const suffix of ['', '-wal']) {
      rmSync(`${copy}${suffix}`, { force: true });
      if (existsSync(`${path}${suffix}`)) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`, constants.COPYFILE_FICLONE);
    }
    if (momentOf(path) === before) return;
  }
  throw new OutreachError('environment', `${path} changes too quickly to be copied`, { hint: 'Try again when less is sent.' });
}

/** Changes when the log was emptied into the database; commits only make the log longer, and half of one is no commit. */
function momentOf(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  return [ino, size, mtimeNs, logHeader(`${path}-wal`)].join(' ');
}

function logHeader(path: string): string {
  if (!existsSync(path)) return '';
  const bytes = Buffer.alloc(LOG_HEADER_BYTES);
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    readSync(descriptor, bytes, 0, bytes.length, 0);
    return bytes.toString('hex');
  } finally {
    closeSync(descriptor);
  }
}
