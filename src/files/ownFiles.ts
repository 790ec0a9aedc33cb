import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { OutreachError } from '../domain/errors.ts';
import { refuseWhereReadOnly } from './readOnly.ts';

/** The folder of a workspace that only the program writes to. Nothing below it, nor itself, may be a symbolic link. */
export const DATA_FOLDER = '.outreach';

const NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NOFOLLOW;

interface Writing {
  /** Set explicitly, so that no umask can let others write (default: 0600). */
  readonly mode?: number;
  /** On the disk before this returns. */
  readonly durable?: boolean;
}

/** Puts `content` under `path`, whole or not at all. A symbolic link of that name is replaced, never followed. */
export function replaceFile(path: string, content: string | Uint8Array, writing: Writing = {}): void {
  withAside(path, content, writing, (aside) => renameSync(aside, path));
  if (writing.durable === true) syncFolder(dirname(path));
}

/** The same only where nothing has that name, be it a symbolic link; false when something has. */
export function putFile(path: string, content: string | Uint8Array, writing: Writing = {}): boolean {
  return withAside(path, content, writing, (aside) => {
    try {
      linkSync(aside, path);
      return true;
    } catch (error) {
      if (isThere(path)) return false;
      // FAT has no links.
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(String((error as NodeJS.ErrnoException).code))) throw error;
      renameSync(aside, path);
      return true;
    }
  });
}

/** `replaceFile` for what is written beside other work: durable, and nothing waits for the disk meanwhile. */
export async function replaceFileMeanwhile(path: string, content: Uint8Array): Promise<void> {
  refuseWhereReadOnly(path);
  refuseLinks(dirname(path));
  const aside = asideOf(path);
  try {
    const file = await open(aside, NEW, 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

/** A new file of a random name beside `path`, open for writing; its maker renames or removes it. */
export function openAside(path: string, mode = 0o600): { readonly aside: string; readonly descriptor: number } {
  const aside = asideOf(path);
  return { aside, descriptor: createFile(aside, mode) };
}

/** A new file, open for writing. Throws EEXIST where something has that name, a symbolic link to nothing included. */
export function createFile(path: string, mode = 0o600): number {
  refuseWhereReadOnly(path);
  refuseLinks(dirname(path));
  return openSync(path, NEW, mode);
}

/** A file that is there, to be changed in place. Throws ELOOP for a symbolic link, and refuses what is no regular file. */
export function openInPlace(path: string): number {
  refuseWhereReadOnly(path);
  refuseLinks(dirname(path));
  // A pipe that nobody reads must not hold the program up.
  const descriptor = openSync(path, constants.O_RDWR | NOFOLLOW | (constants.O_NONBLOCK ?? 0));
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new OutreachError('environment', `${path} is not a regular file`, { hint: 'Remove it, and run the command again.' });
}

/** Makes a folder and those above it, by default for this user alone; one step at a time, because asked for all at once Node tries for ever where a folder takes none (/proc). */
export function makeFolder(path: string, mode = 0o700): void {
  refuseLinks(path);
  if (existsSync(path)) return;
  makeFolder(dirname(path), mode);
  refuseWhereReadOnly(path);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another program may have made it meanwhile.
    if (!existsSync(path)) throw error;
  }
}

/** Throws where `path`, or a folder on the way to it from `.outreach` on, is a symbolic link. */
function refuseLinks(path: string): void {
  for (const part of belowData(path)) if (isLink(part)) throw linked(part);
}

/** Throws where `path` itself is a symbolic link, or a folder as in `refuseLinks`. */
function refuseLink(path: string): void {
  refuseLinks(dirname(path));
  if (isLink(path)) throw linked(path);
}

/**
 * Throws where `path` is a symbolic link as in `refuseLink`, or anything else than a regular file: whoever opens a pipe waits for its
 * writer. Nothing may be there at all.
 */
export function refuseUnfit(path: string): void {
  refuseLink(path);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isFile())
    throw new OutreachError('config', `${path} is not a regular file`, { hint: 'Remove it, and run the command again.' });
}

function linked(path: string): OutreachError {
  return new OutreachError('config', `${path} is a symbolic link, and the program writes through none`, {
    hint: 'Remove it; what it leads to stays as it is.',
  });
}

/** A name that nobody can guess. */
function asideOf(path: string): string {
  return `${path}.${randomBytes(8).toString('hex')}.part`;
}

/** `.outreach` and what follows it in a path, each as a path of its own; nothing for a path that has none. */
function belowData(path: string): string[] {
  const parts = path.split(sep);
  const first = parts.indexOf(DATA_FOLDER);
  return first === -1 ? [] : parts.slice(first).map((_, index) => parts.slice(0, first + index + 1).join(sep));
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function withAside<T>(path: string, content: string | Uint8Array, { mode, durable = false }: Writing, put: (aside: string) => T): T {
  const { aside, descriptor } = openAside(path, mode);
  try {
    try {
      writeAll(descriptor, Buffer.from(content));
      if (durable) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return put(aside);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** A disk may take a part of what it is given. */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
}

function syncFolder(path: string): void {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
