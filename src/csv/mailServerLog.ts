import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { bareId, type LogRow } from './deliveryLog.ts';

/**
 * Logs of Postfix and Exim, in which a mail's Message-ID and its fate stand on different lines under one queue id. What such a server logs
 * of a mail's delivery, good or bad, it logs of a mail that it had accepted: so a log proves that a mail was sent, and never that it was not.
 */

/** `postfix/cleanup[7]: 4Xy9: message-id=<a@b>` */
const POSTFIX_ID = /postfix[\w./-]{0,60}\[\d{1,10}\]: (\w{5,20}): (?:resent-)?message-id=<([^>\s]{1,998})>/;
/** `postfix/smtp[7]: 4Xy9: to=<c@d>, relay=…, status=sent (250 …)` */
const POSTFIX_STATUS = /postfix[\w./-]{0,60}\[\d{1,10}\]: (\w{5,20}): to=<[^>]{0,400}>.{0,500}? status=(\w{1,20})/;
/** `2026-11-23 10:00:00 1vNabc-000123-2k <= ana@ruiz.example H=… id=a@b` */
const EXIM_ARRIVAL = / [\w-]{16,25} <= \S{1,320} .{0,2000}?\bid=([^\s]{1,998})/;

const HEAD = 65_536;
const LONGEST_LINE = 65_536;

/** Whether the file is such a log, by its beginning. */
export async function isServerLog(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    const lines = buffer.toString('latin1', 0, bytesRead).split('\n');
    return lines.some(
      (line) => line.length <= LONGEST_LINE && (/postfix[\w./-]{0,60}\[\d{1,10}\]: /.test(line) || EXIM_ARRIVAL.test(line)),
    );
  } finally {
    await file.close();
  }
}

/** A row for each fate of a mail that `isKnown` by its Message-ID; its time is not needed then. */
export async function* serverRows(path: string, isKnown: (id: string) => boolean): AsyncGenerator<LogRow> {
  const queued = new Map<string, string>();
  let number = 0;
  for await (const line of linesOf(path)) {
    number++;
    const row = (id: string, status: string): LogRow => ({ line: number, ids: [id], recipients: [], times: [], status });
    const [, queue = '', id = ''] = POSTFIX_ID.exec(line) ?? [];
    if (id !== '' && isKnown(id)) queued.set(queue, id);
    const [, of = '', status = ''] = POSTFIX_STATUS.exec(line) ?? [];
    const its = queued.get(of);
    if (its !== undefined) yield row(its, status);
    const arrived = bareId(EXIM_ARRIVAL.exec(line)?.[1] ?? '');
    if (arrived !== '' && isKnown(arrived)) yield row(arrived, 'accepted');
  }
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
