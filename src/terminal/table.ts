import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { cutTo, visibleColumns } from './columns.ts';

/** A column that needs no more stays whole if it can: ids, states, moments. */
const SHORT = 20;
/** Longer columns are cut to this first, and to the second when that does not do. */
const NARROW = 12;
const NARROWEST = 8;
const GAP = 2;

interface Fitting {
  /** What the rows may take; unbounded without it. */
  readonly width?: number | undefined;
  /** Columns that are never cut. */
  readonly whole?: readonly number[];
  /** Columns that may be left out, the first of them first. */
  readonly spare?: readonly number[];
  /** What stands where a cell was cut. */
  readonly cut?: string;
}

/**
 * Aligned columns without lines; those in `right` are flush right. Until all of it fits into `width` the
 * widest are cut, but never those in `whole`, then those in `spare` are left out, then shorter ones are cut.
 * What still does not fit becomes a block of lines a row: a narrow terminal would break the columns anywhere.
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
  { width = Infinity, whole = [], spare = [], cut = '…' }: Fitting = {},
): string {
  const all = (rows[0] ?? head).map((_, index) => index);
  const fewest = all.filter((index) => !spare.includes(index));
  const attempts = [
    ...spare.map((_, count) => ({ shown: all.filter((index) => !spare.slice(0, count).includes(index)), hard: false })),
    { shown: fewest, hard: false },
    { shown: fewest, hard: true },
  ];
  for (const { shown, hard } of attempts) {
    const of = (row: readonly string[]) => shown.filter((index) => index < row.length).map((index) => row[index] ?? '');
    const moved = (columns: readonly number[]) => columns.map((index) => shown.indexOf(index));
    const widths = cutWidths([of(head), ...rows.map(of)], width, moved(whole), hard);
    if (totalOf(widths) <= width) return draw(of(head), rows.map(of), moved(right), widths, cut);
  }
  return blocks(head, rows);
}

function draw(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[], widths: Width[], cut: string) {
  const table = new Table({
    head: [...head],
    colWidths: widths.map(({ given, needed }) => (given === needed ? null : given)),
    colAligns: widths.map((_, index) => (right.includes(index) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    chars: NO_LINES,
    truncate: cut,
  });
  const room = (index: number) => (widths[index]?.given ?? 0) - GAP;
  table.push(...rows.map((row) => row.map((cell, index) => (isPlain(cell) ? cutTo(cell, room(index), cut) : cell))));
  return table.toString().replace(/(?<![ \t])[ \t]+$/gm, '');
}

/** `CAMPAIGN  hello`, a line for each cell that holds something, and an empty line between two rows. */
function blocks(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const longest = Math.max(0, ...head.map(visibleColumns));
  const line = (cell: string, index: number) => {
    const title = head[index] ?? '';
    return cell === '' ? [] : [`${title}${' '.repeat(longest - visibleColumns(title) + GAP)}${cell}`];
  };
  return rows.map((row) => row.flatMap(line).join('\n')).join('\n\n');
}

/** Both with the gap after the column. */
interface Width {
  readonly needed: number;
  readonly given: number;
}

/** Widths that fit into `width` if cutting is enough; `hard` cuts short words too, but neither moments nor numbers. */
function cutWidths(rows: readonly (readonly string[])[], width: number, whole: readonly number[], hard: boolean): Width[] {
  const columns = (rows.at(-1) ?? []).map((_, index) => rows.map((row) => row[index] ?? ''));
  const needed = columns.map((cells) => Math.max(...cells.map(visibleColumns)) + GAP);
  const widths = [...needed];
  for (const { short, narrowest } of [{ short: SHORT, narrowest: NARROW }, ...(hard ? [{ short: NARROWEST, narrowest: NARROWEST }] : [])]) {
    const cuttable = (index: number) =>
      (needed[index] ?? 0) > short + GAP &&
      !whole.includes(index) &&
      (short === SHORT || !columns[index]?.some((cell) => /^\d/.test(cell)));
    // The last gap is cut off with the spaces at the line's end.
    for (let surplus = widths.reduce((sum, each) => sum + each, 0) - GAP - width; surplus > 0 && surplus < Infinity; surplus--) {
      const widest = Math.max(0, ...widths.filter((_, index) => cuttable(index)));
      if (widest <= narrowest + GAP) break;
      widths[widths.findLastIndex((each, index) => each === widest && cuttable(index))] = widest - 1;
    }
  }
  return widths.map((given, index) => ({ given, needed: needed[index] ?? 0 }));
}

function totalOf(widths: readonly Width[]): number {
  return widths.reduce((sum, { given }) => sum + given, 0) - GAP;
}

/** The table's own cutting knows colours, and cuts a sign of two halves in the middle. */
function isPlain(cell: string): boolean {
  return stripVTControlCharacters(cell) === cell;
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
