import { REJECT_COLUMNS } from './columns.ts';
import type { CsvRow } from './readRows.ts';

/**
 * The rejects file: the rows as they were, with line and reason behind them. Mended in place it can
 * be imported again as it is; the two added columns are ignored then.
 */
export function rejectsHeader(header: readonly string[], delimiter: string): string {
  return line([...header.filter((name) => !(REJECT_COLUMNS as readonly string[]).includes(name.trim())), ...REJECT_COLUMNS], delimiter);
}

export function rejectsLine(header: readonly string[], row: CsvRow, reason: string, delimiter: string): string {
  const kept = row.cells.filter((_, index) => !(REJECT_COLUMNS as readonly string[]).includes(header[index]?.trim() ?? ''));
  const width = header.filter((name) => !(REJECT_COLUMNS as readonly string[]).includes(name.trim())).length;
  // A row with too many cells keeps its surplus in one last cell of its own width, so nothing is lost.
  const cells =
    kept.length <= width
      ? [...kept, ...Array<string>(width - kept.length).fill('')]
      : [...kept.slice(0, width - 1), kept.slice(width - 1).join(delimiter)];
  return line([...cells, String(row.line), reason], delimiter);
}

function line(cells: readonly string[], delimiter: string): string {
  return `${cells.map((cell) => quoted(cell, delimiter)).join(delimiter)}\r\n`;
}

/** RFC 4180 §2: quotes around anything that holds a delimiter, a quote or a line end. */
function quoted(cell: string, delimiter: string): string {
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
