import { unguarded } from '../domain/formula.ts';
import { parseWho, type Who } from '../domain/suppression.ts';
import { oneLine } from '../domain/text.ts';
import { addressColumns } from './columns.ts';
import { type Consent, NO_CONSENT, surveyConsent } from './consent.ts';
import type { CsvFile, CsvRow } from './readRows.ts';

/** What one row of a provider's list says, or why it says nothing. */
export type SuppressedRow =
  | {
      readonly kind: 'wish';
      readonly key: string;
      readonly reason: string | undefined;
      readonly source: string | undefined;
      readonly line: number;
    }
  /** A column of the file says that they may be mailed. */
  | { readonly kind: 'spared'; readonly line: number }
  | { readonly kind: 'bad'; readonly reason: string; readonly line: number };

/**
 * Names of columns in the exports of SendGrid, Mailgun, Postmark, Resend, Brevo, SES and Mailchimp,
 * compared in letters and digits; of several the first that is listed here.
 */
const WHO = ['recipient', 'address', 'contact', 'subscriber', 'emaildomain', 'domain'];
const REASON = ['reason', 'suppressionreason', 'unsubreason', 'bouncetype', 'error', 'type', 'description'];
const LONGEST_REASON = 200;

interface Places {
  readonly who: number;
  readonly reason: number;
  readonly source: number;
}

/** Undefined when no column can hold addresses. A file without a header, one address or domain a line, is read as it is. */
export async function suppressedRows(file: CsvFile): Promise<AsyncGenerator<SuppressedRow> | undefined> {
  const places = placesOf(file.header);
  // A cell that is not understood says nothing, and in a list of those who want no mail that is no reason to write to them.
  if (places !== undefined) return read(file.rows(), places, (await surveyConsent(file, undefined)).consent(new Set()));
  const first = file.header.findIndex((cell) => parseWho(cell).ok);
  if (first < 0) return undefined;
  return read(withHeader(file), { who: first, reason: -1, source: -1 }, NO_CONSENT);
}

function placesOf(header: readonly string[]): Places | undefined {
  // A header names things; a cell that is an address itself is a row.
  if (header.some((cell) => cell.includes('@'))) return undefined;
  const [named] = addressColumns(header);
  const names = header.map(bare);
  const who = named === undefined ? firstOf(names, WHO) : header.indexOf(named);
  return who < 0 ? undefined : { who, reason: firstOf(names, REASON), source: names.indexOf('source') };
}

async function* withHeader(file: CsvFile): AsyncGenerator<CsvRow> {
  yield { cells: file.header, line: 1 };
  yield* file.rows();
}

async function* read(rows: AsyncGenerator<CsvRow>, { who, reason, source }: Places, consent: Consent): AsyncGenerator<SuppressedRow> {
  for await (const row of rows) {
    const { cells, line } = row;
    const parsed: Who = parseWho(cells[who] ?? '');
    if (!parsed.ok) yield { kind: 'bad', reason: parsed.reason, line };
    else if (consent.isAllowed(row)) yield { kind: 'spared', line };
    else {
      const refusal = consent.markOf(row)?.refusal.replaceAll('_', ' ');
      yield { kind: 'wish', key: parsed.key, reason: said(cells[reason]) ?? refusal, source: said(cells[source]), line };
    }
  }
}

function said(cell: string | undefined): string | undefined {
  const text = oneLine(unguarded(cell ?? '')).slice(0, LONGEST_REASON);
  return text === '' ? undefined : text;
}

function firstOf(names: readonly string[], wanted: readonly string[]): number {
  for (const name of wanted) if (names.includes(name)) return names.indexOf(name);
  return -1;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
