import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { entriesAt, type LogEntry, type LogFilter, type LogMark, logMark, newPlaces, placesInOrder } from '../store/log.ts';
import { openReader, type Reader } from '../store/reader.ts';
import type { Db } from '../store/schema.ts';
import { storageError } from '../store/troubles.ts';

const PAGE = 500;
const LOOK_EVERY_MS = 250;

/** The newest entries, oldest first, a page at a time. */
export async function* readLog(db: Db, filter: LogFilter, newest: number, mark?: LogMark): AsyncGenerator<LogEntry[]> {
  const places = await placesInOrder(db, filter, mark ?? (await logMark(db)), newest);
  for (let from = 0; from < places.length; from += PAGE) {
    yield await entriesAt(db, filter, [...places.subarray(from, from + PAGE)]);
    // As in exportRows: signals are heard between two turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface Following {
  readonly signal: AbortSignal;
  /** What keeps it from reading, once for each trouble. */
  readonly say: (trouble: string) => void;
}

/**
 * The newest entries, and from then on each one as it is committed, until the signal. A database that cannot be read is tried again;
 * one that was put in the place of another is read on from the last entry's time, so that a restored backup tells nothing twice.
 */
export async function* followLog(path: string, filter: LogFilter, newest: number, { signal, say }: Following): AsyncGenerator<LogEntry[]> {
  let reader: Reader | undefined;
  let tail: Tail | undefined;
  let told = Date.now();
  let trouble: string | undefined;
  try {
    while (!signal.aborted) {
      try {
        if (reader?.isCurrent() === false) reader = await closed(reader);
        reader ??= await openReader(path);
        if (tail !== undefined && tail.of !== reader.identity) {
          say('The database was replaced; reading on in the new one.');
          tail = new Tail(reader.identity, { ...filter, since: told + 1 }, Infinity);
        }
        tail ??= new Tail(reader.identity, filter, newest);
        for await (const entries of tail.look(reader)) {
          for (const { at } of entries) told = Math.max(told, at);
          yield entries;
        }
        trouble = undefined;
      } catch (error) {
        const met = troubleOf(error);
        if (met === undefined) throw error;
        if (met !== trouble) say(`${met}; trying again until it can be read.`);
        trouble = met;
        reader = await closed(reader);
      }
      await setTimeout(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await reader?.close();
  }
}

/** How far one database has been told. */
class Tail {
  readonly of: string;
  readonly #filter: LogFilter;
  readonly #newest: number;
  #mark: LogMark | undefined;
  #seen = '';
  #connections = 0;
  #reader: Reader | undefined;

  constructor(of: string, filter: LogFilter, newest: number) {
    this.of = of;
    this.#filter = filter;
    this.#newest = newest;
  }

  /** What is new since the last look; nothing is read where nothing was committed. */
  async *look(reader: Reader): AsyncGenerator<LogEntry[]> {
    // Versions of two connections cannot be compared.
    if (reader !== this.#reader) this.#connections++;
    this.#reader = reader;
    const version = `${this.#connections}.${reader.dataVersion()}`;
    if (version === this.#seen) return;
    if (this.#mark === undefined) yield* this.#begin(reader.db);
    for (let mark = this.#mark; mark !== undefined; ) {
      const next = await newPlaces(reader.db, mark, PAGE);
      yield await entriesAt(reader.db, this.#filter, next.places);
      this.#mark = next.mark;
      mark = next.places.length === 0 ? undefined : next.mark;
    }
    this.#seen = version;
  }

  async *#begin(db: Db): AsyncGenerator<LogEntry[]> {
    const mark = await logMark(db);
    const open = new Set(mark.open);
    for await (const entries of readLog(db, this.#filter, this.#newest, mark)) {
      // It ended between the mark and the reading, and is told.
      for (const { place } of entries) open.delete(-place);
      yield entries;
    }
    this.#mark = { ...mark, open };
  }
}

async function closed(reader: Reader | undefined): Promise<undefined> {
  await reader?.close();
}

/** Locked, gone, damaged, or not made yet: all that may pass. Undefined for a mistake of our own. */
function troubleOf(error: unknown): string | undefined {
  const known = storageError(error)?.message;
  if (known !== undefined) return known[0]?.toUpperCase() + known.slice(1);
  const { code } = error as { code?: unknown };
  if (code === 'ENOENT') return 'The database is gone';
  return typeof code === 'string' && code.startsWith('SQLITE') ? `The database cannot be read (${messageOf(error)})` : undefined;
}
