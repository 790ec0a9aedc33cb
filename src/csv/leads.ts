import { type Address, parseAddress } from '../domain/address.ts';
import type { LeadFields } from '../domain/lead.ts';
import type { ColumnFields } from './columns.ts';
import type { CsvRow } from './readRows.ts';
import { closesEarly, strayQuote } from './strayQuote.ts';

/** What one row is: a lead to write to, or a reject with the reason a person needs to mend it. */
export type LeadRow =
  | {
      readonly kind: 'lead';
      readonly address: Address;
      readonly fields: LeadFields;
      /** The field `name` is what stands beside the address: no column says it. */
      readonly namedByAddress: boolean;
      readonly row: CsvRow;
    }
  | { readonly kind: 'reject'; readonly reason: string; readonly row: CsvRow };

/** What no lead says of itself, in characters. */
const LONGEST_ROW = 1_048_576;

export function readLead(row: CsvRow, columns: ColumnFields, delimiter = ','): LeadRow {
  const reject = (reason: string): LeadRow => ({ kind: 'reject', reason, row });
  const stray = strayQuote(row, columns.length);
  if (stray !== undefined)
    return reject(
      `the " that opens on line ${stray.opens} takes in other rows: this reject covers lines ${row.line} to ${stray.through}; close or remove that "`,
    );
  if (row.cells.reduce((sum, cell) => sum + cell.length, 0) > LONGEST_ROW)
    return reject('longer than 1 MB: shorten its cells; if none is that long, look for a lone " that is closed too late');
  if (closesEarly(row, columns.length, delimiter))
    return reject(
      'a " closes a cell and more text follows, up to the next delimiter: close or remove that ", or double each " within a cell',
    );
  const surplus = row.cells.slice(columns.length).filter((cell) => cell.trim() !== '');
  if (surplus.length > 0)
    return reject(`${row.cells.length} cells but ${columns.length} columns: put cells that contain the delimiter in quotes`);
  const cells = new Map<string, string>();
  for (const [index, field] of columns.entries()) {
    const cell = row.cells[index]?.trim() ?? '';
    if (field !== null && cell !== '') cells.set(field, cell);
  }
  if (cells.has('rejected_surplus')) return reject('the cells in rejected_surplus belong into other columns; put them there');
  const check = parseAddress(cells.get('email') ?? '');
  if (!check.ok) return reject(check.reason);
  cells.delete('email');
  const namedByAddress = check.address.name !== undefined && !cells.has('name');
  if (namedByAddress) cells.set('name', check.address.name ?? '');
  return { kind: 'lead', address: check.address, fields: Object.fromEntries(cells), namedByAddress, row };
}
