import { Chalk, type ChalkInstance } from 'chalk';
import { forTerminal } from '../domain/text.ts';
import type { formatTable } from './table.ts';

export interface OutputOptions {
  readonly json: boolean;
  readonly colour: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly formatTable: typeof formatTable;
}

/** Results go to stdout, talk to stderr; with --json stdout holds JSON and nothing else. */
export class Output {
  readonly json: boolean;
  readonly terminal: boolean;
  readonly colour: ChalkInstance;
  readonly talkColour: ChalkInstance;
  readonly #options: OutputOptions;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.json = options.json;
    this.terminal = options.stdout.isTTY === true;
    this.colour = new Chalk({ level: options.colour && this.terminal ? 1 : 0 });
    this.talkColour = new Chalk({ level: options.colour && options.stderr.isTTY === true ? 1 : 0 });
  }

  /** Columns of the terminal; undefined when standard output is none. */
  get columns(): number | undefined {
    return this.terminal ? this.#options.stdout.columns : undefined;
  }

  get stderrIsTerminal(): boolean {
    return this.#options.stderr.isTTY === true;
  }

  get stderr(): NodeJS.WriteStream {
    return this.#options.stderr;
  }

  /** A line for people; left out with --json. */
  line(text = ''): void {
    if (!this.json) this.#options.stdout.write(`${text}\n`);
  }

  /** One JSON object; left out without --json. */
  object(value: object): void {
    if (this.json) this.#options.stdout.write(`${JSON.stringify(value)}\n`);
  }

  talk(text: string): void {
    this.#options.stderr.write(`${text}\n`);
  }

  /** Columns in `right` are flush right; on a terminal the widest are cut to its width, but those in `whole`. */
  table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = [], whole: readonly number[] = []): void {
    if (this.json) return;
    const titles = head.every((name) => name === '') ? [] : head.map((name) => this.colour.dim(name));
    // A terminal breaks a longer row in the middle of a word. A pipe gets all of it, and so does prose: a table without titles.
    const width = this.terminal && titles.length > 0 ? this.#options.stdout.columns : undefined;
    this.#options.stdout.write(`${this.#options.formatTable(titles, rows, right, { width, whole })}\n`);
  }
}

/** Lead data for one cell: nothing in it can move the cursor, and it is no longer than `width`. */
export function cell(value: string | null | undefined, width = 60): string {
  const text = forTerminal(value ?? '');
  return [...text].length > width ? `${[...text].slice(0, width - 1).join('')}…` : text;
}

/** `1,234,567`. Intl would do it too, and load its 30 MB of tables for it: 36 ms of every short command. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** A moment in the reader's own zone; JSON has ISO 8601 UTC instead. */
export function moment(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const today = new Date().toDateString() === date.toDateString();
  return today ? clock : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}

export function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
