import { mapColumns } from '../../src/csv/columns.ts';
import { type Refusal, surveyConsent } from '../../src/csv/consent.ts';
import { openCsv } from '../../src/csv/readRows.ts';
import type { Folder } from './program.ts';

/** What a file says of each of its rows, and what in it is not understood. */
export async function survey(folder: Folder, text: string, ignored: readonly number[] = []) {
  const file = await openCsv(folder.write('leads.csv', text), 'leads.csv');
  const found = await surveyConsent(file, mapColumns(file.header, new Map(), file.name));
  const consent = found.consent(new Set(ignored));
  const marks: (Refusal | undefined)[] = [];
  for await (const row of file.rows()) marks.push(consent.markOf(row)?.refusal);
  return { unclear: found.unclear(new Set(ignored)), marks, columns: consent.columns };
}

/** One column beside the addresses, a row for each value. */
export function column(folder: Folder, name: string, ...values: string[]) {
  const rows = values.map((value, index) => `p${index}@x.example;${quoted(value)}`);
  return survey(folder, `email;${quoted(name)}\n${rows.join('\n')}\n`);
}

function quoted(cell: string): string {
  return /[";]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
