import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { messageOf, OutreachError } from '../domain/errors.ts';

/** What a person asked to have in a file of its own; it holds people's data, so it is made for this user alone. */
export function writeOutFile(path: string, text: string, options: OutOptions = {}): void {
  const file = openOutFile(path, options);
  try {
    file.write(text);
    file.finish();
  } finally {
    file.discard();
  }
}

interface OutOptions {
  /** Writes over a file that is there. */
  readonly force?: boolean | undefined;
}

/** A file that grows piece by piece and stands under its name only when it is whole. */
export interface OutFile {
  write(text: string): void;
  /** Puts it in its place. */
  finish(): void;
  /** Leaves no trace of it; after `finish` it does nothing. */
  discard(): void;
}

/** The same for what is too long for memory. Written beside its place, so that a reader never sees half of it. */
export function openOutFile(path: string, { force = false }: OutOptions = {}): OutFile {
  const trying = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw trouble(path, cause);
    }
  };
  const place = trying(() => placeOf(path, force));
  const aside = `${place}.${randomBytes(4).toString('hex')}.part`;
  const descriptor = trying(() => openSync(aside, 'wx', 0o600));
  let open = true;
  return {
    write: (text) => trying(() => writeAll(descriptor, Buffer.from(text))),
    finish() {
      trying(() => {
        fsyncSync(descriptor);
        closeSync(descriptor);
        open = false;
        putInPlace(aside, place, force);
      });
    },
    discard() {
      if (open) closeSync(descriptor);
      open = false;
      rmSync(aside, { force: true });
    },
  };
}

/** Where it will stand, behind links that lead there. Refused before the work, and again by `putInPlace` after it. */
function placeOf(path: string, force: boolean): string {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return path;
  if (!there.isFile())
    throw new OutreachError('refused', `${path} is no file`, { hint: 'Name one; for a pipe or a device leave --out out, and redirect.' });
  if (!force) throw existing(path);
  return realpathSync(path);
}

/** A disk may take a part of what it is given. */
function writeAll(descriptor: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
}

/** A link refuses a name that is taken, in one step; renaming would write over what came meanwhile. FAT has no links. */
function putInPlace(aside: string, path: string, force: boolean): void {
  if (!force) {
    try {
      linkSync(aside, path);
      rmSync(aside);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(path)) throw existing(path);
    }
  }
  renameSync(aside, path);
}

function existing(path: string, cause?: unknown): OutreachError {
  return new OutreachError('refused', `${path} exists already`, { hint: 'Name another file, or write over it with --force.', cause });
}

function trouble(path: string, cause: unknown): OutreachError {
  if (cause instanceof OutreachError) return cause;
  if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return existing(path, cause);
  return new OutreachError('environment', `${path} cannot be written: ${messageOf(cause)}`, {
    hint: 'Choose another place with --out.',
    cause,
  });
}
