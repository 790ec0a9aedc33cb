import { messageOf, OutreachError } from '../domain/errors.ts';
import { storageError } from '../store/troubles.ts';
import { BoardReader, lookAround, type Surroundings } from './board.ts';
import type { Desk } from './desk.ts';
import { type Key, Keys } from './keys.ts';
import { layoutOf, type Size } from './layout.ts';
import { readPlace } from './readPlace.ts';
import { type Picture, type Place, placeAt, type Question } from './views.ts';

/** Four pictures a second at most, and none when nothing changed: a poll is one PRAGMA and five stats. */
export const POLL_MS = 250;
/** Processes die and seals change without a commit. */
const LOOK_AROUND_MS = 5_000;
/** Clocks, caps and forecasts move without one too; a look at cold code costs 30 ms, so not more often than the clock shows. */
const LONGEST_STILL_MS = 60_000;
const REOPEN_MS = 1_000;
const NOTICE_MS = 8_000;
/** What takes longer says so. */
const LONG_MS = 200;

export interface DashParts {
  /** Rejects with an `OutreachError` while settings or database cannot be opened. */
  open(): Promise<Desk>;
  show(picture: Picture): void;
  size(): Size;
  leave(): void;
  now(): number;
}

/** The dashboard without its face: what is shown, what keys do, and when it is read again. One thing at a time. */
export class Dash {
  readonly #parts: DashParts;
  readonly #keys: Keys;
  #places: [Place, ...Place[]] = [placeAt('jobs')];
  #desk: Desk | undefined;
  #reader: BoardReader | undefined;
  #around: Surroundings = { workers: 0, abandoned: 0, refusal: null };
  #picture: Picture | undefined;
  #turn: Promise<void> = Promise.resolve();
  #turns = 0;
  #version: number | undefined;
  #readAt = -Infinity;
  #lookedAt = -Infinity;
  #triedAt = -Infinity;
  #notice: { text: string; at: number } | undefined;
  help = false;
  typing: string | undefined;
  question: Question | undefined;
  left = false;
  /** When another message, or another text of it, came to be shown without a key. */
  replacedAt = -Infinity;

  constructor(parts: DashParts) {
    this.#parts = parts;
    this.#keys = new Keys(this);
  }

  get place(): Place {
    return this.#places.at(-1) ?? this.#places[0];
  }

  get picture(): Picture | undefined {
    return this.#picture;
  }

  now(): number {
    return this.#parts.now();
  }

  leave(): void {
    this.left = true;
    this.#parts.leave();
  }

  enter(place: Place): void {
    this.#places.push(place);
  }

  /** Back to where one came from; false at the beginning. */
  back(): boolean {
    if (this.#places.length === 1) return false;
    this.#places.pop();
    return true;
  }

  /** Does something with the database and says what came of it; while that takes long, that it does. */
  async act(work: (desk: Desk) => Promise<string>): Promise<void> {
    const working = setTimeout(() => {
      this.say('Working…');
      this.#show({ ...EMPTY, ...this.#picture, trouble: undefined });
    }, LONG_MS);
    try {
      if (this.#desk === undefined) throw new OutreachError('environment', 'the database is not open');
      this.say(await patiently(this.#desk, work));
      this.#reader?.hurry();
    } catch (error) {
      this.say(sentenceOf(error));
    } finally {
      clearTimeout(working);
    }
  }

  say(text: string): void {
    this.#notice = { text, at: this.now() };
  }

  /** Something may have changed; nothing is done while the last look is still under way. */
  async tick(): Promise<void> {
    if (this.#turns > 0) return;
    await this.#inTurn(async () => {
      if (!(await this.#changed())) return;
      const before = this.#picture?.story;
      await this.#look();
      const { story } = this.#picture ?? {};
      if (before?.summary.id !== story?.summary.id || before?.frozen !== story?.frozen) this.replacedAt = this.now();
    });
  }

  /** Ctrl-C waits for nothing: what a key has set going is finished without a screen. */
  press(key: Key): Promise<void> {
    if (key === 'ctrl-c') {
      this.leave();
      return Promise.resolve();
    }
    return this.#inTurn(async () => {
      this.#notice = undefined;
      if (await this.#keys.press(key)) await this.#look();
    });
  }

  resized(): Promise<void> {
    return this.#inTurn(() => this.#look());
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#letGo();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turns++;
    const turn = this.#turn.then(work).finally(() => this.#turns--);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #changed(): Promise<boolean> {
    const now = this.now();
    if (this.#notice !== undefined && now - this.#notice.at >= NOTICE_MS) {
      this.#notice = undefined;
      return true;
    }
    try {
      if (this.#desk === undefined) return now - this.#triedAt >= REOPEN_MS;
      if (!this.#desk.stands() || this.#picture?.trouble !== undefined) return true;
      if (now >= (this.#picture?.board?.againAt ?? Infinity)) return true;
      if (this.#desk.store.dataVersion() !== this.#version) return true;
      if (now - this.#lookedAt >= LOOK_AROUND_MS && (await this.#lookAround(this.#desk))) return true;
    } catch {
      return true;
    }
    return now - this.#readAt >= LONGEST_STILL_MS || now < this.#readAt;
  }

  /** Whether anything is other than it was. */
  async #lookAround(desk: Desk): Promise<boolean> {
    this.#lookedAt = this.now();
    const before = this.#around;
    this.#around = await lookAround(desk);
    return this.#around.workers !== before.workers || this.#around.refusal !== before.refusal;
  }

  async #look(): Promise<void> {
    try {
      const desk = await this.#open();
      const now = this.now();
      if (now - this.#lookedAt >= LOOK_AROUND_MS) await this.#lookAround(desk);
      // Taken before the look: what is committed meanwhile is seen at the next one.
      const version = desk.store.dataVersion();
      this.#reader ??= new BoardReader(desk);
      if (version !== this.#version) this.#reader.noteChange(now);
      this.#version = version;
      const read = await readPlace(desk, this.#reader, this.#around, this.place, this.#parts.size(), now);
      // What was opened is not there any more: the database is another one.
      if (read === undefined && this.back()) return await this.#look();
      this.#readAt = now;
      this.#show({ ...EMPTY, ...read, name: desk.name, mailsAMonth: desk.mailsAMonth, trouble: undefined });
    } catch (error) {
      this.#show({ ...(this.#picture ?? EMPTY), trouble: sentenceOf(error) });
    }
  }

  #show(read: Pick<Picture, 'board' | 'job' | 'page' | 'story' | 'hints' | 'name' | 'mailsAMonth' | 'trouble'>): void {
    const { help, typing, question } = this;
    const { place } = this;
    const layout = layoutOf(this.#parts.size(), read.board?.order.length ?? 0, read.board?.senders.length ?? 0);
    const notice = this.#notice?.text;
    const now = this.now();
    this.#picture = { ...read, now, layout, place, help, typing, question, notice };
    this.#parts.show(this.#picture);
  }

  async #open(): Promise<Desk> {
    if (this.#desk?.stands() === false) await this.#letGo();
    if (this.#desk === undefined) {
      this.#triedAt = this.now();
      this.#desk = await this.#parts.open();
    }
    return this.#desk;
  }

  async #letGo(): Promise<void> {
    const desk = this.#desk;
    this.#desk = undefined;
    this.#reader = undefined;
    this.#lookedAt = -Infinity;
    await desk?.close();
  }
}

/** Another program's writing is over in a moment, and the screen does not stand still for long while it lasts. Verbs bear to be begun again. */
async function patiently(desk: Desk, work: (desk: Desk) => Promise<string>): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await work(desk);
    } catch (error) {
      if (tries === MOST_TRIES || (error as { code?: string }).code?.startsWith('SQLITE_BUSY') !== true) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const MOST_TRIES = 20;

const EMPTY = { board: undefined, job: undefined, page: undefined, story: undefined, hints: undefined, name: '', mailsAMonth: null };

/** In one line. What is no trouble of the disk, the settings or another program is a bug, and ends the program as everywhere. */
function sentenceOf(error: unknown): string {
  const known = error instanceof OutreachError ? error : storageError(error);
  if (known === undefined) throw error;
  return `${known.message}${known.hint === undefined ? '' : `. ${messageOf(known.hint)}`}`;
}
