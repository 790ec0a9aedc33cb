import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { OutreachError } from '../domain/errors.ts';

/** What a file held when it was opened: rows are taken from this content and no other. */
export interface FileContent {
  readonly path: string;
  /** What messages call it. */
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the whole file. */
  readonly fingerprint: string;
  /** The hash of the file up to the end of each block. */
  readonly upTo: readonly string[];
  readonly found: BigIntStats;
}

/** Somebody writes to the file, or has put another one in its place. What was taken of it so far is of the content that it had first. */
export class FileChanged extends OutreachError {
  constructor(name: string) {
    super('refused', `${name} changed while it was read`, { hint: 'Run the command again when nothing writes to the file any more.' });
    this.name = 'FileChanged';
  }
}

const BLOCK = 262_144;

/** Reads the file once, to know it again. */
export async function contentOf(path: string, name: string): Promise<FileContent> {
  const found = await stat(path, { bigint: true });
  const hash = createHash('sha256');
  const upTo: string[] = [];
  let bytes = 0;
  for await (const block of blocks(path)) {
    upTo.push(hash.update(block).copy().digest('base64'));
    bytes += block.length;
  }
  return { path, name, bytes, fingerprint: hash.digest('hex'), upTo, found };
}

/**
 * The file's bytes, each block compared with what stood there when the file was opened before it is handed on: a row of another
 * version is never seen. Times and sizes alone would miss a writer that sets them back. Throws FileChanged. A block is valid until the next one is asked for.
 */
export async function* sameBlocks({ path, name, bytes, fingerprint, upTo, found }: FileContent): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let read = 0;
  let index = 0;
  for await (const block of blocks(path, () => new FileChanged(name))) {
    read += block.length;
    if (hash.update(block).copy().digest('base64') !== upTo[index++]) throw new FileChanged(name);
    yield block;
  }
  if (read !== bytes) throw new FileChanged(name);
  if (!isSame(found, await stat(path, { bigint: true }).catch(() => undefined)) && (await isOther(path, fingerprint)))
    throw new FileChanged(name);
}

/** Blocks of a fixed size, but for the last: two readings of one content cut it at the same places. */
async function* blocks(path: string, gone = (error: unknown): unknown => error): AsyncGenerator<Buffer> {
  const file = await open(path).catch((error: unknown) => {
    throw gone(error);
  });
  try {
    const buffer = Buffer.allocUnsafe(BLOCK);
    for (let length = BLOCK; length === BLOCK; ) {
      length = 0;
      while (length < BLOCK) {
        const { bytesRead } = await file.read(buffer, length, BLOCK - length, null);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      if (length > 0) yield buffer.subarray(0, length);
    }
  } finally {
    await file.close();
  }
}

function isSame(before: BigIntStats, now: BigIntStats | undefined): boolean {
  return (
    now !== undefined && (['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const).every((property) => before[property] === now[property])
  );
}

async function isOther(path: string, fingerprint: string): Promise<boolean> {
  try {
    const hash = createHash('sha256');
    for await (const block of blocks(path)) hash.update(block);
    return hash.digest('hex') !== fingerprint;
  } catch {
    return true;
  }
}
