import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { claimMessage } from '../../src/pipeline/claimMessage.ts';
import { replayMessage } from '../../src/pipeline/replayMessage.ts';
import { resolveMessage } from '../../src/pipeline/resolveMessage.ts';
import { retryMessages } from '../../src/pipeline/retryMessages.ts';
import { returnClaim, type SendDependencies, sendMessage } from '../../src/pipeline/sendMessage.ts';
import { pause } from '../../src/pipeline/steerJob.ts';
import { resumeSender, stopSender } from '../../src/pipeline/steerSender.ts';
import { attemptsOf } from '../../src/store/attempts.ts';
import { senderNow } from '../../src/store/senders.ts';
import { suppress } from '../../src/store/suppressions.ts';
import { Bench } from '../support/bench.ts';
import { paceOf } from '../support/pace.ts';

let bench: Bench;

/** Whom the worker asks for each sender. */
const accounts = new Map([
  ['main', 'ours'],
  ['backup', 'ours'],
]);

beforeEach(async () => {
  bench = await Bench.open({ senders: ['main', 'backup'] });
  bench.pace = paceOf({ main: {}, backup: {} });
  await bench.register(accounts);
  await bench.import();
  await bench.draft();
});

afterEach(() => bench.close());

const send = () => sendMessage(bench.sending(), 1, bench.campaign);
const claim = () => claimMessage(bench.sending(), 1, bench.campaign);
const main = () => senderNow(bench.store.db, 'main');
const answer = (kind: Delivery['kind'], more: Partial<Delivery> = {}): Delivery => ({ kind, code: 400, reply: `${kind} here`, ...more });

test('a throttled sender rests for as long as it was asked to; the mail loses no try and goes by the next sender', async () => {
  bench.answers = [answer('throttled', { restMs: 90_000 })];
  expect(await send()).toMatchObject({ sender: 'main', end: { state: 'ready' } });
  expect(await main()).toMatchObject({ rest_until: bench.now + 90_000, failures: 1, stopped_at: null });
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
  expect(await bench.store.db.selectFrom('messages').select('tries').where('id', '=', 1).executeTakeFirst()).toEqual({ tries: 0 });
  bench.now += 10;
  expect(await send()).toMatchObject({ sender: 'backup', end: { state: 'accepted' } });
  expect((await attemptsOf(bench.store.db, 1)).map(({ counted }) => counted)).toEqual([0]);
});

test('a refused login stops the sender until it is resumed, whatever time passes', async () => {
  bench.campaign = { ...bench.campaign, senders: ['main'] };
  bench.answers = [answer('sender_refused', { code: 535, stopsSender: true, beforeMail: true })];
  await send();
  bench.now += 30 * 86_400_000;
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'sender stopped', opensAt: null }], opensAt: null });
  expect(await resumeSender(bench.store, 'main')).toBe(true);
  expect(await send()).toMatchObject({ kind: 'sent', end: { state: 'accepted' } });
  await stopSender(bench.store, 'main', bench.now);
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'sender stopped' }] });
});

test('a policy refusal and an outage end with time; only what was certainly not accepted goes by another sender', async () => {
  bench.answers = [answer('sender_failed', { beforeMail: true }), answer('ambiguous')];
  expect(await send()).toMatchObject({ sender: 'main', end: { state: 'ready' } });
  expect(await send()).toMatchObject({ sender: 'backup', messageId: 1, end: { state: 'uncertain' } });
  bench.now += 60_000;
  for (let more = 0; more < 2; more++) expect(await send()).toMatchObject({ end: { state: 'accepted' } });
  expect(await send()).toMatchObject({ kind: 'nothing_due' });
  expect(await bench.states()).toEqual(['uncertain', 'accepted', 'accepted']);
});

test('after a failure one mail at a time probes, and its end decides', async () => {
  bench.campaign = { ...bench.campaign, senders: ['main'] };
  bench.answers = [answer('sender_failed', { beforeMail: true })];
  await send();
  bench.now += 30_000;
  const probe = await claim();
  expect(probe.kind).toBe('claimed');
  expect(await claim()).toMatchObject({ kind: 'shut', gates: [{ gate: 'sender resting' }] });
  if (probe.kind !== 'claimed') return;
  await returnClaim(bench.sending(), probe, bench.campaign);
  expect(await main()).toMatchObject({ failures: 1, rest_until: bench.now });
  expect(await send()).toMatchObject({ end: { state: 'accepted' } });
  expect(await main()).toMatchObject({ failures: 0, rest_until: 0, reason: null });
});

test('five failures in a row rest a sender for five minutes at a time', async () => {
  bench.campaign = { ...bench.campaign, senders: ['main'] };
  const rests: number[] = [];
  for (let failure = 0; failure < 7; failure++) {
    bench.answers = [answer('sender_failed', { beforeMail: true })];
    expect(await send()).toMatchObject({ kind: 'sent' });
    const { rest_until } = await main();
    rests.push((rest_until - bench.now) / 1_000);
    bench.now = rest_until;
  }
  expect(rests).toEqual([30, 60, 120, 240, 300, 300, 300]);
});

test('rotation shares the mails by what is left of the caps', async () => {
  bench.pace = paceOf({ main: { dailyCap: 3 }, backup: { dailyCap: 2 } });
  bench.campaign = { ...bench.campaign, rotate: true };
  const by: unknown[] = [];
  for (let mail = 0; mail < 3; mail++) {
    const sent = await send();
    by.push('sender' in sent ? sent.sender : sent.kind);
    bench.now += 1;
  }
  expect(by).toEqual(['main', 'backup', 'main']);
});

/** As a provider over HTTP is: the request holds no date, so that it can be repeated byte for byte. Its clock is that of the bench. */
function overHttp(): SendDependencies {
  const deps = bench.sending();
  const mailer = deps.mailerFor('main');
  const deliver: Mailer['deliver'] = (mail, attempt) =>
    mailer.deliver(mail, { ...attempt, date: new Date(0), arm: (sha256) => attempt.arm(sha256, bench.now) });
  const providerTime = async () => () => bench.now;
  return { ...deps, providerOf: () => 'resend', mailerFor: () => ({ ...mailer, deliver, providerTime }) };
}

/** The next mail is uncertain at a provider that answers a repeated request. */
async function leaveUncertain(): Promise<void> {
  bench.answers = [answer('ambiguous', { code: null })];
  expect(await sendMessage(overHttp(), 1, bench.campaign)).toMatchObject({ end: { state: 'uncertain' } });
}

const replay = (asked = accounts) => replayMessage({ ...overHttp(), accounts: asked });

test('an uncertain mail is asked after where the provider answers repetitions, and settled by what it says', async () => {
  await leaveUncertain();
  expect(await replay()).toBeUndefined();
  bench.now += 60_000;
  bench.answers = [answer('ambiguous')];
  expect(await replay()).toMatchObject({ messageId: 1, state: 'uncertain' });
  bench.now += 120_000;
  expect(await replay()).toMatchObject({ messageId: 1, state: 'accepted' });
  expect((await bench.states())[0]).toBe('accepted');
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
  bench.now += 3_600_000;
  expect(await replay()).toBeUndefined();
});

test.each([
  ['the key is of another account now', new Map([['main', 'theirs']])],
  ['nobody knows which account was asked first', accounts],
])('nothing is repeated where %s', async (_, asked) => {
  await leaveUncertain();
  if (asked === accounts) await bench.store.db.updateTable('workers').set({ accounts: '{}' }).execute();
  bench.now += 60_000;
  expect(await replay(asked)).toBeUndefined();
  bench.now += 3_600_000;
  expect(await replay()).toBeUndefined();
  expect(bench.delivered).toHaveLength(1);
  expect((await bench.states())[0]).toBe('uncertain');
});

test('a repetition that is refused for the mail itself settles it as failed and gives its place back', async () => {
  await leaveUncertain();
  bench.now += 60_000;
  bench.answers = [answer('content_refused', { code: 422 })];
  expect(await replay()).toMatchObject({ state: 'failed' });
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
});

test('a repetition that never reached the provider says nothing of the first request', async () => {
  await leaveUncertain();
  bench.now += 60_000;
  bench.answers = [answer('content_refused', { code: null, beforeMail: true })];
  expect(await replay()).toMatchObject({ state: 'uncertain' });
  expect((await bench.states())[0]).toBe('uncertain');
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
});

test('nothing is repeated after 23 hours, for other providers, or once a person has decided', async () => {
  bench.answers = [answer('ambiguous')];
  await send();
  bench.now += 3_600_000;
  expect(await replay()).toBeUndefined();
  await leaveUncertain();
  await resolveMessage(bench.store, 2, 'not_sent', bench.now);
  bench.now += 3_600_000;
  expect(await replay()).toBeUndefined();
  await leaveUncertain();
  const { length } = bench.delivered;
  // No worker ran in between: what was planned for within the time is not done after it.
  bench.now += 23 * 3_600_000 + 1;
  expect(await replay()).toBeUndefined();
  expect(bench.delivered).toHaveLength(length);
});

test('a clock that was set back does not know how long ago a request was made, now or later', async () => {
  await leaveUncertain();
  bench.now -= 48 * 3_600_000;
  await bench.store.db.updateTable('attempts').set({ replay_at: bench.now }).where('replay_at', 'is not', null).execute();
  expect(await replay()).toBeUndefined();
  bench.now += 49 * 3_600_000;
  expect(await replay()).toBeUndefined();
  expect(bench.delivered).toHaveLength(1);
});

test('what a repetition was told is kept, though a person decided meanwhile, and an acceptance wins', async () => {
  await leaveUncertain();
  bench.now += 60_000;
  const deps = overHttp();
  const mailer = deps.mailerFor('main');
  const deliver: Mailer['deliver'] = async (mail, attempt) => {
    const delivery = await mailer.deliver(mail, attempt);
    await resolveMessage(bench.store, 1, 'not_sent', bench.now);
    expect(await retryMessages(bench.store, { ids: [1] }, () => bench.now)).toMatchObject({ on_its_way: 1 });
    return delivery;
  };
  const asked = await replayMessage({ ...deps, mailerFor: () => ({ ...mailer, deliver }), accounts });
  expect(asked).toMatchObject({ state: 'accepted' });
  expect((await bench.states())[0]).toBe('accepted');
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
});

test('an address that was suppressed, and a job that was paused, are not asked after', async () => {
  await leaveUncertain();
  await pause(bench.store, 1, bench.now);
  bench.now += 60_000;
  expect(await replay()).toBeUndefined();
  await bench.store.db.updateTable('jobs').set({ paused_at: null }).execute();
  const { email_key } = await bench.store.db.selectFrom('prospects').select('email_key').where('id', '=', 1).executeTakeFirstOrThrow();
  await bench.store.write((tx) => suppress(tx, email_key, 'asked to', 'test', bench.now));
  bench.now += 3_600_000;
  expect(await replay()).toBeUndefined();
  expect(bench.delivered).toHaveLength(1);
});
