import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import { readReply } from '../../src/mail/replies.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { resumeSender } from '../../src/pipeline/steerSender.ts';
import { liftUnfounded, unfoundedSuppressions } from '../../src/pipeline/undoSuppressions.ts';
import { senderNow } from '../../src/store/senders.ts';
import { suppress, suppressionOf } from '../../src/store/suppressions.ts';
import { Bench } from '../support/bench.ts';
import { csv } from '../support/program.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

async function ready(count: number): Promise<void> {
  await bench.import(csv(count));
  await bench.draft();
}

/** Sends one mail after the other, each answered so, until nothing is due or the sender waits. */
async function sendAll(answerTo: (to: number) => Delivery | undefined, most = 100): Promise<number> {
  for (let mail = 0; mail < most; mail++) {
    const answer = answerTo(mail);
    bench.answers = answer === undefined ? [] : [answer];
    const sent = await sendMessage(bench.sending(), 1, bench.campaign);
    if (sent.kind !== 'sent') return mail;
    bench.now += 1_000;
  }
  return most;
}

const main = () => senderNow(bench.store.db, 'main');
const suppressed = (lead: number) => suppressionOf(bench.store.db, `lead${lead}@company${lead}.example`);
const events = async (kind: string) =>
  (
    await bench.store.db
      .selectFrom('events')
      .select('id')
      .where('kind', '=', kind as 'held')
      .execute()
  ).length;

test.each([
  ['a From that is not the login’s mailbox', 'dot', '554 5.2.252 SendAsDenied; ana@ruiz.example not allowed to send as'],
  ['content that filters refuse', 'dot', '554 5.6.0 message rejected as spam, id 1'],
  ['a relay that refuses in its own words', 'rcpt', '550 Invalid recipient: <lead@company.example>'],
] as const)('three refusals alike at three domains stop the sender, and nobody is lost: %s', async (_, phase, text) => {
  await ready(40);
  const refuse = () => readReply(phase, Number(text.slice(0, 3)), text);
  // Some rest the sender between one mail and the next.
  for (let round = 0; round < 5; round++) {
    await sendAll(refuse);
    bench.now += 3_600_000;
  }
  expect(await main()).toMatchObject({ stopped_at: expect.any(Number), reason: expect.stringContaining(text.slice(4, 20)) });
  expect(await bench.states()).toEqual(Array(40).fill('ready'));
  for (let lead = 0; lead < 40; lead++) expect(await suppressed(lead)).toBeUndefined();
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
  await resumeSender(bench.store, 'main');
  bench.now += 86_400_000;
  expect(await sendAll(() => undefined)).toBe(40);
  expect(await bench.states()).toEqual(Array(40).fill('accepted'));
});

test('mails are taken back once: refused alike again, they fail', async () => {
  await ready(3);
  const refuse = () => readReply('dot', 554, '554 5.6.0 refused as spam');
  await sendAll(refuse);
  expect(await bench.states()).toEqual(['ready', 'ready', 'ready']);
  await resumeSender(bench.store, 'main');
  await sendAll(refuse);
  expect(await bench.states()).toEqual(['failed', 'failed', 'failed']);
  expect((await main()).stopped_at).not.toBeNull();
  expect(await events('taken back')).toBe(3);
});

test('missing mailboxes stop the sender only from the tenth in a row, and then nobody stays suppressed', async () => {
  await ready(12);
  const missing = readReply('rcpt', 550, '550 5.1.1 user unknown');
  // The bounce stop, which has its own limit, is not what is looked at here.
  const hide = () => bench.store.db.updateTable('sender_days').set({ bounced: 0 }).execute();
  for (let mail = 0; mail < 9; mail++) {
    await sendAll(() => missing, 1);
    await hide();
  }
  expect((await bench.states()).filter((state) => state === 'failed')).toHaveLength(9);
  expect(await suppressed(0)).toContain('hard bounce');
  await sendAll(() => missing, 1);
  expect((await main()).stopped_at).not.toBeNull();
  expect((await bench.states()).filter((state) => state === 'failed')).toEqual([]);
  for (let lead = 0; lead < 10; lead++) expect(await suppressed(lead)).toBeUndefined();
});

test('an acceptance in between, other words or one domain alone stop nobody', async () => {
  await ready(12);
  const refusals = ['554 5.6.0 spam', '554 5.6.0 virus', undefined, '554 5.6.0 spam', '554 5.6.0 spam', undefined];
  await sendAll((mail) => {
    const text = refusals[mail % refusals.length];
    return text === undefined ? undefined : readReply('dot', 554, text);
  });
  expect((await main()).stopped_at).toBeNull();
  expect(await events('taken back')).toBe(0);
});

test('one strict recipient in a list of forty is tried again by itself; the other thirty-nine go out at their pace', async () => {
  await ready(40);
  const strict = readReply('rcpt', 550, '550 5.7.1 recipient takes no mail from strangers');
  expect(strict).toMatchObject({ kind: 'sender_refused', ofRecipientPerhaps: true });
  const began = bench.now;
  expect(await sendAll((mail) => (mail === 4 ? strict : undefined))).toBe(40);
  expect(bench.now - began).toBe(40_000);
  const states = await bench.states();
  expect(states.filter((state) => state === 'accepted')).toHaveLength(39);
  expect(states[4]).toBe('ready');
  expect(await main()).toMatchObject({ failures: 0, rest_until: 0, stopped_at: null });
});

test('a policy that a server of a second domain names too rests the sender', async () => {
  await ready(3);
  const strict = readReply('rcpt', 550, '550 5.7.1 not from you');
  await sendAll(() => strict, 1);
  expect((await main()).rest_until).toBe(0);
  await sendAll(() => strict, 1);
  expect((await main()).rest_until).toBeGreaterThan(bench.now);
});

test('what an earlier version suppressed by a misread refusal is found and lifted, and nothing else', async () => {
  await ready(4);
  const reasons = [
    'hard bounce: 554 5.2.252 SendAsDenied; not allowed to send as',
    'hard bounce: 550 5.1.1 user unknown',
    'hard bounce: 550 Rejected because 203.0.113.4 is in a black list at zen.spamhaus.org',
    'unsubscribed',
  ];
  for (const [lead, reason] of reasons.entries())
    await bench.store.write((tx) => suppress(tx, `lead${lead}@company${lead}.example`, reason, `message ${lead + 1}`, bench.now));
  const found = await unfoundedSuppressions(bench.store, undefined);
  expect(found.map(({ message }) => message)).toEqual([1, 3]);
  expect(await unfoundedSuppressions(bench.store, bench.now + 1)).toEqual([]);
  expect(await liftUnfounded(bench.store, found)).toBe(2);
  expect(await Promise.all([0, 1, 2, 3].map(async (lead) => (await suppressed(lead)) !== undefined))).toEqual([false, true, false, true]);
});

test('of a provider over HTTP, and of a reply that names the sender alone, the suppression is lifted too', async () => {
  await ready(5);
  const { envelope_from: from } = await bench.store.db.selectFrom('drafts').select('envelope_from').executeTakeFirstOrThrow();
  const reasons = [
    'hard bounce: 422 validation_error: The recipient list is too long',
    'hard bounce: 400 must be a string; Does not contain a valid address.',
    'hard bounce: 422 validation_error: Invalid `to` field.',
    `hard bounce: 550 5.1.1 <${from}>: user unknown`,
    'hard bounce: 550 5.1.1 <lead4@company4.example>: user unknown',
  ];
  for (const [lead, reason] of reasons.entries())
    await bench.store.write((tx) => suppress(tx, `lead${lead}@company${lead}.example`, reason, `message ${lead + 1}`, bench.now));
  expect((await unfoundedSuppressions(bench.store, undefined)).map(({ message }) => message)).toEqual([1, 4]);
});
