import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import { checkRulings, resolveMessage, resolveMessages } from '../../src/pipeline/resolveMessage.ts';
import { retryMessages } from '../../src/pipeline/retryMessages.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { cancel } from '../../src/pipeline/steerJob.ts';
import { noteEvent } from '../../src/store/events.ts';
import { suppress } from '../../src/store/suppressions.ts';
import { Bench } from '../support/bench.ts';
import { csv } from '../support/program.ts';

const LOST = { kind: 'ambiguous', code: null, reply: 'cut' } as const;
const QUARTER = 15 * 60_000;

let bench: Bench;

/** Three mails that nobody knows the end of, some minutes before. */
beforeEach(async () => {
  bench = await Bench.open();
  await bench.import(csv(3));
  await bench.draft();
  bench.answers = [LOST, LOST, LOST];
  for (let mail = 0; mail < 3; mail++) await send();
});

afterEach(() => bench.close());

const send = () => sendMessage(bench.sending(), 1, bench.campaign);
const say = (id: number, verdict: 'sent' | 'not_sent' | 'resend') => resolveMessage(bench.store, id, verdict, bench.now, 'ana');
const places = async () => (await bench.ledger()).rows;

async function story(id: number) {
  const events = await bench.store.db.selectFrom('events').select(['kind', 'detail', 'actor']).where('message_id', '=', id).execute();
  return events.filter(({ kind }) => kind === 'resolved').map(({ detail, actor }) => `${detail} (${actor})`);
}

/** The first try's own worker learns the end after all. */
async function lateReply(id: number, delivery: Delivery): Promise<string> {
  const { finishMessage } = await import('../../src/pipeline/finishMessage.ts');
  const [attempt] = await bench.store.db.selectFrom('attempts').selectAll().where('message_id', '=', id).execute();
  if (attempt === undefined) throw new Error(`no attempt at ${id}`);
  // What a rescuer wrote is overwritten by the attempt's own worker.
  await bench.store.db.updateTable('attempts').set({ reported: 0 }).where('id', '=', attempt.id).execute();
  const claim = {
    kind: 'claimed',
    hold: { id, worker: attempt.worker_id, token: attempt.token },
    attemptId: attempt.id,
    sender: 'main',
    failures: 0,
    startedAt: attempt.started_at,
    day: attempt.day,
    mail: { envelope: { to: 'a@late.example' } },
  } as unknown as Parameters<typeof finishMessage>[1];
  return (await finishMessage(bench.sending(), claim, bench.campaign, delivery)).state;
}

test('a verdict is corrected in both directions, the month counts what stands, and the story keeps every word', async () => {
  await say(1, 'sent');
  expect(await say(1, 'not_sent')).toBe('failed');
  expect(await places()).toBe(2);
  expect(await bench.reasons()).toEqual(['a person says it was not sent', 'cut', 'cut']);
  expect(await say(1, 'sent')).toBe('accepted');
  expect(await bench.ledger()).toEqual({ rows: 3, counter: 3 });
  expect((await bench.reasons())[0]).toBeNull();
  expect(await story(1)).toEqual(['sent (ana)', 'not sent (ana)', 'sent (ana)']);
});

test('a mail that is said to be sent after all counts in the month in which it left', async () => {
  await say(1, 'not_sent');
  bench.now += 20 * 86_400_000;
  await say(1, 'sent');
  const periods = await bench.store.db.selectFrom('usage_ledger').select('period').where('released_at', 'is', null).execute();
  expect(periods.map(({ period }) => period)).toEqual(['2026-11', '2026-11', '2026-11']);
});

test('the same verdict again is refused, and changes nothing', async () => {
  await say(1, 'not_sent');
  await expect(say(1, 'not_sent')).rejects.toThrow('message 1 is failed by the same verdict already');
  expect(await story(1)).toHaveLength(1);
});

test('a verdict that somebody acted on is none any more: after a retry only the new try counts', async () => {
  await say(1, 'not_sent');
  bench.now += QUARTER;
  await retryMessages(bench.store, { ids: [1] }, () => bench.now);
  await expect(say(1, 'sent')).rejects.toThrow('message 1 is ready; only uncertain ones are resolved');
  bench.answers = [{ kind: 'content_refused', code: 554, reply: '554 no' }];
  await send();
  expect((await bench.states())[0]).toBe('failed');
  await expect(say(1, 'sent')).rejects.toThrow('message 1 is failed; only uncertain ones are resolved');
  await expect(say(1, 'resend')).rejects.toThrow('only uncertain ones are resolved');
});

test('what a server accepted is never judged otherwise, not by the database either', async () => {
  await say(1, 'sent');
  expect(await lateReply(1, { kind: 'accepted', code: 250, reply: '250 Ok' })).toBe('superseded');
  await expect(say(1, 'not_sent')).rejects.toThrow('known to be accepted by its server');
  await expect(say(1, 'resend')).rejects.toThrow('known to be accepted by its server');
  await expect(sql`update messages set state = 'failed' where id = 1`.execute(bench.store.db)).rejects.toThrow('does not leave this state');
});

test('a late acceptance wins over a corrected verdict, and takes its place in the month again', async () => {
  await say(1, 'sent');
  await say(1, 'not_sent');
  expect(await lateReply(1, { kind: 'accepted', code: 250, reply: '250 Ok' })).toBe('accepted');
  expect((await bench.states())[0]).toBe('accepted');
  expect(await places()).toBe(3);
  await expect(say(1, 'not_sent')).rejects.toThrow('known to be accepted by its server');
});

test('a late refusal leaves room for "not sent" and none for "sent"', async () => {
  await say(1, 'sent');
  await lateReply(1, { kind: 'content_refused', code: 554, reply: '554 no' });
  expect((await bench.states())[0]).toBe('accepted');
  expect(await say(1, 'not_sent')).toBe('failed');
  await expect(say(1, 'sent')).rejects.toThrow('was refused by its server after the verdict');
});

test('a mail that came back had been sent', async () => {
  await say(1, 'sent');
  await bench.store.write((tx) => noteEvent(tx, 1, 'bounced', bench.now));
  await expect(say(1, 'not_sent')).rejects.toThrow('came back or was complained of');
});

test.each(['sent', 'not_sent'] as const)(
  'after "%s" a mail is sent again when a person asks for it, once and counted once',
  async (first) => {
    await say(1, first);
    await expect(say(1, 'resend')).rejects.toThrow('may still be accepted until');
    bench.now += QUARTER;
    expect(await say(1, 'resend')).toBe('ready');
    await expect(say(1, 'not_sent')).rejects.toThrow('message 1 is ready');
    await send();
    expect((await bench.states())[0]).toBe('accepted');
    expect(await bench.ledger()).toEqual({ rows: 3, counter: 3 });
    expect(bench.delivered).toHaveLength(4);
  },
);

test.each(['sent', 'not_sent'] as const)(
  'after "%s" nothing is sent again to whoever wants no mail, or of a cancelled job',
  async (first) => {
    await say(1, first);
    await say(2, first);
    bench.now += QUARTER;
    await bench.store.write((tx) => suppress(tx, 'lead0@company0.example', 'asked to', 'test', bench.now));
    await expect(say(1, 'resend')).rejects.toThrow('goes to a suppressed address (asked to), so it is not sent again');
    await cancel(bench.store, 1, () => bench.now);
    await expect(say(2, 'resend')).rejects.toThrow('is of job 1, which is cancelled');
    // What is said of a mail that has left is still a person's to say.
    await say(2, first === 'sent' ? 'not_sent' : 'sent');
  },
);

const SECOND_TRIES: readonly Delivery[] = [
  LOST,
  { kind: 'content_refused', code: 554, reply: '554 no' },
  { kind: 'temporary', code: 450, reply: '450 later' },
];

test.each(SECOND_TRIES)(
  'where a first try turns out accepted behind a second one that ended $kind, the mail is accepted',
  async (second) => {
    bench.now += QUARTER;
    await say(1, 'resend');
    bench.answers = [second];
    await send();
    await lateReply(1, { kind: 'accepted', code: 250, reply: '250 Ok' });
    expect((await bench.states())[0]).toBe('accepted');
    expect(await bench.ledger()).toEqual({ rows: 3, counter: 3 });
    await expect(say(1, 'not_sent')).rejects.toThrow('known to be accepted by its server');
  },
);

test.each(SECOND_TRIES)(
  'a first try that turns out accepted while a second one is on its way decides, though that one ends $kind',
  async (second) => {
    bench.now += QUARTER;
    await say(1, 'resend');
    bench.answers = [second];
    bench.beforeAnswer = () => lateReply(1, { kind: 'accepted', code: 250, reply: '250 Ok' });
    await send();
    expect((await bench.states())[0]).toBe('accepted');
    expect(await bench.ledger()).toEqual({ rows: 3, counter: 3 });
  },
);

test('of several mails each gets its verdict, and the reason is told where it does not', async () => {
  await say(2, 'sent');
  const ruled = await resolveMessages(
    bench.store,
    [1, 2, 3].map((id) => ({ id, verdict: 'sent' as const })),
    { actor: null, now: () => bench.now },
  );
  expect(ruled.map(({ id, state, left }) => [id, state, left])).toEqual([
    [1, 'accepted', null],
    [2, 'accepted', 'is accepted by the same verdict already'],
    [3, 'accepted', null],
  ]);
});

test('one wrong number among several is found before anything is changed', async () => {
  const check = (ids: number[]) => checkRulings(bench.store, ids, 'sent', bench.now);
  await expect(check([1, 99])).rejects.toMatchObject({ code: 'not_found', message: 'there is no message 99' });
  await say(2, 'sent');
  await expect(check([1, 2])).rejects.toThrow('message 2 is accepted by the same verdict already; nothing was changed');
});

test('what was settled since a person chose it is left, not corrected', async () => {
  await say(1, 'sent');
  bench.now += QUARTER;
  const ruled = await resolveMessages(
    bench.store,
    [1, 2].map((id) => ({ id, verdict: 'resend' as const, seen: 'uncertain' as const })),
    { actor: null, now: () => bench.now },
  );
  expect(ruled.map(({ left }) => left)).toEqual(['is accepted now: it was settled meanwhile', null]);
  expect((await bench.states()).slice(0, 2)).toEqual(['accepted', 'ready']);
});
