import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { OutreachError } from '../domain/errors.ts';
import { refuseUnfit } from '../files/ownFiles.ts';
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
  const forget = removeWhenKilled(remove);
  try {
    const copy = join(folder, 'outreach.db');
    if (existsSync(path)) copyAtOneMoment(path, copy);
    const store = await openStore(copy);
    return {
      ...store,
      path: existsSync(path) ? realpathSync(path) : path,
      locks: `${path}.locks`,
      close: () => store.close().finally(() => [forget(), remove()]),
    };
  } catch (error) {
    forget();
    remove();
    throw error;
  }
}

/** A signal that nobody else handles ends the process, and leaves no copy of people's data behind. Returns what ends that. */
function removeWhenKilled(remove: () => void): () => void {
  const end = (signal: NodeJS.Signals) => {
    forget();
    if (process.listenerCount(signal) > 0) return;
    remove();
    process.kill(process.pid, signal);
  };
  const forget = () => {
    for (const signal of ENDING) process.off(signal, end);
  };
  for (const signal of ENDING) process.on(signal, end);
  return forget;
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function copyAtOneMoment(path: string, copy: string): void {
  for (const suffix of ['', '-wal']) refuseUnfit(`${path}${suffix}`);
  for (let tries = 0; tries < TRIES; tries++) {
    const before = momentOf(path);
    for (const suffix of ['', '-wal']) {
      rmSync(`${copy}${suffix}`, { force: true });
      if (existsSync(`${path}${suffix}`)) copyRegular(`${path}${suffix}`, `${copy}${suffix}`);
    }
    if (momentOf(path) === before) return;
  }
  throw new OutreachError('environment', `${path} changes too quickly to be copied`, { hint: 'Try again when less is sent.' });
}

const PIECE_BYTES = 1024 * 1024;
/** Left free for everybody else. */
const ROOM_BYTES = 256 * 1024 * 1024;

/** It may be a stranger's file: no link is followed, nothing is waited for, and the copy fits into the temporary folder. */
function copyRegular(from: string, to: string): void {
  const source = openSync(from, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
  try {
    const stat = fstatSync(source);
    if (!stat.isFile())
      throw new OutreachError('config', `${from} is not a regular file`, { hint: 'Remove it, and run the command again.' });
    const { bavail, bsize } = statfsSync(dirname(to));
    if (stat.size + ROOM_BYTES > bavail * bsize)
      throw new OutreachError('environment', `${from} is too large to be copied to ${tmpdir()}: ${stat.size} bytes`, {
        hint: 'Free some space there, or set TMPDIR to a folder on another disk.',
      });
    const target = openSync(to, 'wx', 0o600);
    try {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      for (let left = stat.size; left > 0; ) {
        const length = readSync(source, piece, 0, Math.min(left, PIECE_BYTES), null);
        if (length === 0) break;
        writeSync(target, piece, 0, length);
        left -= length;
      }
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
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
