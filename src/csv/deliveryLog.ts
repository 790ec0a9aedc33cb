import { parseAddress } from '../domain/address.ts';
import { unguarded } from '../domain/formula.ts';
import { parseMoment } from '../domain/moment.ts';
import { oneLine } from '../domain/text.ts';
import type { CsvFile } from './readRows.ts';

/** What one row of a provider's or mail server's log tells, as far as it can be read. */
export interface LogRow {
  readonly line: number;
  /** Without angle brackets. */
  readonly ids: readonly string[];
  /** In lower case. */
  readonly recipients: readonly string[];
  /** When, in epoch milliseconds; several where the row does not say in which time zone, none where it says no time. */
  readonly times: readonly number[];
  /** The words of its status; empty without one. */
  readonly status: string;
}

/**
 * Names of columns in the exports of SendGrid, Mailgun, Postmark, Resend, Brevo, SES, Google Workspace and Microsoft 365,
 * compared in letters and digits; of several the first that is listed here. All columns of ids are read.
 */
const IDS = ['messageid', 'smtpid', 'internetmessageid', 'messageidheader', 'headermessageid', 'mailmessageid', 'msgid', 'mid', 'id'];
const RECIPIENTS = [
  ...['recipient', 'recipientaddress', 'recipientemail', 'to', 'toemail', 'toaddress', 'rcpt', 'rcptto', 'recipients'],
  ...['email', 'emailaddress', 'destination', 'recipientstatus', 'address'],
];
const STATUSES = [
  ...['event', 'lastevent', 'eventstatus', 'eventtype', 'status', 'deliverystatus', 'recipientstatus', 'state', 'result', 'action', 'type'],
];
const TIMES = [
  ...['processed', 'sentat', 'sent', 'createdat', 'created', 'received', 'receivedat', 'origintimestamputc', 'startdate', 'timestamp'],
  ...['time', 'datetime', 'date', 'eventdate', 'eventtime', 'occurredat', 'lasteventtime', 'ts'],
];

const LONGEST_STATUS = 60;
/** No log has more recipients in one row that concern one mail. */
const MOST_RECIPIENTS = 20;

interface Places {
  readonly ids: readonly number[];
  readonly recipient: number;
  readonly status: number;
  readonly time: number;
  readonly timeIsUtc: boolean;
}

/** Undefined when no column says which mail a row is about. Times without a zone are read in UTC and in `zone`. */
export function deliveryRows(file: CsvFile, zone: string): AsyncGenerator<LogRow> | undefined {
  const places = placesOf(file.header);
  return places === undefined ? undefined : read(file, places, zone);
}

function placesOf(header: readonly string[]): Places | undefined {
  const names = header.map((name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ''));
  const first = (wanted: readonly string[]) => names.indexOf(wanted.find((name) => names.includes(name)) ?? '-');
  const ids = names.flatMap((name, index) => (IDS.includes(name) ? [index] : []));
  const recipient = first(RECIPIENTS);
  const time = first(TIMES);
  if (ids.length === 0 && recipient < 0) return undefined;
  return { ids, recipient, status: first(STATUSES), time, timeIsUtc: names[time]?.includes('utc') === true };
}

async function* read(file: CsvFile, { ids, recipient, status, time, timeIsUtc }: Places, zone: string): AsyncGenerator<LogRow> {
  const zones = timeIsUtc ? ['UTC'] : [...new Set(['UTC', zone])];
  for await (const { cells, line } of file.rows()) {
    const cell = (index: number) => unguarded(cells[index]?.trim() ?? '');
    yield {
      line,
      ids: ids.map((index) => bareId(cell(index))).filter((id) => id !== ''),
      recipients: addressesIn(cell(recipient)),
      times: timesIn(cell(time), zones),
      status: oneLine(cell(status)).slice(0, LONGEST_STATUS),
    };
  }
}

export function bareId(text: string): string {
  return text.replace(/^<|>$/g, '');
}

/** One, or a list as logs write it: `["a@b.example"]`, `a@b.example; c@d.example`, `a@b.example##Deliver`. */
export function addressesIn(cell: string): string[] {
  const whole = parseAddress(cell);
  const checks = whole.ok ? [whole] : cell.split(/[\s,;"'<>()[\]#]+/, MOST_RECIPIENTS).map(parseAddress);
  return checks.flatMap((check) => (check.ok ? [check.address.key] : []));
}

const US_OR_EUROPEAN = /^(\d{1,2})\/(\d{1,2})\/(\d{4})[, ]+(\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AP])M)?$/i;

/** Every moment that a cell may mean; a date alone is none. */
export function timesIn(cell: string, zones: readonly string[]): number[] {
  if (/^\d{10}(?:\.\d{1,9})?$/.test(cell)) return [Math.floor(Number(cell) * 1_000)];
  if (/^\d{13}$/.test(cell)) return [Number(cell)];
  // RFC 5322 §3.3.
  if (/^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UTC)$/.test(cell))
    return known(Date.parse(cell));
  const [, first = '', second = '', year, hour = '', minute, seconds = '00', half] = US_OR_EUROPEAN.exec(cell) ?? [];
  const clock = `${two(half === undefined ? hour : String((Number(hour) % 12) + (/p/i.test(half) ? 12 : 0)))}:${minute}:${seconds}`;
  const texts =
    year === undefined
      ? [cell.replace(/ ?(?:UTC|GMT)$/, 'Z').replace(/ (?=[+-]\d\d:?\d\d$)/, '')]
      : [`${year}-${two(first)}-${two(second)} ${clock}`, `${year}-${two(second)}-${two(first)} ${clock}`];
  const found = texts.filter((text) => text.includes(':')).flatMap((text) => zones.flatMap((zone) => known(parseMoment(text, zone))));
  return [...new Set(found)];
}

function known(at: number | undefined): number[] {
  return at === undefined || Number.isNaN(at) ? [] : [at];
}

function two(digits: string): string {
  return digits.padStart(2, '0');
}
