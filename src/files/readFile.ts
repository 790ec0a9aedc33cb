import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { messageOf } from '../domain/errors.ts';

/** Settings and campaigns are texts that a person writes. */
const MOST_OF_A_TEXT = 1_000_000;

interface Reading {
  /** Bytes. */
  readonly most: number;
  /** Whether a symbolic link is followed (default: yes). */
  readonly links?: boolean;
}

/** A file that cannot be read as one: `what` completes "FILE …". */
export class UnfitFile extends Error {
  readonly what: string;
  /** Of one that is too large. */
  readonly size: number | undefined;

  constructor(path: string, what: string, size?: number) {
    super(`${path} ${what}`);
    this.name = 'UnfitFile';
    this.what = what;
    this.size = size;
  }
}

/** Why a file was not read, as a sentence. */
export function whyUnread(path: string, error: unknown): string {
  return error instanceof UnfitFile ? `${path} ${error.what}` : `${path} cannot be read: ${messageOf(error)}`;
}

/**
 * The bytes of a regular file of at most `most`. It waits for nobody: a pipe or a device of that name
 * is refused and not read. Throws `UnfitFile`, or what the file system says.
 */
export function readBounded(path: string, { most, links = true }: Reading): { readonly bytes: Buffer; readonly stat: Stats } {
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0) | (links ? 0 : (constants.O_NOFOLLOW ?? 0));
  const descriptor = openSync(path, flags);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new UnfitFile(path, 'is not a regular file');
    if (stat.size > most) throw new UnfitFile(path, `is too large: ${stat.size} bytes, and ${most} are read`, stat.size);
    return { bytes: readUpTo(descriptor, path, { size: stat.size, most }), stat };
  } finally {
    closeSync(descriptor);
  }
}

/** The same as text in UTF-8. */
export function readTextFile(path: string, most = MOST_OF_A_TEXT): string {
  return readBounded(path, { most }).bytes.toString('utf8');
}

/** It may grow while it is read. */
function readUpTo(descriptor: number, path: string, { size, most }: { size: number; most: number }): Buffer {
  const pieces: Buffer[] = [];
  let length = 0;
  for (let room = size + 1; ; room = 64 * 1024) {
    const piece = Buffer.alloc(room);
    const read = readSync(descriptor, piece, 0, room, null);
    if (read === 0) return Buffer.concat(pieces, length);
    length += read;
    if (length > most) throw new UnfitFile(path, `is too large: more than ${most} bytes`, length);
    pieces.push(piece.subarray(0, read));
  }
}
