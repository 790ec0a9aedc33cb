import { sql } from 'kysely';
import { DAY, HOUR, MINUTE } from '../domain/duration.ts';
import type { Db } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/** Younger minutes may still change: an attempt that its provider never saw is taken out again. */
const SETTLED_MS = 5 * MINUTE;

/**
 * How many mails were tried in each minute of the last day, of one sender or of all. What is settled is
 * counted once, so a look counts five minutes and not a day (25 ms for a million mails).
 */
export class MailsByMinute {
  readonly #sender: string | null;
  readonly #minutes = new Map<number, number>();
  #settled: number | undefined;

  constructor(sender: string | null) {
    this.#sender = sender;
  }

  async look(db: Db, now: number): Promise<void> {
    const first = Math.floor((now - DAY) / MINUTE);
    for (const minute of this.#minutes.keys()) if (minute < first || minute >= (this.#settled ?? first)) this.#minutes.delete(minute);
    const last = Math.floor(now / MINUTE);
    for (let minute = Math.max(first, this.#settled ?? first); minute <= last; minute++) {
      const found = await this.#first(db, minute * MINUTE, now);
      if (found === undefined) break;
      // Quiet minutes are passed over in one step.
      minute = Math.floor(found / MINUTE);
      this.#minutes.set(minute, await this.#count(db, minute * MINUTE, Math.min((minute + 1) * MINUTE, now + 1)));
    }
    this.#settled = Math.floor((now - SETTLED_MS) / MINUTE);
  }

  /** Within the last 24 hours, to the minute. */
  get total(): number {
    let sum = 0;
    for (const n of this.#minutes.values()) sum += n;
    return sum;
  }

  /** The last 24 hours, the present one last. */
  hours(now: number): number[] {
    const hours = Array.from({ length: 24 }, () => 0);
    for (const [minute, n] of this.#minutes) {
      const ago = Math.floor((now - minute * MINUTE) / HOUR);
      if (ago >= 0 && ago < 24) hours[23 - ago] = (hours[23 - ago] ?? 0) + n;
    }
    return hours;
  }

  async #first(db: Db, from: number, until: number): Promise<number | undefined> {
    const values = { from, until, sender: this.#sender ?? '' };
    const [row] = (await (this.#sender === null ? firstOfAll : firstOfSender)(db, values)).rows;
    return row?.started_at;
  }

  async #count(db: Db, from: number, until: number): Promise<number> {
    const values = { from, until: until - 1, sender: this.#sender ?? '' };
    const [row] = (await (this.#sender === null ? countOfAll : countOfSender)(db, values)).rows;
    return row?.n ?? 0;
  }
}

type Span = { from: number; until: number; sender: string };

const attemptsWithin = (db: Db, value: Blanks<Span>, ofSender: boolean) =>
  db
    .selectFrom('attempts')
    .where('counted', '=', sql.lit(1))
    .where('started_at', '>=', value('from'))
    .where('started_at', '<=', value('until'))
    .$if(ofSender, (query) => query.where('sender', '=', value('sender')));

const first = (ofSender: boolean) =>
  statement((db, value: Blanks<Span>) => attemptsWithin(db, value, ofSender).select('started_at').orderBy('started_at').limit(sql.lit(1)));
const count = (ofSender: boolean) =>
  statement((db, value: Blanks<Span>) => attemptsWithin(db, value, ofSender).select(({ fn }) => fn.countAll<number>().as('n')));

const firstOfAll = first(false);
const firstOfSender = first(true);
const countOfAll = count(false);
const countOfSender = count(true);
