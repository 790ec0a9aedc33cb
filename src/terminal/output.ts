import { Chalk, type ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import { forTerminal } from '../domain/text.ts';

export interface OutputOptions {
  readonly json: boolean;
  readonly colour: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
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

  table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = []): void {
    if (this.json) return;
    const table = new Table({
      head: head.every((name) => name === '') ? [] : head.map((name) => this.colour.dim(name)),
      colAligns: head.map((_, index) => (right.includes(index) ? 'right' : 'left')),
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
      chars: NO_LINES,
    });
    table.push(...rows.map((row) => [...row]));
    const text = table.toString().replace(/[ \t]+$/gm, '');
    this.#options.stdout.write(`${text}\n`);
  }
}

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((part) => [part, '']),
);

/** Lead data for one cell: nothing in it can move the cursor, and it is no longer than `width`. */
export function cell(value: string | null | undefined, width = 60): string {
  const text = forTerminal(value ?? '');
  return [...text].length > width ? `${[...text].slice(0, width - 1).join('')}…` : text;
}

export function number(value: number): string {
  return value.toLocaleString('en-US');
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
