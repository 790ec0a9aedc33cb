import { createHash, randomInt } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, ftruncateSync, lstatSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { OutreachError } from '../../domain/errors.ts';
import type { Arm, Seal } from '../../domain/guard.ts';
import { makeFolder, openInPlace, putFile, replaceFile } from '../../files/ownFiles.ts';
import { readBounded, whyUnread } from '../../files/readFile.ts';

/**
 * A seal is a file of records of a fixed length, and then the place it was written for. Each writer
 * raises a record of its own, in place, and readers take the highest: so writers need no lock between
 * them, no rename and no room on the disk (12 µs, against 160 µs; measured). A record that does not
 * match its own checksum makes the whole seal broken, never a lower number.
 */
const RECORD_BYTES = 256;
const RECORDS = 16;
const HEAD_BYTES = RECORDS * RECORD_BYTES;
/** The records and a path. */
const MOST = 64 * 1024;

/** How far a database had come; with the arm that it had come to, where a mail was armed. */
export interface Note {
  readonly database: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly arm: Arm | undefined;
}

/** Undefined when there is none, or none that can be believed. Throws when there is one that may not be read. */
export function readSeal(path: string): Seal | undefined {
  const text = readIfThere(path);
  const notes = recordsIn(text)
    .filter((record) => record.trim() !== '')
    .map(parseRecord);
  const [first] = notes;
  if (first === undefined || notes.includes(undefined)) return undefined;
  const { database, epoch, sequence } = (notes as Note[]).reduce((one, other) => (isNewer(other, one) ? other : one), first);
  const arms = (notes as Note[]).flatMap((note) => (note.arm !== undefined && note.database === database ? [note.arm] : []));
  return { database, epoch, sequence, arms, place: placeIn(text) };
}

/** One writer's part of a seal: its own record, and what it has read of the others'. */
export class SealWriter {
  readonly #path: string;
  /** Two writers that draw the same record only share it: each looks before it writes. */
  readonly #index: number;
  #written: { readonly text: string; readonly note: Note } | undefined;
  #seen: readonly string[] = [];

  constructor(path: string, index = randomInt(RECORDS)) {
    this.#path = path;
    this.#index = index;
  }

  /**
   * Raises its record, never lowers it, and returns what others have noted since it last looked. It writes first
   * and reads then: of two that arm at the same moment one at least sees the other. Without a file the whole seal
   * is written. Without fsync: a seal that lags behind after a power failure refuses nothing.
   */
  raise(note: Note, place: string): Note[] {
    let descriptor: number;
    try {
      descriptor = openInPlace(this.#path);
    } catch (error) {
      if (!isNone(error)) throw error;
      // Where somebody else made one meanwhile, that one is raised.
      return this.#make(note, place) ? [] : this.raise(note, place);
    }
    try {
      return this.#raise(descriptor, formatRecord(note), note);
    } finally {
      closeSync(descriptor);
    }
  }

  #raise(descriptor: number, record: string, note: Note): Note[] {
    const at = this.#index * RECORD_BYTES;
    const before = readRange(descriptor, at, RECORD_BYTES);
    const own = before === this.#written?.text;
    const there = own ? this.#written?.note : parseRecord(before);
    const mine = there === undefined || isNewer(note, there);
    if (mine) writeSync(descriptor, record, at);
    const now = recordsIn(readRange(descriptor, 0, HEAD_BYTES));
    const foreign = now.filter((text, index) => text !== this.#seen[index] && !(mine && text === record));
    if (mine && !own && before !== this.#seen[this.#index]) foreign.push(before);
    this.#seen = now;
    if (mine) this.#written = { text: record, note };
    return foreign.map(parseRecord).filter((other) => other !== undefined);
  }

  /** Notes how far the database had come when this place took it over; whatever others noted of it stays. */
  renew(note: Note, place: string): void {
    const there = readSeal(this.#path);
    if (there?.database === note.database) {
      this.raise(note, place);
      // The first arm hears of all that stands there.
      this.#seen = [];
      if (there.place !== place) writePlace(this.#path, place);
    } else if (existsSync(this.#path)) this.#replace(note, place);
    // Somebody else has made one meanwhile.
    else if (!this.#make(note, place)) this.renew(note, place);
  }

  /** False when there is a seal already. */
  #make(note: Note, place: string): boolean {
    makeFolder(dirname(this.#path));
    const made = putFile(this.#path, this.#whole(note, place), { durable: true }) || this.#replaceLink(note, place);
    if (made) {
      const text = formatRecord(note);
      this.#written = { text, note };
      this.#seen = recordsIn(this.#head(text));
    }
    return made;
  }

  #replace(note: Note, place: string): void {
    replaceFile(this.#path, this.#whole(note, place), { durable: true });
  }

  /** A seal is a file of its own: a symbolic link in its place is replaced by one. */
  #replaceLink(note: Note, place: string): boolean {
    if (lstatSync(this.#path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return false;
    this.#replace(note, place);
    return true;
  }

  #whole(note: Note, place: string): string {
    return `${this.#head(formatRecord(note))}${JSON.stringify({ place })}\n`;
  }

  #head(record: string): string {
    return `${' '.repeat(this.#index * RECORD_BYTES)}${record}`.padEnd(HEAD_BYTES);
  }
}

/** In place, since a new file would lose what is noted meanwhile; one that is torn tells of no place. */
function writePlace(path: string, place: string): void {
  const text = `${JSON.stringify({ place })}\n`;
  const descriptor = openInPlace(path);
  try {
    writeSync(descriptor, text, HEAD_BYTES);
    ftruncateSync(descriptor, HEAD_BYTES + Buffer.byteLength(text));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function placeIn(text: string): string {
  try {
    return (JSON.parse(text.slice(HEAD_BYTES)) as { place: string }).place;
  } catch {
    return '';
  }
}

function recordsIn(text: string): string[] {
  return Array.from({ length: RECORDS }, (_, index) => text.slice(index * RECORD_BYTES, (index + 1) * RECORD_BYTES));
}

function readRange(descriptor: number, from: number, length: number): string {
  const bytes = Buffer.alloc(length);
  readSync(descriptor, bytes, 0, length, from);
  return bytes.toString('latin1');
}

function readIfThere(path: string): string {
  try {
    return readBounded(path, { most: MOST, links: false }).bytes.toString('utf8');
  } catch (cause) {
    if (isNone(cause)) return '';
    throw new OutreachError('environment', whyUnread(path, cause), {
      hint: 'It tells which mails have left. Make it yours again; sudo may have made it.',
      cause,
    });
  }
}

/** A symbolic link is no seal. */
function isNone(error: unknown): boolean {
  return ['ENOENT', 'ELOOP', 'EMLINK'].includes(String((error as NodeJS.ErrnoException).code));
}

function isNewer(one: Note, other: Note): boolean {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch;
  // Of one number, the note that says whose it was tells more.
  return one.sequence > other.sequence || (one.sequence === other.sequence && one.arm !== undefined && other.arm === undefined);
}

/** `check` is over what the first versions wrote, so that they still read it; `end` is the same again, behind what came later. */
function formatRecord({ database, epoch, sequence, arm }: Note): string {
  const check = checksum(database, epoch, sequence);
  const known = { database, epoch, sequence, check };
  const record = arm === undefined ? known : { ...known, attempt: arm.attempt, worker: arm.worker, end: check };
  return `${JSON.stringify(record).padEnd(RECORD_BYTES - 1)}\n`;
}

function parseRecord(text: string): Note | undefined {
  try {
    const { database, epoch, sequence, check, attempt, worker, end } = JSON.parse(text) as Omit<Note, 'arm'> &
      Partial<Arm> & { check: string; end?: string };
    if (check !== checksum(database, epoch, sequence)) return undefined;
    const armed = attempt !== undefined && worker !== undefined && end === check;
    return { database, epoch, sequence, arm: armed ? { epoch, sequence, attempt, worker } : undefined };
  } catch {
    return undefined;
  }
}

function checksum(...values: readonly (string | number)[]): string {
  return createHash('sha256').update(values.join(' ')).digest('hex').slice(0, 16);
}
