import { copyFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/store/sqlite/load.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, json, objects, outreach } from '../support/program.ts';
import { HAS_PTY, onTerminal } from '../support/terminal.ts';

let sink: Sink;
let folder: Folder;

beforeAll(async () => {
  sink = await startSink(() => 'dot drop, taken');
  folder = new Folder();
  folder.write('outreach.yaml', config(sink.port));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(4));
  await outreach(folder, ['import', 'leads.csv']);
  expect((await outreach(folder, ['worker', '--until-done'])).code).toBe(3);
  copyFileSync(database(), folder.at('before.db'));
}, 60_000);

afterAll(async () => {
  folder.remove();
  await sink.close();
});

/** As after the worker: four mails that nobody knows the end of. */
beforeEach(() => {
  for (const part of ['-wal', '-shm']) rmSync(`${database()}${part}`, { force: true });
  copyFileSync(folder.at('before.db'), database());
});

const database = () => folder.at('.outreach', 'outreach.db');

/** Whatever a test needs the past to be. */
function sql(...statements: string[]): void {
  const db = connect(database());
  for (const statement of statements) db.exec(statement);
  db.close();
}

function rows<T>(query: string): T[] {
  const db = connect(database(), { fileMustExist: true });
  try {
    return db.prepare(query).all() as T[];
  } finally {
    db.close();
  }
}

const states = () => rows<{ state: string }>('select state from messages order by id').map(({ state }) => state);
const UNCERTAIN = ['uncertain', 'uncertain', 'uncertain', 'uncertain'];
const messageId = (id: number) =>
  rows<{ is: string }>(`select header_message_id as "is" from drafts where message_id = ${id}`)[0]?.is ?? '';
const armedAt = (id: number) => rows<{ at: number }>(`select armed_at as at from attempts where message_id = ${id}`)[0]?.at ?? 0;
const passDeadlines = () => sql('update attempts set deadline_at = 1');

test('show and why tell how far a mail got, where to look first, and what to type', async () => {
  sql("update attempts set progress = 'end' where message_id = 1", "update attempts set progress = 'part' where message_id = 2");
  for (const command of ['show', 'why']) {
    const { stdout } = await outreach(folder, [command, '1']);
    expect(stdout).toContain('The whole mail with its end was given to the network and no answer came: it was probably delivered');
    expect(stdout).toContain(`1. the log of 127.0.0.1: search it for ${messageId(1)}`);
    expect(stdout).toContain('2. the recipient, where nothing else tells');
    expect(stdout).toContain('outreach resolve 1 --sent|--not-sent|--resend    or    outreach resolve --from LOG');
  }
  expect((await outreach(folder, ['show', '2'])).stdout).toContain('most servers drop such a mail');
  sql('update attempts set progress = null where message_id = 3');
  expect((await outreach(folder, ['show', '3'])).stdout).toContain('Nobody knows how far it got');
  expect(await json(folder, 'show', '1')).toMatchObject({ attempts: [{ progress: 'end' }] });
});

test('several ids get one verdict, each with its line, and one wrong id changes nothing', async () => {
  expect(objects(await outreach(folder, ['resolve', '1', '2', '--sent', '--json']))).toEqual([
    { id: 1, state: 'accepted', left: null },
    { id: 2, state: 'accepted', left: null },
  ]);
  const unknown = await outreach(folder, ['resolve', '3', '99', '--sent']);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no message 99')]);
  const twice = await outreach(folder, ['resolve', '3', '1', '--sent']);
  expect([twice.code, twice.stderr]).toEqual([
    1,
    expect.stringContaining('message 1 is accepted by the same verdict already; nothing was changed'),
  ]);
  expect(states()).toEqual(['accepted', 'accepted', 'uncertain', 'uncertain']);
});

test('a verdict is corrected, and its story names who said what', async () => {
  await outreach(folder, ['resolve', '1', '--sent']);
  expect((await outreach(folder, ['show', '1'])).stdout).toContain('If that was wrong: outreach resolve 1 --not-sent');
  expect(await json(folder, 'resolve', '1', '--not-sent')).toEqual({ id: 1, state: 'failed' });
  const { events } = await json<{ events: { kind: string; detail: string; actor: string | null }[] }>(folder, 'show', '1');
  const said = events.filter(({ kind }) => kind === 'resolved');
  expect(said.map(({ detail }) => detail)).toEqual(['sent', 'not sent']);
  expect(said.every(({ actor }) => typeof actor === 'string' && actor !== '')).toBe(true);
});

test('--job takes every uncertain mail of a job; sending them again needs --yes off a terminal, and leaves what is not safe', async () => {
  const asked = await outreach(folder, ['resolve', '--job', '1', '--resend']);
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('outreach resolve --job 1 --resend --yes')]);
  passDeadlines();
  sql('update attempts set deadline_at = 9e12 where message_id = 2');
  await outreach(folder, ['suppress', 'add', 'lead3@company3.example']);
  const { code, stdout } = await outreach(folder, ['resolve', '--job', '1', '--resend', '--yes']);
  expect(code).toBe(0);
  expect(stdout).toContain('Left: message 2 to lead1@company1.example may still be accepted until');
  expect(stdout).toContain('Left: message 4 to lead3@company3.example goes to a suppressed address (manual), so it is not sent again.');
  expect(stdout).toContain('2 mails resolved, 2 left as they were.');
  expect(states()).toEqual(['ready', 'uncertain', 'ready', 'uncertain']);
  await outreach(folder, ['suppress', 'remove', 'lead3@company3.example']);
  expect(objects(await outreach(folder, ['resolve', '--job', '1', '--not-sent', '--json']))).toEqual([
    { id: 2, state: 'failed', left: null },
    { id: 4, state: 'failed', left: null },
  ]);
  expect((await outreach(folder, ['resolve', '--job', '9', '--sent'])).code).toBe(2);
});

const exported = () => `smtp-id,email,timestamp,event
${messageId(1)},lead0@company0.example,${Math.floor(armedAt(1) / 1000)},processed
${messageId(1)},lead0@company0.example,${Math.floor(armedAt(1) / 1000) + 2},delivered
<other@x.example>,lead1@company1.example,${Math.floor(armedAt(2) / 1000) + 1},bounce
,lead2@company2.example,${Math.floor(armedAt(3) / 1000) + 1},dropped
,lead3@company3.example,${Math.floor(armedAt(4) / 1000) + 86_400},delivered
,nobody@else.example,${Math.floor(armedAt(4) / 1000)},delivered
`;

test('--from lists what a log says and, off a terminal, records it only with --yes', async () => {
  folder.write('log.csv', exported());
  const asked = await outreach(folder, ['resolve', '--from', 'log.csv']);
  expect(asked.code).toBe(2);
  expect(asked.stdout).toMatch(/1 +lead0@company0\.example .*Message-ID +2 +processed, delivered +sent/);
  expect(asked.stdout).toMatch(/3 +lead2@company2\.example .*address, time +5 +dropped +not sent/);
  expect(asked.stderr).toContain('outreach resolve --from log.csv --yes');
  expect(states()).toEqual(UNCERTAIN);
  const { code, stdout } = await outreach(folder, ['resolve', '--from', 'log.csv', '--yes']);
  expect([code, states()]).toEqual([0, ['accepted', 'accepted', 'failed', 'uncertain']]);
  expect(stdout).toContain('3 mails resolved.');
  expect(stdout).toContain(
    '1 mail came back. Where the mailbox does not exist: outreach suppress add lead1@company1.example --reason bounced',
  );
  const details = rows<{ detail: string }>("select detail from events where kind = 'resolved' order by message_id");
  expect(details.map(({ detail }) => detail)).toEqual([
    'sent, by log.csv, line 2: processed, delivered',
    'sent, by log.csv, line 4: bounce',
    'not sent, by log.csv, line 5: dropped',
  ]);
  // What a log decided is corrected like any other verdict.
  expect(await json(folder, 'resolve', '3', '--sent')).toEqual({ id: 3, state: 'accepted' });
});

test('--from reads standard input, and with --json prints one object a mail', async () => {
  const ended = await outreach(folder, ['resolve', '--from', '-', '--yes', '--json'], {}, exported());
  expect(objects(ended)).toEqual([
    { id: 1, state: 'accepted', left: null, verdict: 'sent', by: 'message_id', line: 2, says: 'processed, delivered' },
    { id: 2, state: 'accepted', left: null, verdict: 'sent', by: 'address', line: 4, says: 'bounce' },
    { id: 3, state: 'failed', left: null, verdict: 'not_sent', by: 'address', line: 5, says: 'dropped' },
  ]);
  const unasked = await outreach(folder, ['resolve', '--from', '-', '--json'], {}, exported());
  expect([unasked.code, unasked.stdout]).toEqual([0, '']);
});

test('a log of Postfix settles by Message-ID; a file that says nothing of mails is refused with what is taken', async () => {
  const id = messageId(4).replace(/[<>]/g, '');
  folder.write(
    'mail.log',
    `Nov 23 10:00:01 mx postfix/cleanup[8]: 4XyZ9k1: message-id=<${id}>\nNov 23 10:00:02 mx postfix/smtp[9]: 4XyZ9k1: to=<lead3@company3.example>, relay=x[1.2.3.4]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)\n`,
  );
  expect((await outreach(folder, ['resolve', '--from', 'mail.log', '--yes'])).code).toBe(0);
  expect(states()).toEqual(['uncertain', 'uncertain', 'uncertain', 'accepted']);
  folder.write('other.csv', 'colour,size\nred,1\n');
  const refused = await outreach(folder, ['resolve', '--from', 'other.csv', '--yes']);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('no column says which mail a row is about')]);
  expect((await outreach(folder, ['resolve', '--from', 'missing.csv'])).code).toBe(2);
});

test('one way of choosing, and one verdict', async () => {
  for (const wrong of [
    ['resolve', '--sent'],
    ['resolve', '1', '--job', '1', '--sent'],
    ['resolve', '1', '2'],
    ['resolve', '--from', 'x', '--resend'],
  ])
    expect((await outreach(folder, wrong)).code, wrong.join(' ')).toBe(2);
  expect(states()).toEqual(UNCERTAIN);
});

test.skipIf(!HAS_PTY)('on a terminal --from asks, and no is no', { timeout: 30_000 }, async () => {
  folder.write('log.csv', exported());
  const no = onTerminal(folder, ['resolve', '--from', 'log.csv']);
  await no.answer('Record this for 3 mails?', 'n\r');
  expect([(await no.ended).code, states()]).toEqual([0, UNCERTAIN]);
  const yes = onTerminal(folder, ['resolve', '--from', 'log.csv']);
  await yes.answer('Record this for 3 mails?', 'y\r');
  expect([(await yes.ended).code, states()]).toEqual([0, ['accepted', 'accepted', 'failed', 'uncertain']]);
});
