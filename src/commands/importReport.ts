import type { ImportRequest } from '../pipeline/importLeads.ts';
import type { ImportTally } from '../store/imports.ts';
import { cell, number, type Output, plural } from '../terminal/output.ts';

/** What `--json` says of an import, and of its job. */
export function importCounts({ rows, imported, reimported, updated, duplicates, invalid, suppressed, ...rest }: ImportTally) {
  const { suppressed_by, repeated, repeated_lines } = rest;
  return { rows, imported, reimported, updated, duplicates, invalid, suppressed, suppressed_by, repeated, repeated_lines };
}

/** `3 unsubscribed, 1 bounced`. */
export function reasonsOf({ suppressed_by }: Pick<ImportTally, 'suppressed_by'>): string {
  return Object.entries(suppressed_by)
    .map(([reason, count]) => `${number(count)} ${WORDS[reason] ?? reason.replaceAll('_', ' ')}`)
    .join(', ');
}

export function summarise(output: Output, tally: ImportTally, { update, consent, file }: ImportRequest): void {
  const rows: [string, number, string][] = [
    ['rows read', tally.rows, ''],
    [
      'imported',
      tally.imported,
      tally.reimported === 0 ? '' : `${number(tally.reimported)} of them from a cancelled job that had not written to them`,
    ],
    ['updated', tally.updated, 'fields refreshed'],
    ['duplicates', tally.duplicates, 'skipped: the address is in this file or campaign already'],
    ['suppressed', tally.suppressed, `kept, and never mailed: ${reasonsOf(tally)}`],
    ['invalid', tally.invalid, ''],
  ];
  const shown = rows.filter(([name, count]) => count > 0 || ['rows read', 'imported'].includes(name) || (update && name === 'updated'));
  output.table(
    ['', '', ''],
    shown.map(([name, count, note]) => [name, number(count), note]),
    [1],
  );
  if (consent.columns.length > 0) {
    const names = consent.columns.map((name) => `"${cell(name, 40)}"`);
    output.line(`Who may be mailed is read from ${names.length === 1 ? 'column' : 'columns'} ${names.join(', ')} of ${cell(file.name)}.`);
  }
  if (tally.repeated > 0) output.line(linesThatLost(tally));
}

const SHOWN_LINES = 20;

const WORDS: Readonly<Record<string, string>> = {
  listed: 'suppressed before',
  do_not_contact: 'not to be contacted',
  no_consent: 'without consent',
};

function linesThatLost({ repeated, repeated_lines }: ImportTally): string {
  const shown = repeated_lines.slice(0, SHOWN_LINES);
  const more = repeated > shown.length ? ` and ${number(repeated - shown.length)} more` : '';
  return `${plural(repeated, 'row')} with an address that an earlier row has; the first one counts. ${shown.length === 1 ? 'Line' : 'Lines'} ${shown.join(', ')}${more}.`;
}
