import { Chalk, type ChalkInstance } from 'chalk';
import { forTerminal, jsonForTerminal, number } from '../domain/text.ts';
import { inAscii } from './abilities.ts';
import { cutTo } from './columns.ts';
import { printable } from './printable.ts';
import type { formatTable } from './table.ts';

export { number };

export interface OutputOptions {
  readonly json: boolean;
  readonly colour: boolean;
  /** Whether the terminal reads UTF-8 (`speaksUnicode`). */
  readonly unicode: boolean;
  /** Whether the screen may be redrawn: not on TERM=dumb, nor in CI. */
  readonly redraws: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly formatTable: typeof formatTable;
}

/** Results go to stdout, talk to stderr; with --json stdout holds JSON and nothing else. */
export class Output {
  readonly json: boolean;
  readonly terminal: boolean;
  readonly unicode: boolean;
  /** The screen is a terminal on which lines may be drawn over. */
  readonly redraws: boolean;
  readonly colour: ChalkInstance;
  readonly talkColour: ChalkInstance;
  readonly #options: OutputOptions;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.json = options.json;
    this.terminal = options.stdout.isTTY === true;
    this.unicode = options.unicode;
    this.redraws = options.redraws && this.terminal;
    this.colour = new Chalk({ level: options.colour && this.terminal ? 1 : 0 });
    this.talkColour = new Chalk({ level: options.colour && options.stderr.isTTY === true ? 1 : 0 });
  }

  /** Columns of the terminal; undefined when standard output is none, or one without a size. */
  get columns(): number | undefined {
    return this.terminal ? this.#options.stdout.columns || undefined : undefined;
  }

  get stderrIsTerminal(): boolean {
    return this.#options.stderr.isTTY === true;
  }

  get stderr(): NodeJS.WriteStream {
    return this.#options.stderr;
  }

  /** A line for people; left out with --json. */
  line(text = ''): void {
    if (!this.json) this.#options.stdout.write(`${this.#written(text)}\n`);
  }

  /** One JSON object; left out without --json. */
  object(value: object): void {
    if (this.json) this.#options.stdout.write(`${this.jsonOf(value)}\n`);
  }

  /** A terminal gets it with nothing that moves its cursor, and as the same value. */
  jsonOf(value: object, indent?: number): string {
    return this.terminal ? jsonForTerminal(value, indent) : JSON.stringify(value, null, indent);
  }

  /** A piece of what a program will read: as it is, unless a terminal shows it. Waits for a slow reader, so that nothing piles up in memory. */
  async data(text: string): Promise<void> {
    const { stdout } = this.#options;
    if (!stdout.write(this.terminal ? printable(text) : text)) await new Promise<void>((resolve) => stdout.once('drain', resolve));
  }

  talk(text: string): void {
    this.#options.stderr.write(`${this.#written(text)}\n`);
  }

  /**
   * Columns in `right` are flush right; on a terminal the widest are cut to its width, but those in `whole`.
   * Those in `spare` are left out, one by one, while that is not enough; then each row becomes a block of lines.
   */
  table(
    head: readonly string[],
    rows: readonly (readonly string[])[],
    right: readonly number[] = [],
    whole: readonly number[] = [],
    spare: readonly number[] = [],
  ): void {
    if (this.json) return;
    const titles = head.every((name) => name === '') ? [] : head.map((name) => this.colour.dim(this.#written(name)));
    // A terminal breaks a longer row in the middle of a word. A pipe gets all of it, and so does prose: a table without titles.
    const width = titles.length > 0 ? this.columns : undefined;
    const cells = rows.map((row) => row.map((value) => this.#written(value)));
    const cut = this.unicode ? '…' : '...';
    this.#options.stdout.write(`${this.#options.formatTable(titles, cells, right, { width, whole, spare, cut })}\n`);
  }

  #written(text: string): string {
    const safe = printable(text);
    return this.unicode ? safe : inAscii(safe);
  }
}

/** Lead data for one cell: nothing in it can move the cursor, and it takes at most `columns`. */
export function cell(value: string | null | undefined, columns = 60): string {
  return cutTo(forTerminal(value ?? ''), columns);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/**
 * From now on `moment`, and the log on a terminal, tell the time of this IANA zone: a workspace has one, wherever the
 * machine stands. A Date knows the process's zone at once; Intl would load its tables for it, 17 ms of every command.
 */
export function tellTimesIn(zone: string): void {
  machineOffset ??= new Date().getTimezoneOffset();
  process.env.TZ = zone;
}

let machineOffset: number | undefined;

/** Whether the clock on this machine's wall shows another time than `moment` does. */
export function tellsForeignTimes(): boolean {
  return machineOffset !== undefined && machineOffset !== new Date().getTimezoneOffset();
}

/** A moment in the workspace's zone; JSON has ISO 8601 UTC instead. */
export function moment(at: number): string {
  const today = new Date().toDateString() === new Date(at).toDateString();
  return today ? stamp(at).slice(-8) : stamp(at);
}

/** The same with its date always, so that lines below each other stay aligned. */
export function stamp(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockOf(date)}:${two(date.getSeconds())}`;
}

const WEEK = 7 * 24 * 3_600_000;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** About when, in ten letters, for a column: `17:05` today, `Tue 09:00` within a week, else `1 Dec` or `1 Dec 27`. */
export function roughly(at: number): string {
  const date = new Date(at);
  const now = new Date();
  if (now.toDateString() === date.toDateString()) return clockOf(date);
  // The same weekday a week from now would be read as today.
  if (at > now.getTime() && at < now.getTime() + WEEK && date.getDay() !== now.getDay()) return `${DAYS[date.getDay()]} ${clockOf(date)}`;
  const year = date.getFullYear() === now.getFullYear() ? '' : ` ${two(date.getFullYear() % 100)}`;
  return `${date.getDate()} ${MONTHS[date.getMonth()]}${year}`;
}

export function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function clockOf(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
