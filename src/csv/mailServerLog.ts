import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { addressesIn, bareId, type LogRow, timesIn } from './deliveryLog.ts';

/**
 * Logs of Postfix and Exim, in which a mail's Message-ID and its fate stand on different lines under one queue id. What such a server logs
 * of a mail's delivery, good or bad, it logs of a mail that it had accepted: so a log proves that a mail was sent, and never that it was not.
 * An excerpt may lack the line with the Message-ID; then the delivery is told by its recipient and its time.
 */

/** `postfix/cleanup[7]: 4Xy9: message-id=<a@b>` */
const POSTFIX_ID = /postfix[\w./-]{0,60}\[\d{1,10}\]: (\w{5,20}): (?:resent-)?message-id=<([^>\s]{1,998})>/;
/** `postfix/smtp[7]: 4Xy9: to=<c@d>, relay=…, status=sent (250 …)` */
const POSTFIX_STATUS = /postfix[\w./-]{0,60}\[\d{1,10}\]: (\w{5,20}): to=<([^>]{0,400})>.{0,500}? status=(\w{1,20})/;
/** `postfix/qmgr[7]: 4Xy9: removed` */
const POSTFIX_END = /postfix[\w./-]{0,60}\[\d{1,10}\]: (\w{5,20}): removed/;
/** `2026-11-23 10:00:00 1vNabc-000123-2k <= ana@ruiz.example H=… id=a@b` */
const EXIM_ARRIVAL = / ([\w-]{16,25}) <= \S{1,320} .{0,2000}?\bid=([^\s]{1,998})/;
/** `2026-11-23 10:00:01 1vNabc-000123-2k => c@d R=…`; `->` a further recipient, `==` deferred, `**` bounced. */
const EXIM_STATUS = / ([\w-]{16,25}) (=>|->|==|\*\*) (?:[^<\s]\S{0,319} <)?([^\s<>]{1,320})/;
const EXIM_END = / ([\w-]{16,25}) Completed/;
const EXIM_WORDS: Readonly<Record<string, string>> = { '=>': 'delivered', '->': 'delivered', '==': 'deferred', '**': 'bounced' };

const SIGNS = [
  /postfix[\w./-]{0,60}\[\d{1,10}\]: /,
  EXIM_ARRIVAL,
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.{0,20} [\w-]{16,25} (?:=>|->|==|\*\*) \S/,
];
const HEAD = 65_536;
const LONGEST_LINE = 65_536;

/** Whether the file is such a log, by its beginning. */
export async function isServerLog(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    const lines = buffer.toString('latin1', 0, bytesRead).split('\n');
    return lines.some((line) => line.length <= LONGEST_LINE && SIGNS.some((sign) => sign.test(line)));
  } finally {
    await file.close();
  }
}

export interface LogReader {
  /** Whether a Message-ID, without angle brackets, is one of ours. */
  readonly isKnown: (id: string) => boolean;
  /** The zone of the log's clock, where its lines do not name one; UTC is tried too. */
  readonly zone: string;
  /** In which a line without a year may have been written. */
  readonly years: readonly number[];
}

/** A row for each delivery that the log tells of. */
export async function* serverRows(path: string, { isKnown, zone, years }: LogReader): AsyncGenerator<LogRow> {
  /** The Message-IDs of the mails that the server holds, by queue id. */
  const queued = new Map<string, string>();
  const zones = [...new Set(['UTC', zone])];
  let number = 0;
  for await (const line of linesOf(path)) {
    number++;
    const arrival = POSTFIX_ID.exec(line) ?? EXIM_ARRIVAL.exec(line);
    if (arrival !== null) {
      const id = bareId(arrival[2] ?? '');
      queued.set(arrival[1] ?? '', id);
      // Exim names the Message-ID when it has accepted the mail, Postfix before that.
      if (isKnown(id) && !POSTFIX_ID.test(line)) yield { line: number, ids: [id], recipients: [], times: [], status: 'accepted' };
      continue;
    }
    const fate = fateIn(line);
    if (fate !== undefined) {
      const id = queued.get(fate.queue);
      const found = id === undefined ? { ids: [], recipients: addressesIn(fate.to), times: timesAt(line, zones, years) } : undefined;
      yield { line: number, status: fate.status, ...(found ?? { ids: [id ?? ''], recipients: [], times: [] }) };
    }
    const ended = POSTFIX_END.exec(line) ?? EXIM_END.exec(line);
    if (ended !== null) queued.delete(ended[1] ?? '');
  }
}

function fateIn(line: string): { queue: string; to: string; status: string } | undefined {
  const [, queue = '', to = '', status = ''] = POSTFIX_STATUS.exec(line) ?? [];
  if (status !== '') return { queue, to, status };
  const [, of = '', sign = '', recipient = ''] = EXIM_STATUS.exec(line) ?? [];
  return recipient === '' ? undefined : { queue: of, to: recipient, status: EXIM_WORDS[sign] ?? '' };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The moments that a line's beginning may mean: `Nov 23 10:00:02`, `2026-11-23T10:00:02.5+01:00` or `2026-11-23 10:00:02 +0100`. */
function timesAt(line: string, zones: readonly string[], years: readonly number[]): number[] {
  const [, month = '', day = '', clock = ''] = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d)/.exec(line) ?? [];
  const at = `${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}-${day.padStart(2, '0')} ${clock}`;
  if (clock !== '') return years.flatMap((year) => timesIn(`${year}-${at}`, zones));
  const [whole = ''] = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?/.exec(line) ?? [];
  return timesIn(whole, zones);
}

/** What is longer than any line of such a log is cut. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'latin1' })) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    for (const line of lines) yield line.slice(0, LONGEST_LINE);
  }
  if (rest !== '') yield rest;
}
