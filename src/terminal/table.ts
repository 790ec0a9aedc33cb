import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';

/** A column that needs no more stays whole: ids, states, moments. */
const SHORT = 20;
/** No column is cut below this. */
const NARROWEST = 12;
const GAP = 2;

/**
 * Aligned columns without lines; those in `right` are flush right. Until all of it fits into `width` the
 * widest are cut, but never those in `whole`.
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
  { width = Infinity, whole = [] }: { readonly width?: number | undefined; readonly whole?: readonly number[] } = {},
): string {
  const table = new Table({
    head: [...head],
    colWidths: cutWidths([head, ...rows], width, whole),
    colAligns: (rows[0] ?? head).map((_, index) => (right.includes(index) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    chars: NO_LINES,
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().replace(/[ \t]+$/gm, '');
}

/** A width, gap included, for each column that must be cut; the others take what they need. */
function cutWidths(rows: readonly (readonly string[])[], width: number, whole: readonly number[]): (number | null)[] {
  const needed = (rows.at(-1) ?? []).map((_, index) => Math.max(...rows.map((row) => lengthOf(row[index] ?? ''))) + GAP);
  const widths = [...needed];
  const cuttable = (index: number) => (needed[index] ?? 0) > SHORT + GAP && !whole.includes(index);
  // The last gap is cut off with the spaces at the line's end.
  for (let surplus = needed.reduce((sum, each) => sum + each, 0) - GAP - width; surplus > 0 && surplus < Infinity; surplus--) {
    const widest = Math.max(0, ...widths.filter((_, index) => cuttable(index)));
    if (widest <= NARROWEST + GAP) break;
    widths[widths.findLastIndex((each, index) => each === widest && cuttable(index))] = widest - 1;
  }
  return widths.map((each, index) => (each === needed[index] ? null : each));
}

function lengthOf(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
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
