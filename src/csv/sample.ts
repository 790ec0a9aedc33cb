import { parseAddress } from '../domain/address.ts';
import { forTerminal } from '../domain/text.ts';
import { isZone } from '../domain/zone.ts';
import { addressColumns, type ColumnFields } from './columns.ts';
import type { CsvFile, CsvRow } from './readRows.ts';

/** So many rows tell what a column holds. */
const SAMPLE = 50;
const LONGEST_TITLE = 30;
const MOST_TITLES = 10;

/** The first rows of a file, to see what its columns hold whatever their names say. */
export async function firstRows(file: CsvFile): Promise<CsvRow[]> {
  const rows: CsvRow[] = [];
  for await (const row of file.rows()) if (rows.push(row) === SAMPLE) break;
  return rows;
}

/** The columns that hold an address in one of these rows. */
export function columnsWithAddresses(rows: readonly CsvRow[]): Set<number> {
  return new Set(rows.flatMap(({ cells }) => cells.flatMap((cell, index) => (parseAddress(cell).ok ? [index] : []))));
}

/** Of several columns that may hold addresses one is mailed: a person should see which, and how to choose another. */
export function addressChoice(header: readonly string[], columns: ColumnFields, holding: ReadonlySet<number>): string | undefined {
  const chosen = columns.indexOf('email');
  const named = new Set(addressColumns(header));
  const titled = (index: number) => {
    const name = header[index] ?? '';
    const only = header.indexOf(name) === header.lastIndexOf(name);
    return `"${forTerminal(name).slice(0, LONGEST_TITLE)}"${only ? '' : ` (column ${index + 1})`}`;
  };
  const others = header.flatMap((name, index) => (index !== chosen && (holding.has(index) || named.has(name)) ? [index] : []));
  if (others.length === 0) return undefined;
  const shown = others.slice(0, MOST_TITLES).map(titled);
  const more = others.length > shown.length ? ` and ${others.length - shown.length} more` : '';
  return `Addresses are those of column ${titled(chosen)}, not of ${shown.join(', ')}${more}; choose with --map email="Column".`;
}

/** The first time zone of these rows that is none; its lead is written to by the workspace's clock. */
export function unknownZone(rows: readonly CsvRow[], columns: ColumnFields): { zone: string; line: number } | undefined {
  const index = columns.indexOf('timezone');
  const found = rows.find(({ cells }) => (cells[index]?.trim() ?? '') !== '' && !isZone(cells[index]?.trim() ?? ''));
  return found && { zone: forTerminal(found.cells[index]?.trim() ?? '').slice(0, LONGEST_TITLE), line: found.line };
}
