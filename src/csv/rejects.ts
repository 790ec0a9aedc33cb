import { guarded } from '../domain/formula.ts';
import { REJECT_COLUMNS } from './columns.ts';
import type { CsvRow } from './readRows.ts';

/**
 * The rejects file: the rows as they were, with line and reason behind them, in UTF-8 with a byte
 * order mark whatever the first file was in. A spreadsheet takes no cell of it for a formula; mended in place it can be
 * imported again as it is, for `openCsv` takes those apostrophes off.
 */
export function rejectsHeader(header: readonly string[], delimiter: string): string {
  return `\ufeff${guardedLine([...header.filter((name) => !isOurs(name)), ...REJECT_COLUMNS], delimiter)}`;
}

export function rejectsLine(header: readonly string[], row: CsvRow, reason: string, delimiter: string): string {
  const own = header.flatMap((name, index) => (isOurs(name) ? [] : [row.cells[index] ?? '']));
  const earlier = row.cells[header.findIndex((name) => name.trim() === 'rejected_surplus')] ?? '';
  const surplus = [...(earlier === '' ? [] : [earlier]), ...row.cells.slice(header.length)].join(delimiter);
  return guardedLine([...own, String(row.line), reason, surplus], delimiter);
}

function guardedLine(cells: readonly string[], delimiter: string): string {
  return csvLine(cells.map(guarded), delimiter);
}

/** One row, with its line end. */
export function csvLine(cells: readonly string[], delimiter: string): string {
  return `${cells.map((cell) => quoted(cell, delimiter)).join(delimiter)}\r\n`;
}

function isOurs(name: string | undefined): boolean {
  return (REJECT_COLUMNS as readonly string[]).includes(name?.trim() ?? '');
}

/** RFC 4180 §2: quotes around anything that holds a delimiter, a quote or a line end. */
function quoted(cell: string, delimiter: string): string {
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
