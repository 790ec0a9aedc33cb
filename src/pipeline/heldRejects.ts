import type { Refusal } from '../csv/consent.ts';
import type { CsvRow } from '../csv/readRows.ts';
import { parseAddress } from '../domain/address.ts';
import { findProspect } from '../store/prospects.ts';
import type { ImportRow, Tx } from '../store/schema.ts';
import { isWaitedFor, suppress, suppressionOf } from '../store/suppressions.ts';
import type { ImportRequest } from './importLeads.ts';
import { withdraw } from './suppressPeople.ts';
import type { KeyOf } from './takeLead.ts';

/** Somebody of a row that cannot be imported, of whom it says that they want no mail. */
interface Refused {
  readonly key: string;
  readonly refusal: Refusal;
  /** As the list of the suppressed has it. */
  readonly reason: string;
}

/** The people of a rejected row who are not to be mailed: another row with their address must not bring them back. */
export function refusedIn(row: CsvRow, { file, columns, consent }: ImportRequest): Refused[] {
  const address = columns.indexOf('email');
  const found = new Map<string, Refused>();
  for (const each of [row, ...rowsWithin(row)]) {
    const people = addressesIn(each.cells[address] ?? '');
    if (people.length === 0) continue;
    // With a cell too many all that stands behind it has moved.
    const surplus = Math.max(0, each.cells.length - columns.length);
    const mark = consent.markOf(each) ?? (surplus > 0 ? consent.markOf({ ...each, cells: each.cells.slice(surplus) }) : undefined);
    if (mark === undefined) continue;
    const reason = `${mark.refusal.replaceAll('_', ' ')} (column "${mark.column}" of ${file.name}, line ${each.line})`;
    for (const key of people) found.set(key, { key, refusal: mark.refusal, reason });
  }
  return [...found.values()];
}

/** The reasons why people of this file are suppressed who had been imported from an earlier row of it. */
export async function holdRefused(
  tx: Tx,
  request: ImportRequest,
  started: ImportRow,
  row: CsvRow,
  { keyOf, now }: { keyOf: KeyOf; now: number },
): Promise<Refusal[]> {
  const undone: Refusal[] = [];
  for (const { key, refusal, reason } of refusedIn(row, request)) {
    const forgotten = keyOf !== undefined && (await suppressionOf(tx, keyOf(key))) !== undefined;
    if (forgotten || (await suppressionOf(tx, key)) !== undefined) continue;
    await suppress(tx, key, reason, request.file.name, now);
    if (await isWaitedFor(tx, key)) await withdraw(tx, new Map([[key, reason]]), now);
    if ((await findProspect(tx, started.campaign_id, key))?.job_id === started.job_id) undone.push(refusal);
  }
  return undone;
}

/** The lines of a cell that has swallowed other rows, as rows. */
function rowsWithin({ quoted, line }: CsvRow): CsvRow[] {
  if (quoted === undefined) return [];
  return quoted.raw
    .split(/\r\n|\n|\r/)
    .map((text, index) => ({ cells: text.split(quoted.delimiter).map((cell) => cell.replaceAll('"', '').trim()), line: line + index }));
}

function addressesIn(cell: string): string[] {
  if (!cell.includes('@')) return [];
  const whole = parseAddress(cell);
  const parts = whole.ok ? [whole] : cell.split(/[\s,;"'<>()[\]]+/).map(parseAddress);
  return parts.flatMap((check) => (check.ok ? [check.address.key] : []));
}
