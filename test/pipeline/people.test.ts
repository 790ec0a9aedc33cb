import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCsv } from '../../src/csv/readRows.ts';
import { parseWho } from '../../src/domain/suppression.ts';
import { openAiProvider } from '../../src/llm/openaiProvider.ts';
import { templateWriter } from '../../src/llm/templateWriter.ts';
import { claimDrafts, draftMessage } from '../../src/pipeline/draftMessage.ts';
import { forgetPerson } from '../../src/pipeline/forgetPerson.ts';
import { importSuppressions } from '../../src/pipeline/importSuppressions.ts';
import { retryMessages } from '../../src/pipeline/retryMessages.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { liftSuppression, suppressPeople } from '../../src/pipeline/suppressPeople.ts';
import { modelWriter } from '../../src/pipeline/writeWithModel.ts';
import { suppressionPage } from '../../src/store/suppressions.ts';
import { aiSettings, startAiServer } from '../support/aiServer.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { csv } from '../support/program.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

const deps = () => ({ store: bench.store, now: () => bench.now, forgottenKey: bench.forgottenKey });
const suppress = (...keys: string[]) =>
  suppressPeople(
    deps(),
    keys.map((key) => ({ key, reason: 'unsubscribed', source: 'a letter' })),
  );
const forget = (key: string) => forgetPerson(deps(), key);
const listed = async () => (await suppressionPage(bench.store.db, '', 100)).map(({ email_key }) => email_key);

async function counters(): Promise<Record<string, number>> {
  const rows = await bench.store.db.selectFrom('job_counts').select(['state', 'n']).where('n', '>', 0).execute();
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
}

test('suppressing people takes their waiting mails with it, in every state before the wire, and counts hold', async () => {
  await bench.import(csv(5));
  await bench.draft(1, 2);
  const [held] = await claimDrafts({ store: bench.store, worker: 'w1', now: () => bench.now }, 1, 1);
  expect(await bench.states()).toEqual(['ready', 'ready', 'drafting', 'pending', 'pending']);
  const done = await suppress('lead0@company0.example', 'lead2@company2.example', '@company3.example', 'nobody@elsewhere.example');
  expect(done).toEqual({ ends: ['added', 'added', 'added', 'added'], messages: 3, warnings: [] });
  expect(await bench.states()).toEqual(['suppressed', 'ready', 'suppressed', 'suppressed', 'pending']);
  expect(await counters()).toEqual({ suppressed: 3, ready: 1, pending: 1 });
  const writing = { store: bench.store, worker: 'w1', now: () => bench.now, writerFor: () => templateWriter(4), ...bench.composing };
  if (held === undefined) throw new Error('nothing was claimed');
  expect(await draftMessage(writing, held, bench.campaign)).toEqual({ kind: 'superseded' });
  expect((await suppress('lead0@company0.example')).ends).toEqual(['known']);
});

test('a complaint that a person tells counts once against the sender of the last mail', async () => {
  await bench.import(csv(50));
  await bench.draft();
  for (let sent = 0; sent < 50; sent++) await sendMessage(bench.sending(), 1, bench.campaign);
  const complained = { key: 'lead7@company7.example', reason: 'complained', source: 'by hand', met: 'complained' as const };
  const { warnings } = await suppressPeople(deps(), [complained]);
  expect(warnings).toEqual([expect.stringContaining('sender main: complaints: 1 of 50')]);
  expect((await suppressPeople(deps(), [complained])).warnings).toEqual([]);
  const [sender] = await bench.store.db.selectFrom('senders').selectAll().execute();
  expect(sender?.stopped_at).toBe(bench.now);
  expect(await bench.store.db.selectFrom('sender_days').select('complained').execute()).toEqual([{ complained: 1 }]);
});

test('a failed mail to a forgotten person is not tried again, not even when they may be written to again', async () => {
  await bench.import(csv(1));
  await bench.draft();
  bench.answers = [{ kind: 'content_refused', code: 554, reply: '554 no' }];
  await sendMessage(bench.sending(), 1, bench.campaign);
  await forget('lead0@company0.example');
  await liftSuppression(deps(), 'lead0@company0.example');
  expect(await retryMessages(bench.store, { jobId: 1 }, () => bench.now)).toEqual({
    retried: 0,
    suppressed: 1,
    cancelled: 0,
    sent_already: 0,
    on_its_way: 0,
  });
  expect(await bench.states()).toEqual(['failed']);
});

test('a suppressed domain is met by import and drafting, and lifting it lets new mails go but no old one', async () => {
  await suppress('@company1.example');
  expect((await bench.import(csv(3))).tally).toMatchObject({ imported: 2, suppressed: 1 });
  expect(await liftSuppression(deps(), 'lead1@company1.example')).toEqual({ lifted: [], domain: '@company1.example' });
  expect(await liftSuppression(deps(), '@company1.example')).toEqual({ lifted: ['@company1.example'], domain: undefined });
  await bench.draft();
  expect(await bench.states()).toEqual(['ready', 'suppressed', 'ready']);
});

test.each([
  [
    'sendgrid',
    'email,reason,status,created\nA@x.example,"550 5.1.1 no such user",5.1.1,1700000000\n',
    'a@x.example',
    '550 5.1.1 no such user',
  ],
  ['mailgun', 'address,code,error,createdAt\na@x.example,550,No such mailbox,"Tue, 01 Sep 2026"\n', 'a@x.example', 'No such mailbox'],
  ['postmark', 'Recipient,SuppressionReason,Origin\na@x.example,HardBounce,Recipient\n', 'a@x.example', 'HardBounce'],
  ['postmark api', 'EmailAddress,Reason\na@x.example,SpamComplaint\n', 'a@x.example', 'SpamComplaint'],
  ['mailchimp', 'Email Address,First Name,UNSUB_REASON\na@x.example,Al,no longer wanted\n', 'a@x.example', 'no longer wanted'],
  ['brevo', 'EMAIL;BLOCKED\na@x.example;1\n', 'a@x.example', 'blocked'],
  ['one a line', 'a@x.example\n', 'a@x.example', 'imported'],
  ['domains a line', '@x.example\n', '@x.example', 'imported'],
  ['our own export', "email,reason,source,created_at\n'@x.example,'=1+1,by hand,2026-01-01\n", '@x.example', '=1+1'],
])('a list of %s is read', async (_name, text, key, reason) => {
  const { tally } = await importList(text);
  expect(tally).toMatchObject({ rows: 1, added: 1, invalid: 0 });
  expect(await suppressionPage(bench.store.db, '', 10)).toMatchObject([{ email_key: key, reason }]);
});

test('a list names its bad rows, takes the good ones, and a second run adds nothing', async () => {
  const text = `email\n${Array.from({ length: 1_201 }, (_, index) => `p${index}@x.example`).join('\n')}\nnonsense\n`;
  const { tally, bad } = await importList(text);
  expect([tally.added, tally.invalid, bad]).toEqual([1_201, 1, [{ line: 1_203, reason: expect.stringContaining('nonsense') }]]);
  expect((await importList(text)).tally).toMatchObject({ added: 0, known: 1_201 });
});

test('a list without addresses is refused, and words are no domains', async () => {
  await expect(importList('first,last\nA,B\n')).rejects.toThrow('no column holds addresses');
  for (const word of ['localhost', '@', 'a b.example', 'x@', '', '-x.example']) expect([word, parseWho(word).ok]).toEqual([word, false]);
  expect(parseWho('Bücher.example')).toEqual({ ok: true, kind: 'domain', key: '@xn--bcher-kva.example' });
});

test('a forgotten person leaves a row without address or text, and next year’s CSV mails them nothing', async () => {
  await bench.import(csv(2), { origin: { source: 'a fair', basis: 'consent' } });
  await bench.draft();
  await sendMessage(bench.sending(), 1, bench.campaign);
  expect(await forget('lead0@company0.example')).toEqual({ leads: 1, messages: 1, drafts: 1, generations: 0 });
  expect(await counters()).toEqual({ accepted: 1, ready: 1 });
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
  const [lead] = await bench.store.db.selectFrom('prospects').selectAll().execute();
  expect(lead).toMatchObject({ email: 'forgotten', domain: '', fields: '{}', source: null, basis: null });
  expect(await listed()).toEqual([bench.forgottenKey('lead0@company0.example')]);
  const again = await bench.import(csv(2).replaceAll('Company', 'Firm'));
  expect(again.tally).toMatchObject({ imported: 0, duplicates: 2 });
  bench.campaign = { ...bench.campaign, name: 'next-year' };
  const next = await bench.import(`${csv(2)}lead0@company0.example,too,many,cells\n`);
  expect(next.tally).toMatchObject({ imported: 1, suppressed: 1, invalid: 1 });
  expect(await suppress('lead0@company0.example')).toEqual({ ends: ['forgotten'], messages: 0, warnings: [] });
  expect(readFileSync(next.rejects ?? '', 'utf8')).toContain('names a person who was forgotten');
  expect(JSON.stringify(await everything()) + readFileSync(next.rejects ?? '', 'utf8')).not.toMatch(/lead0|Lead 0/i);
});

test('a lead that was read just before it was forgotten goes to no model', async () => {
  await bench.import(csv(1));
  const ai = await startAiServer();
  const never = new AbortController().signal;
  const model = modelWriter({
    store: bench.store,
    worker: 'w1',
    now: () => bench.now,
    sleep: async () => {},
    stopping: never,
    cut: never,
    providers: [openAiProvider(aiSettings(ai.url))],
    limits: { concurrency: 1, shared: null, budgetNano: null },
    purpose: 'draft',
  });
  const writing = { store: bench.store, worker: 'w1', now: () => bench.now, writerFor: () => model, ...bench.composing };
  const [claimed] = await claimDrafts(writing, 1, 1);
  if (claimed === undefined) throw new Error('nothing was claimed');
  await forget('lead0@company0.example');
  expect(await draftMessage(writing, claimed, campaignWith({ generator: 'ai' }))).toEqual({ kind: 'superseded' });
  expect(ai.calls).toEqual([]);
  await ai.close();
});

test('who is let back in after being forgotten can be forgotten again', async () => {
  await bench.import(csv(1));
  await forget('lead0@company0.example');
  expect((await liftSuppression(deps(), 'lead0@company0.example')).lifted).toHaveLength(1);
  expect((await bench.import(csv(1).replace('Company', 'Firm'))).tally.imported).toBe(1);
  await forget('lead0@company0.example');
  expect(await bench.states()).toEqual(['suppressed', 'suppressed']);
  expect((await bench.import(csv(1))).tally).toMatchObject({ imported: 0, duplicates: 1 });
  expect(JSON.stringify(await everything())).not.toMatch(/lead0/i);
});

test('an uncertain mail keeps a person until its end is told, and nothing new goes out meanwhile', async () => {
  await bench.import(csv(1));
  await bench.draft();
  bench.answers = [{ kind: 'ambiguous', code: null, reply: 'gone' }];
  await sendMessage(bench.sending(), 1, bench.campaign);
  await expect(forget('lead0@company0.example')).rejects.toThrow('whether message 1 was accepted is not known');
  expect(await listed()).toEqual(['lead0@company0.example']);
});

test('a mail on the wire keeps a person, and is not sent when the wish comes before its arm', async () => {
  await bench.import(csv(1));
  await bench.draft();
  bench.beforeArm = () => expect(forget('lead0@company0.example')).rejects.toThrow('message 1 is on the wire');
  await sendMessage(bench.sending(), 1, bench.campaign);
  expect(bench.delivered).toEqual([]);
  expect(await forget('lead0@company0.example')).toMatchObject({ leads: 1, messages: 1 });
  expect(await bench.states()).toEqual(['suppressed']);
});

test('a failed mail to a forgotten person cannot be retried', async () => {
  await bench.import(csv(1));
  await bench.draft();
  bench.answers = [{ kind: 'content_refused', code: 554, reply: '554 <lead0@company0.example> spam' }];
  await sendMessage(bench.sending(), 1, bench.campaign);
  expect(await bench.states()).toEqual(['failed']);
  await forget('lead0@company0.example');
  expect(JSON.stringify(await everything())).not.toContain('lead0');
  await retryMessages(bench.store, { jobId: 1 }, () => bench.now);
  expect(await bench.states()).toEqual(['failed']);
});

test('source and basis stand with every lead; --update corrects them without voiding a draft', async () => {
  await bench.import(csv(1));
  await bench.draft();
  await bench.import(csv(2), { update: true, origin: { source: 'a fair', basis: 'legitimate-interest' } });
  const leads = await bench.store.db.selectFrom('prospects').select(['source', 'basis']).execute();
  expect(leads).toEqual([1, 2].map(() => ({ source: 'a fair', basis: 'legitimate-interest' })));
  expect(await bench.states()).toEqual(['ready', 'pending']);
});

const ROUNDS = 1_000;

/** Both begin at once, and the one that lost the last round gets a head start, so that either order comes up about as often. */
test(`an unsubscribe races the claim ${ROUNDS} times, and no mail is claimed or sent after its commit`, { timeout: 120_000 }, async () => {
  await bench.import(csv(ROUNDS));
  for (let left = ROUNDS; left > 0; left -= 100) await bench.draft(1, 100);
  await bench.store.write(async (tx) => {
    await tx
      .updateTable('messages')
      .set(({ ref }) => ({ due_at: ref('id') }))
      .execute();
  });
  const other = await startUnsubscriber();
  const order = { claimed: 0, suppressed: 0, stopped: 0 };
  let headStart = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const key = `lead${round - 1}@company${round - 1}.example`;
    const answer = reply(other);
    other.send(key);
    await spin(headStart);
    const began: number[] = [];
    let armedAfter = Number.NaN;
    // In every third round the arm waits for the unsubscribe's commit: it must then be refused.
    bench.beforeArm = async () => {
      if (round % 3 === 0) await answer;
      armedAfter = monotonic();
    };
    const now = () => {
      began.push(monotonic());
      return round;
    };
    await sendMessage({ ...bench.sending(), now }, 1, bench.campaign);
    const { messages, committedAt } = await answer;
    const attempts = (await bench.store.db.selectFrom('attempts').select('id').where('message_id', '=', round).execute()).length;
    // Whoever came first took it: the unsubscribe a waiting mail, or the claim one that nobody had suppressed.
    expect({ round, sum: messages + attempts }).toEqual({ round, sum: 1 });
    if (attempts === 1) expect(began[0]).toBeLessThan(committedAt);
    const sent = bench.delivered.at(-1) === key;
    if (sent) expect(armedAfter).toBeLessThan(committedAt);
    order[attempts === 0 ? 'suppressed' : sent ? 'claimed' : 'stopped']++;
    headStart = Math.max(0, headStart + (attempts === 1 ? 20 : -20));
  }
  other.disconnect();
  await once(other, 'exit');
  await sendMessage({ ...bench.sending(), now: () => ROUNDS }, 1, bench.campaign);
  expect(await counters()).toEqual({ accepted: order.claimed, suppressed: ROUNDS - order.claimed });
  expect(new Set(bench.delivered).size).toBe(order.claimed);
  // Each of the three orders came about; how often is a matter of the machine.
  for (const count of Object.values(order)) expect(count).toBeGreaterThan(ROUNDS / 200);
});

interface Answer {
  readonly messages: number;
  readonly committedAt: number;
}

async function startUnsubscriber(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, '../support/unsubscriber.ts'), [bench.folder.at('outreach.db')], {
    execArgv: ['--import', 'tsx'],
  });
  await once(child, 'message');
  return child;
}

async function reply(child: ChildProcess): Promise<Answer> {
  const [answer] = (await once(child, 'message')) as [Answer];
  return answer;
}

function monotonic(): number {
  return Number(process.hrtime.bigint());
}

/** Microseconds; a timer is too coarse for a race. */
async function spin(us: number): Promise<void> {
  for (const end = monotonic() + us * 1_000; monotonic() < end; );
}

async function importList(text: string) {
  const file = await openCsv(bench.folder.write('list.csv', text), 'list.csv');
  const rest = { stop: new AbortController().signal, sleep: async () => {}, besideWorker: async () => false };
  return importSuppressions({ ...deps(), ...rest }, file, { reason: undefined, source: undefined });
}

/** Every row of every table that may hold something of a person. */
async function everything() {
  const { db } = bench.store;
  const tables = ['prospects', 'messages', 'drafts', 'generations', 'attempts', 'events', 'suppressions', 'ai_calls', 'senders'] as const;
  return Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute()));
}
