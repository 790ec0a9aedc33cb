import { parseAddress } from '../domain/address.ts';
import { bare, USUAL_NAMES } from '../domain/usualNames.ts';
import type { CsvRow, QuotedLines, QuotedSpan } from './rowParser.ts';

/** A quote that took in other rows of the file. */
interface StrayQuote {
  readonly opens: number;
  /** The last line that the record covers. */
  readonly through: number;
}

const LINE_END = /\r\n|\n|\r/g;

/**
 * Tells a lone `"` from a cell of several lines: one of the lines that the cell touches looks like a row of the file, or more
 * text follows the closing quote. Linear in the record's length.
 */
export function strayQuote({ quoted, line, cells }: CsvRow, width: number): StrayQuote | undefined {
  if (quoted === undefined) return undefined;
  const lines = linesOf(quoted.raw);
  const touched = (span: QuotedSpan) => lines.slice(span.opens - line, span.closes - line + 1);
  const stray = quoted.spans.find((span) => span.loose || swallows(quoted, span, touched(span), { width, cells: cells.length }));
  return stray && { opens: stray.opens, through: line + lines.length - 1 };
}

/** Says of a row without such a cell that a quote closes too early in it: `"Ann,"Acme"`. */
export function closesEarly({ cells, loose = [] }: CsvRow, width: number, delimiter: string): boolean {
  return loose.some((index) => {
    const cell = cells[index] ?? '';
    return cells.length !== width || cell.includes(`"${delimiter}`) || cell.includes(`${delimiter}"`);
  });
}

interface Line {
  readonly from: number;
  readonly to: number;
}

interface Sizes {
  /** Of the header. */
  readonly width: number;
  /** Of this row. */
  readonly cells: number;
}

function swallows({ raw, delimiter }: QuotedLines, span: QuotedSpan, lines: readonly Line[], sizes: Sizes): boolean {
  return lines.some(({ from, to }) => {
    const cells = raw.slice(from, to).split(delimiter);
    // The line on which the quote opens is the row itself, and may hold a note that names people.
    const enough =
      from < span.from
        ? cells.length === sizes.width
        : cells.length >= 2 && (cells.length * 2 >= sizes.width || cells.length >= sizes.cells);
    if (enough && holdsAddress(cells, from, span, delimiter)) return true;
    return from >= span.from && hasShape(raw.slice(from, Math.min(to, span.to)).split(delimiter), sizes.width);
  });
}

/** One of these cells stands within the quoted one, and is an address. */
function holdsAddress(cells: readonly string[], from: number, span: QuotedSpan, delimiter: string): boolean {
  let begins = from;
  return cells.some((cell) => {
    const within = begins >= span.from && begins + cell.length <= span.to;
    begins += cell.length + delimiter.length;
    return within && cell.includes('@') && parseAddress(cell.replaceAll('"', '')).ok;
  });
}

/** As many cells as the header, without the spaces of a sentence, and not a header itself. Two are in every other sentence. */
function hasShape(cells: readonly string[], width: number): boolean {
  return width > 2 && cells.length === width && cells.every((cell) => !/^\s+\S/.test(cell) && !USUAL_NAMES.email.includes(bare(cell)));
}

function linesOf(raw: string): Line[] {
  const lines: Line[] = [];
  let from = 0;
  for (const match of raw.matchAll(LINE_END)) {
    lines.push({ from, to: match.index });
    from = match.index + match[0].length;
  }
  lines.push({ from, to: raw.length });
  return lines;
}
