import { deliveryRows, type LogRow } from '../csv/deliveryLog.ts';
import { isServerLog, type LogReader, serverRows } from '../csv/mailServerLog.ts';
import { openCsv } from '../csv/readRows.ts';
import { OutreachError } from '../domain/errors.ts';
import { LogMatcher } from '../pipeline/matchLog.ts';
import type { Db } from '../store/schema.ts';
import { departuresTo, uncertainMails } from '../store/uncertain.ts';

/** Holds all uncertain mails against a log: a CSV of a provider, or what Postfix or Exim writes. */
export async function matchLog(db: Db, path: string, name: string, zone: string): Promise<LogMatcher> {
  const mails = await uncertainMails(db);
  const matcher = new LogMatcher(mails, await departuresTo(db, [...new Set(mails.map(({ email_key }) => email_key))]));
  const years = [...new Set(mails.map(({ left_at }) => new Date(left_at).getUTCFullYear()))];
  const asServerLog = { isKnown: (id: string) => matcher.knows(id), zone, years };
  for await (const row of await rowsOf(path, name, zone, asServerLog)) matcher.take(row);
  return matcher;
}

async function rowsOf(path: string, name: string, zone: string, asServerLog: LogReader): Promise<AsyncGenerator<LogRow>> {
  // Opened first: what cannot be read is said in the same words as everywhere.
  const file = await openCsv(path, name).catch((error: unknown) => ({ error }));
  if (await isServerLog(path).catch(() => false)) return serverRows(path, asServerLog);
  if ('error' in file) throw file.error;
  const rows = deliveryRows(file, zone);
  if (rows !== undefined) return rows;
  throw new OutreachError('input', `${name}:1: no column says which mail a row is about`, {
    hint: 'Taken are CSV files with a column message_id, smtp-id or Message-ID, or with to, recipient or email and a time; and logs of Postfix and Exim.',
  });
}
