import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliveryRows, type LogRow, timesIn } from '../../src/csv/deliveryLog.ts';
import { isServerLog, serverRows } from '../../src/csv/mailServerLog.ts';
import { openCsv } from '../../src/csv/readRows.ts';
import { saidBy, verdictOf } from '../../src/domain/deliveryWords.ts';
import { LogMatcher } from '../../src/pipeline/matchLog.ts';
import { Folder } from '../support/program.ts';

const LEFT_AT = Date.parse('2026-11-23T10:00:00Z');

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

async function rowsOf(text: string): Promise<LogRow[]> {
  const path = folder.write('log.csv', text);
  const rows = deliveryRows(await openCsv(path, 'log.csv'), 'Europe/Madrid');
  if (rows === undefined) throw new Error('no column is known');
  return collect(rows);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const mail = (id: number, change = {}) => ({
  id,
  email: `lead${id}@company.example`,
  email_key: `lead${id}@company.example`,
  header_message_id: `<mail-${id}@ruiz.example>`,
  left_at: LEFT_AT,
  ...change,
});

/** What the matcher makes of a log about mails 1 and 2. */
async function verdicts(text: string, asked?: 'sent' | 'not_sent', departures: { key: string; message: number; at: number }[] = []) {
  const matcher = new LogMatcher([mail(1), mail(2)], departures);
  for (const row of await rowsOf(text)) matcher.take(row);
  return matcher.matches(asked).map(({ mail: { id }, by, verdict, left }) => [id, by, verdict ?? left]);
}

test.each([
  // SendGrid, Email Activity
  ['processed,message_id,event,email\n2026-11-23 10:00:02,x.filter1,delivered,lead1@company.example\n', 'address', 'sent'],
  // SendGrid, event webhook as CSV
  ['email,timestamp,smtp-id,event\nlead1@company.example,1795428000,<mail-1@ruiz.example>,dropped\n', 'message_id', 'not_sent'],
  // Resend
  ['id,created_at,to,subject,last_event\n4ef9-a,2026-11-23 10:00:01.5+00,"[""lead1@company.example""]",Hi,delivered\n', 'address', 'sent'],
  // Mailgun
  ['timestamp,event,recipient,message-id\n1795428000.25,rejected,lead1@company.example,mail-1@ruiz.example\n', 'message_id', 'not_sent'],
  // Brevo
  [
    'st_text,ts,sub,frm,email,mid,event\n,2026-11-23T11:00:03+01:00,Hi,ana,lead1@company.example,<mail-1@ruiz.example>,hardBounce\n',
    'message_id',
    'sent',
  ],
  // Google Workspace
  [
    'Message ID,Start date,Recipient address,Event status\nmail-1@ruiz.example,2026/11/23,lead1@company.example,Delivered\n',
    'message_id',
    'sent',
  ],
  // Microsoft 365
  [
    'origin_timestamp_utc,sender_address,recipient_status,message_id\n2026-11-23T10:00:01.0000000Z,ana@ruiz.example,"lead1@company.example##Receive, Deliver",<mail-1@ruiz.example>\n',
    'message_id',
    'sent',
  ],
  // Microsoft 365, PowerShell
  ['"Received","RecipientAddress","Status"\n"11/23/2026 10:00:01 AM","lead1@company.example","Delivered"\n', 'address', 'sent'],
])('the export %# is read: by what it is matched, and what it says', async (text, by, verdict) => {
  expect(await verdicts(text)).toEqual([[1, by, verdict]]);
});

test('what a provider took and sent back was sent; what nobody can tell from a word stays uncertain', async () => {
  const said = (...words: string[]) => verdictOf(new Set(words.flatMap(saidBy)));
  expect([said('bounced'), said('processed', 'bounce'), said('Deferred'), said('email.delivered')]).toEqual([
    'sent',
    'sent',
    'sent',
    'sent',
  ]);
  expect([said('dropped'), said('Invalid Email'), said('suppressed')]).toEqual(['not_sent', 'not_sent', 'not_sent']);
  expect([said('failed'), said('error'), said('Not delivered'), said('undelivered'), said('')]).toEqual(Array(5).fill(undefined));
  // Taken first and dropped later: the two together say neither.
  expect([said('processed', 'dropped'), said('sent', 'blocked'), said('delivered', 'rejected')]).toEqual([undefined, undefined, undefined]);
});

test('an address alone decides nothing: the time must be near, before and after', async () => {
  const at = (time: string) => verdicts(`email,time,status\nlead1@company.example,${time},delivered\n`);
  expect(await at('2026-11-23T09:50:00Z')).toEqual([[1, 'address', 'sent']]);
  expect(await at('2026-11-23T11:00:00Z')).toEqual([[1, 'address', 'sent']]);
  // On the clock of the workspace.
  expect(await at('2026-11-23 11:00')).toEqual([[1, 'address', 'sent']]);
  expect(await at('2026-11-23T09:49:00Z')).toEqual([]);
  expect(await at('2026-11-23T11:01:00Z')).toEqual([]);
  expect(await at('2026-11-23')).toEqual([]);
  expect(await at('')).toEqual([]);
});

test('two mails to one address at about the same time are left, whatever the other one became', async () => {
  const other = { key: 'lead1@company.example', message: 77, at: LEFT_AT + 60_000 };
  const log = 'email,time,status\nlead1@company.example,2026-11-23T10:00:30Z,delivered\n';
  expect(await verdicts(log, undefined, [other])).toEqual([[1, 'address', 'more than one mail to this address left about then']]);
  expect(await verdicts(log, undefined, [{ ...other, at: LEFT_AT + 7_200_000 }])).toEqual([[1, 'address', 'sent']]);
});

test('a row of another Message-ID never says that a mail was not sent', async () => {
  const row = (status: string) =>
    verdicts(`message_id,email,time,status\n<by-hand@mail.example>,lead1@company.example,2026-11-23T10:00:30Z,${status}\n`);
  expect(await row('rejected')).toEqual([[1, 'address', 'its row has another Message-ID, so it may be about another mail']]);
  expect(await row('delivered')).toEqual([[1, 'address', 'sent']]);
});

test("a copy to oneself with the mail's Message-ID tells nothing of the lead's", async () => {
  const row = (to: string) => verdicts(`message_id,to,status\n<mail-1@ruiz.example>,${to},rejected\n`);
  expect(await row('ana@ruiz.example')).toEqual([]);
  expect(await row('lead1@company.example')).toEqual([[1, 'message_id', 'not_sent']]);
});

test('a Message-ID is believed over an address and a time', async () => {
  const log = `message_id,email,time,status
,lead1@company.example,2026-11-23T10:00:30Z,rejected
<mail-1@ruiz.example>,lead1@company.example,2026-11-23T10:00:30Z,delivered
`;
  expect(await verdicts(log)).toEqual([[1, 'message_id', 'sent']]);
});

test("a person's word counts for every match, but never against a row that says it arrived", async () => {
  const log = 'message_id,status\n<mail-1@ruiz.example>,failed\n<mail-2@ruiz.example>,opened\n';
  expect(await verdicts(log)).toEqual([
    [1, 'message_id', 'nobody can tell from that word whether it was sent'],
    [2, 'message_id', 'sent'],
  ]);
  expect(await verdicts(log, 'not_sent')).toEqual([
    [1, 'message_id', 'not_sent'],
    [2, 'message_id', 'its row says that it was sent'],
  ]);
  expect(await verdicts('message_id\nmail-1@ruiz.example\n', 'sent')).toEqual([[1, 'message_id', 'sent']]);
});

test('hostile cells neither match, nor reach a terminal, nor take long', async () => {
  const long = `${'<'.repeat(200_000)}${'a@b,'.repeat(50_000)}`;
  const log = `message_id,email,time,status\n"${long}","${long}","${'9'.repeat(300_000)}","${'not '.repeat(80_000)}"\n<mail-1@ruiz.example>,lead1@company.example,x,"\u001b[2J\u202edelivered"\n'=cmd,+1,'-1,'@x\n`;
  const began = performance.now();
  const rows = await rowsOf(log);
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(rows.map(({ status }) => status.length <= 60)).toEqual([true, true, true]);
  expect(rows[1]?.status).not.toMatch(/\p{Cc}/u);
  expect(await verdicts(log)).toEqual([[1, 'message_id', 'sent']]);
});

test('times of logs are read with their zones', () => {
  const read = (text: string) => timesIn(text, ['UTC', 'Europe/Madrid']).map((at) => new Date(at).toISOString().slice(5, 16));
  expect(read('Mon, 23 Nov 2026 10:00:00 +0000')).toEqual(['11-23T10:00']);
  expect(read('2026-11-23 10:00:00 UTC')).toEqual(['11-23T10:00']);
  expect(read('2026-11-23 10:00:00 +0100')).toEqual(['11-23T09:00']);
  expect(read('2026-11-23 10:00')).toEqual(['11-23T10:00', '11-23T09:00']);
  expect(read('1795428000123')).toEqual(['11-23T10:00']);
  // Nobody knows whether the day or the month stands first.
  expect(read('11/12/2026 1:05 PM')).toEqual(['11-12T13:05', '11-12T12:05', '12-11T13:05', '12-11T12:05']);
  expect([read('soon'), read('99/99/2026 25:61'), read('2026-11-23')]).toEqual([[], [], []]);
});

const POSTFIX = `Nov 23 10:00:01 mail postfix/smtpd[7]: 4XyZ9k1: client=laptop
Nov 23 10:00:01 mail postfix/cleanup[8]: 4XyZ9k1: message-id=<mail-1@ruiz.example>
Nov 23 10:00:01 mail postfix/qmgr[9]: 4XyZ9k1: from=<ana@ruiz.example>, size=900, nrcpt=1 (queue active)
Nov 23 10:00:02 mail postfix/smtp[10]: 4XyZ9k1: to=<lead1@company.example>, relay=mx[1.2.3.4]:25, delay=1, dsn=5.1.1, status=bounced (550 no)
Nov 23 10:00:03 mail postfix/cleanup[8]: 4XyZ9k2: message-id=<mail-2@ruiz.example>
Nov 23 10:00:03 mail postfix/smtpd[7]: lost connection after DATA from laptop
`;

const EXIM = `2026-11-23 10:00:00 1vNabc-000123-2k <= ana@ruiz.example H=(laptop) P=esmtpsa S=900 id=mail-2@ruiz.example
2026-11-23 10:00:01 1vNabc-000123-2k ** lead2@company.example R=dnslookup T=remote_smtp: 550 no
`;

test.each([
  ['Postfix', POSTFIX, [[1, 'sent']]],
  ['Exim', EXIM, [[2, 'sent']]],
])('a log of %s proves that a mail was taken, by its Message-ID; a header alone proves nothing', async (_, log, expected) => {
  const path = folder.write('mail.log', log);
  expect(await isServerLog(path)).toBe(true);
  const matcher = new LogMatcher([mail(1), mail(2)], []);
  for await (const row of serverRows(path, { isKnown: (id) => matcher.knows(id), zone: 'UTC', years: [2026] })) matcher.take(row);
  expect(matcher.matches().map(({ mail: { id }, verdict }) => [id, verdict])).toEqual(expected);
  expect(await isServerLog(folder.write('leads.csv', 'email,status\na@b.example,sent\n'))).toBe(false);
});

const withoutIds = (log: string) =>
  log
    .split('\n')
    .filter((line) => !/message-id=| id=/.test(line))
    .join('\n');

test.each([
  ['Postfix', withoutIds(POSTFIX), [[1, 'address', 'sent']]],
  [
    'Postfix with the time as in ISO 8601',
    withoutIds(POSTFIX)
      .replaceAll('Nov 23 10:', '2026-11-23T11:')
      .replaceAll(/(11:00:0\d)/g, '$1.25+01:00'),
    [[1, 'address', 'sent']],
  ],
  ['Postfix two hours later', withoutIds(POSTFIX).replaceAll('10:00', '12:00'), []],
  ['Postfix, of a mail that is not ours', POSTFIX.replace('mail-1@ruiz', 'by-hand@ruiz'), []],
  ['Exim', withoutIds(EXIM), [[2, 'address', 'sent']]],
  ['Exim, of a mail that is not ours', EXIM.replace('mail-2@ruiz', 'by-hand@ruiz'), []],
])('an excerpt without Message-IDs tells by recipient and time: %s', async (_, log, expected) => {
  const path = folder.write('mail.log', log);
  expect(await isServerLog(path)).toBe(true);
  const matcher = new LogMatcher([mail(1), mail(2)], []);
  for await (const row of serverRows(path, { isKnown: (id) => matcher.knows(id), zone: 'Europe/Madrid', years: [2026] })) matcher.take(row);
  expect(matcher.matches().map(({ mail: { id }, by, verdict }) => [id, by, verdict])).toEqual(expected);
  expect(matcher.rows).toBe(1);
});

test('a log with lines of any length is read in linear time', async () => {
  const path = folder.write(
    'mail.log',
    `${POSTFIX}${'postfix[1]: ABCDE: to=<'.repeat(100_000)}\n${' 1vNabc-000123-2k <= a id'.repeat(60_000)}`,
  );
  const began = performance.now();
  expect(await collect(serverRows(path, { isKnown: () => true, zone: 'UTC', years: [2026] }))).toHaveLength(1);
  expect(performance.now() - began).toBeLessThan(2_000);
});
