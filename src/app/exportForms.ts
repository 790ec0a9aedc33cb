import { csvLine } from '../csv/rejects.ts';
import type { ExportFormat } from '../domain/exportFormat.ts';
import { guarded } from '../domain/formula.ts';

/** How rows are written: something before them, each of them, something behind. */
export interface Form {
  readonly head: string;
  row(row: Record<string, unknown>, first: boolean): string;
  readonly foot: string;
}

/**
 * CSV of RFC 4180 in UTF-8, one JSON array, or a JSON object a line. Unless `raw`, a cell of a CSV that a spreadsheet would take for
 * a formula gets an apostrophe before it; numbers of our own cannot be one.
 */
export function formOf(format: ExportFormat, columns: readonly string[], { raw = false } = {}): Form {
  if (format === 'ndjson') return { head: '', row: (row) => `${JSON.stringify(row)}\n`, foot: '' };
  if (format === 'json') return { head: '[', row: (row, first) => `${first ? '\n' : ',\n'}${JSON.stringify(row)}`, foot: '\n]\n' };
  const safe = raw ? (cell: string) => cell : guarded;
  const cellOf = (value: unknown) => (typeof value === 'string' ? safe(value) : String(value ?? ''));
  return {
    head: csvLine(columns, ','),
    row: (row) =>
      csvLine(
        columns.map((column) => cellOf(row[column])),
        ',',
      ),
    foot: '',
  };
}
