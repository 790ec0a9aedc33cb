import { stripVTControlCharacters } from 'node:util';
import type { ChalkInstance } from 'chalk';
import { MESSAGE_STATES, type StateCounts, sumOf } from '../domain/message.ts';
import { columnsOf, fill } from '../terminal/columns.ts';
import { PaintedRows } from './paintedRows.ts';

/** Signs for terminals that show Unicode, and for those that do not. */
const UNICODE = {
  chosen: '▸',
  rule: '─',
  bar: { sent: '█', failed: '█', person: '▒', drafted: '▓', rest: '░' },
  plainBar: { sent: '█', failed: '×', person: '!', drafted: '▓', rest: '·' },
  levels: '▁▂▃▄▅▆▇█',
  none: '·',
  up: '↑',
  down: '↓',
  dot: '●',
  more: '…',
  cursor: '█',
};
const ASCII: typeof UNICODE = {
  chosen: '>',
  rule: '-',
  bar: { sent: '#', failed: 'x', person: '!', drafted: '=', rest: '.' },
  plainBar: { sent: '#', failed: 'x', person: '!', drafted: '=', rest: '.' },
  levels: '.:-=+*%#',
  none: '.',
  up: 'up',
  down: 'down',
  dot: '*',
  more: '.',
  cursor: '_',
};

/** Colours are the terminal's own sixteen, so that they suit a light one as a dark one; text stands in its default colour. */
export interface Paint {
  readonly rows: PaintedRows;
  readonly colour: ChalkInstance;
  readonly signs: typeof UNICODE;
}

export function paintFor(colour: ChalkInstance, unicode: boolean): Paint {
  return { rows: new PaintedRows(unicode), colour, signs: unicode ? UNICODE : ASCII };
}

/** A title with a line behind it as far as it goes. */
export function title({ colour, signs }: Paint, name: string, columns: number, note = ''): string {
  const words = note === '' ? name : `${name}  `;
  const line = signs.rule.repeat(Math.max(0, columns - columnsOf(words) - columnsOf(note) - 1));
  return `${colour.bold(words)}${colour.dim(`${note} ${line}`)}`;
}

/** Sent, failed, waiting for a person, drafted and the rest as shares of `columns`; whatever is there shows, however small its share. */
export function bar({ colour, signs }: Paint, counts: StateCounts, columns: number): string {
  const total = sumOf(counts, MESSAGE_STATES);
  const cells = colour.level === 0 ? signs.plainBar : signs.bar;
  if (total === 0) return colour.dim(cells.rest.repeat(columns));
  const [person, drafted] = [counts.review + counts.uncertain, counts.ready + counts.sending];
  const parts = [
    { n: counts.accepted, paint: colour.green, cell: cells.sent },
    { n: counts.failed, paint: colour.red, cell: cells.failed },
    { n: person, paint: colour.yellow, cell: cells.person },
    { n: drafted, paint: colour.cyan, cell: cells.drafted },
    { n: total - counts.accepted - counts.failed - person - drafted, paint: colour.dim, cell: cells.rest },
  ]
    .filter(({ n }) => n > 0)
    .map((part) => ({ ...part, width: Math.max(1, Math.floor((part.n / total) * columns)) }));
  // What rounding leaves, or takes too much, is the largest share's.
  const largest = parts.reduce((one, other) => (other.n > one.n ? other : one));
  largest.width += columns - parts.reduce((sum, { width }) => sum + width, 0);
  return parts.map(({ paint, cell, width }) => paint(cell.repeat(Math.max(0, width)))).join('');
}

/** One column for each number, as high as its share of the highest. */
export function sparkline({ colour, signs }: Paint, values: readonly number[]): string {
  const highest = Math.max(...values, 1);
  const level = (value: number) =>
    value === 0 ? colour.dim(signs.levels[0]) : colour.cyan(signs.levels[Math.max(1, Math.ceil((value / highest) * 8) - 1)]);
  return values.map(level).join('');
}

/** A colour for a job's status, a message's state, or what happened to one. */
export function toneOf({ colour }: Paint, word: string): (text: string) => string {
  if (/^(accepted|approved|completed|ok)$/.test(word)) return colour.green;
  if (/^(failed|uncertain|ambiguous|bounced|complained|stopped|bad|\w+_refused|sender_failed)$/.test(word)) return colour.red;
  if (/^(review|held|paused|suppressed|warn|warned|resting|temporary|throttled|voided|rejected|recovered)$/.test(word))
    return colour.yellow;
  if (/^(processing|sending|drafting|ready|drafted|on the wire|connecting)$/.test(word)) return colour.cyan;
  return colour.dim;
}

/** Columns of a row: text cut or filled to its width, then painted, so that colours cost no room. */
export function row(
  ...cells: readonly (readonly [text: string, columns: number, paint?: ((text: string) => string) | undefined, align?: 'right'])[]
): string {
  return cells
    .filter(([, columns]) => columns > 0)
    .map(([text, columns, paint, align]) => {
      const fitted = fill(text, columns, align);
      return paint === undefined ? fitted : paint(fitted);
    })
    .join(' ');
}

/** The chosen row is turned over as a whole: colours inside would end the turning. */
export function chosen({ colour }: Paint, line: string, columns: number): string {
  return colour.inverse(fill(stripVTControlCharacters(line), columns));
}
