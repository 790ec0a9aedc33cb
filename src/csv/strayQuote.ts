import { parseAddress } from '../domain/address.ts';
import type { CsvRow, QuotedLines, QuotedSpan } from './rowParser.ts';

/** A quote that took in other rows of the file. */
interface StrayQuote {
  readonly opens: number;
  /** The last line that the record covers. */
  readonly through: number;
}

const LINE_END = /\r\n|\n|\r/g;

/**
 * Tells a lone `"` from a cell of several lines. Within the cell a line with as many cells as the header, and with an
 * address in the address column, is a row of its own; so is what stands around a quote that more text follows.
 * Linear in the record's length.
 */
export function strayQuote({ quoted, line }: CsvRow, width: number, address: number): StrayQuote | undefined {
  if (quoted === undefined) return undefined;
  const lines = linesOf(quoted.raw);
  const touched = (span: QuotedSpan) => lines.slice(span.opens - line, span.closes - line + 1);
  const stray = quoted.spans.find((span) => span.loose || swallows(quoted, span, touched(span), width, address));
  return stray && { opens: stray.opens, through: line + lines.length - 1 };
}

interface Line {
  readonly from: number;
  readonly to: number;
}

/** One of the lines that the cell touches is a row, whose address the cell holds. */
function swallows({ raw, delimiter }: QuotedLines, span: QuotedSpan, lines: readonly Line[], width: number, address: number): boolean {
  return lines.some(({ from, to }) => {
    const cells = raw.slice(from, to).split(delimiter);
    if (cells.length !== width) return false;
    const begins = from + cells.slice(0, address).reduce((sum, cell) => sum + cell.length + delimiter.length, 0);
    const ends = begins + (cells[address] ?? '').length;
    return begins >= span.from && ends <= span.to && parseAddress((cells[address] ?? '').replaceAll('"', '')).ok;
  });
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
