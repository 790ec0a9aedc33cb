import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAddresses } from '../../src/csv/addresses.ts';
import { claimMessage } from '../../src/pipeline/claimMessage.ts';
import { finishMessage } from '../../src/pipeline/finishMessage.ts';
import { markSent } from '../../src/pipeline/reconcile.ts';
import { recoverMessages } from '../../src/pipeline/recoverMessages.ts';
import { resolveMessage } from '../../src/pipeline/resolveMessage.ts';
import { retryMessages } from '../../src/pipeline/retryMessages.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { cancel, pause } from '../../src/pipeline/steerJob.ts';
import { suppress, suppressionOf } from '../../src/store/suppressions.ts';
import { registerWorker } from '../../src/store/workers.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { paceOf } from '../support/pace.ts';
import { csv } from '../support/program.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

async function ready(count = 1): Promise<void> {
  await bench.import(csv(count));
  await bench.draft();
}

const send = () => sendMessage(bench.sending(), 1, bench.campaign);

test('an accepted mail is accepted, counted once, and its attempt holds the hash of the bytes', async () => {
  await ready();
  expect(await send()).toMatchObject({ kind: 'sent', end: { state: 'accepted' } });
  expect(await bench.states()).toEqual(['accepted']);
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
  const [attempt] = await bench.store.db.selectFrom('attempts').selectAll().execute();
  expect(attempt).toMatchObject({ outcome: 'accepted', code: 250, armed_at: bench.now });
  expect(attempt?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(await send()).toMatchObject({ kind: 'nothing_due' });
});

test('an ambiguous end is uncertain for good: no retry, and the ledger keeps its place', async () => {
  await ready();
  bench.answers = [{ kind: 'ambiguous', code: null, reply: 'connection closed' }];
  await send();
  expect(await bench.states()).toEqual(['uncertain']);
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
  bench.now += 100 * 86_400_000;
  expect(await send()).toMatchObject({ kind: 'nothing_due' });
});

test('a temporary refusal is tried again after the policy’s delays, with the same Message-ID and bytes', async () => {
  await ready();
  bench.answers = [
    { kind: 'temporary', code: 451, reply: '451 later' },
    { kind: 'temporary', code: 451, reply: '451 later' },
  ];
  const frozen = await bench.store.db.selectFrom('messages').select('frozen_sha256').executeTakeFirst();
  await send();
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
  expect(await send()).toMatchObject({ kind: 'nothing_due', opensAt: bench.now + 60_000 });
  bench.now += 60_000;
  await send();
  expect(await send()).toMatchObject({ kind: 'nothing_due', opensAt: bench.now + 300_000 });
  bench.now += 300_000;
  await send();
  expect(await bench.states()).toEqual(['accepted']);
  expect(await bench.store.db.selectFrom('messages').select('frozen_sha256').executeTakeFirst()).toEqual(frozen);
  expect(bench.delivered).toHaveLength(1);
});

test.each([
  ['a bounce', { kind: 'recipient_refused', code: 550, reply: '550 5.1.1 no such user' }, 'failed'],
  ['a server that cannot be reached', { kind: 'sender_failed', code: null, reply: 'refused', beforeMail: true }, 'ready'],
  ['a silence', { kind: 'ambiguous', code: null, reply: 'connection closed' }, 'uncertain'],
] as const)('the end of an attempt recorded twice counts once: %s', async (_, delivery, state) => {
  await ready();
  const claim = await claimMessage(bench.sending(), 1, bench.campaign);
  if (claim.kind !== 'claimed') throw new Error('nothing was claimed');
  const record = () => finishMessage(bench.sending(), claim, bench.campaign, delivery);
  const all = async () => {
    const tables = ['messages', 'attempts', 'events', 'senders', 'sender_days', 'suppressions', 'usage_ledger'] as const;
    return Promise.all(tables.map((table) => bench.store.db.selectFrom(table).selectAll().execute()));
  };
  expect(await record()).toMatchObject({ state });
  const once = await all();
  bench.now += 1_000;
  expect(await record()).toMatchObject({ state });
  expect(await all()).toEqual(once);
});

test('tries run out after the policy’s open-window time', async () => {
  await ready();
  bench.answers = Array.from({ length: 50 }, () => ({ kind: 'temporary', code: 451, reply: '451 later' }) as const);
  for (let tries = 0; tries < 40 && (await bench.states())[0] === 'ready'; tries++) {
    await send();
    bench.now += 3_600_000;
  }
  expect(await bench.states()).toEqual(['failed']);
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
});

test('a failure before MAIL rests the sender and costs the message no try', async () => {
  await ready(2);
  bench.answers = [{ kind: 'sender_failed', code: null, reply: 'ECONNREFUSED', beforeMail: true }];
  await send();
  expect(await bench.states()).toEqual(['ready', 'ready']);
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'sender resting' }], opensAt: bench.now + 30_000 });
  bench.now += 30_000;
  bench.answers = [{ kind: 'sender_failed', code: null, reply: 'ECONNREFUSED', beforeMail: true }];
  await send();
  expect(await send()).toMatchObject({ kind: 'shut', opensAt: bench.now + 60_000 });
  const tries = await bench.store.db.selectFrom('messages').select('tries').execute();
  expect(tries).toEqual([{ tries: 0 }, { tries: 0 }]);
});

test('a refused recipient fails, is suppressed, and cannot be retried', async () => {
  await ready();
  bench.answers = [{ kind: 'recipient_refused', code: 550, reply: '550 5.1.1 No such user' }];
  await send();
  expect(await bench.states()).toEqual(['failed']);
  expect(await suppressionOf(bench.store.db, 'lead0@company0.example')).toContain('5.1.1');
  expect(await retryMessages(bench.store, { ids: [1] }, () => bench.now)).toEqual({
    retried: 0,
    suppressed: 1,
    cancelled: 0,
    sent_already: 0,
    on_its_way: 0,
  });
});

test('retry puts a failed mail back with its tries forgotten', async () => {
  await ready();
  bench.answers = [{ kind: 'content_refused', code: 554, reply: '554 no' }];
  await send();
  expect(await retryMessages(bench.store, { jobId: 1 }, () => bench.now)).toEqual({
    retried: 1,
    suppressed: 0,
    cancelled: 0,
    sent_already: 0,
    on_its_way: 0,
  });
  await send();
  expect(await bench.states()).toEqual(['accepted']);
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
});

test.each([
  [
    'suppressed',
    async () => void (await bench.store.write((tx) => suppress(tx, 'lead0@company0.example', 'asked to stop', 'a person', bench.now))),
  ],
  ['paused', async () => void (await pause(bench.store, 1, bench.now))],
  ['cancelled', async () => void (await cancel(bench.store, 1, () => bench.now))],
])('between claim and arm the mail is still stopped when it is %s', async (_, stop) => {
  await ready();
  bench.beforeArm = stop;
  expect(await send()).toMatchObject({ delivery: { kind: 'not_armed' } });
  expect(bench.delivered).toEqual([]);
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
});

test('a mail of a cancelled job that must be tried again is cancelled instead', async () => {
  await ready();
  bench.beforeArm = async () => void (await cancel(bench.store, 1, () => bench.now));
  await send();
  expect(await bench.states()).toEqual(['cancelled']);
});

test('a suppressed address is set aside by the claim, and the next lead is taken', async () => {
  await ready(2);
  await bench.store.write((tx) => suppress(tx, 'lead0@company0.example', 'asked to stop', 'a person', bench.now));
  await send();
  expect(await bench.states()).toEqual(['suppressed', 'accepted']);
});

test('what was drafted from other content is never sent', async () => {
  await ready();
  await bench.store.db.updateTable('campaigns').set({ content_hash: 'changed' }).execute();
  expect(await send()).toMatchObject({ kind: 'nothing_due' });
  expect(await bench.states()).toEqual(['pending']);
});

async function claimAndDie(armed: boolean): Promise<void> {
  await bench.store.write((tx) => registerWorker(tx, { id: 'dead', host: 'h', pid: 1, mode: 'forever', started_at: 0 }));
  bench.beforeArm = async () => {
    if (!armed) throw new Error('killed');
  };
  bench.answers = [];
  const deps = bench.sending('dead');
  const mailer = deps.mailerFor('main');
  const dying = {
    ...mailer,
    deliver: async (mail: never, attempt: never) => {
      await mailer.deliver(mail, attempt);
      throw new Error('killed');
    },
  };
  await expect(sendMessage({ ...deps, mailerFor: () => dying }, 1, bench.campaign)).rejects.toThrow('killed');
  bench.beforeArm = async () => {};
}

test('R1: unarmed mail of a dead worker is ready again, and goes out once', async () => {
  await ready();
  await claimAndDie(false);
  expect(
    await recoverMessages(
      bench.store,
      () => false,
      () => bench.now,
    ),
  ).toEqual({ pending: 0, ready: 1, uncertain: 0 });
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
  await send();
  expect(await bench.states()).toEqual(['accepted']);
});

test('R2: armed mail of a dead worker is uncertain and stays so', async () => {
  await ready();
  await claimAndDie(true);
  expect(
    await recoverMessages(
      bench.store,
      () => false,
      () => bench.now,
    ),
  ).toEqual({ pending: 0, ready: 0, uncertain: 1 });
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
  expect(await send()).toMatchObject({ kind: 'nothing_due' });
});

test('a living worker past its deadline loses what it held, and can no longer arm it', async () => {
  await ready();
  let recovered: unknown;
  bench.beforeArm = async () => {
    bench.now += 6 * 60_000;
    recovered ??= await recoverMessages(
      bench.store,
      () => true,
      () => bench.now,
    );
  };
  expect(await send()).toMatchObject({ end: { state: 'superseded' }, delivery: { kind: 'not_armed' } });
  expect(recovered).toEqual({ pending: 0, ready: 1, uncertain: 0 });
  expect(bench.delivered).toEqual([]);
});

/** A mail that recovery calls uncertain while its worker waits for the reply, and `meanwhile` before that one arrives. */
async function acceptedLate(meanwhile: () => Promise<unknown>) {
  await ready();
  const deps = bench.sending();
  const mailer = deps.mailerFor('main');
  const deliver: typeof mailer.deliver = async (mail, attempt) => {
    const delivery = await mailer.deliver(mail, attempt);
    bench.now += 16 * 60_000;
    await recoverMessages(
      bench.store,
      () => true,
      () => bench.now,
    );
    await meanwhile();
    return delivery;
  };
  return sendMessage({ ...deps, mailerFor: () => ({ ...mailer, deliver }) }, 1, bench.campaign);
}

test('T4: a late reply of the same attempt settles an uncertain mail', async () => {
  const sent = await acceptedLate(async () => expect(await bench.states()).toEqual(['uncertain']));
  expect(sent).toMatchObject({ end: { state: 'accepted' } });
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
});

async function uncertain(): Promise<void> {
  await ready();
  bench.answers = [{ kind: 'ambiguous', code: null, reply: 'cut' }];
  await send();
}

test('resolve --sent and --not-sent settle an uncertain mail, and only the second gives its place back', async () => {
  await uncertain();
  expect(await resolveMessage(bench.store, 1, 'sent', bench.now)).toBe('accepted');
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
  await expect(resolveMessage(bench.store, 1, 'sent', bench.now)).rejects.toThrow('message 1 is accepted');
});

test('resolve --not-sent fails the mail and releases the ledger', async () => {
  await uncertain();
  expect(await resolveMessage(bench.store, 1, 'not_sent', bench.now)).toBe('failed');
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
});

test('resolve --resend waits for the deadline, keeps the ledger row, and sends once more', async () => {
  await uncertain();
  await expect(resolveMessage(bench.store, 1, 'resend', bench.now)).rejects.toThrow('may still be accepted until');
  bench.now += 15 * 60_000;
  expect(await resolveMessage(bench.store, 1, 'resend', bench.now)).toBe('ready');
  await send();
  expect(await bench.states()).toEqual(['accepted']);
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
});

test.each([
  ['resolve --resend', 'resend', 0],
  ['resolve --not-sent', 'not_sent', 0],
  ['resolve --not-sent and a retry', 'not_sent', 1],
] as const)('a late acceptance wins over %s, and the mail never leaves again', async (_, verdict, retries) => {
  const sent = await acceptedLate(async () => {
    await resolveMessage(bench.store, 1, verdict, bench.now);
    if (retries > 0) expect(await retryMessages(bench.store, { ids: [1] }, () => bench.now)).toMatchObject({ retried: 1 });
  });
  expect(sent).toMatchObject({ end: { state: 'accepted' } });
  expect(await bench.states()).toEqual(['accepted']);
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
  expect((await retryMessages(bench.store, { jobId: 1 }, () => bench.now)).retried).toBe(0);
  expect(await send()).toMatchObject({ kind: 'nothing_due' });
  expect(bench.delivered).toHaveLength(1);
});

test('a late acceptance keeps a mail that is on its way again from leaving, and the next claim settles it', async () => {
  const second = bench.sending('w2');
  let again: Promise<unknown> | undefined;
  let granted = () => {};
  const first = acceptedLate(async () => {
    await resolveMessage(bench.store, 1, 'resend', bench.now);
    // The second try is claimed, and reaches its arm only after the first one's reply is stored.
    const claimed = new Promise<void>((resolve) => {
      bench.beforeArm = () => {
        resolve();
        return new Promise((grant) => {
          granted = grant;
        });
      };
    });
    again = sendMessage(second, 1, bench.campaign);
    await claimed;
  });
  expect(await first).toMatchObject({ end: { state: 'superseded' } });
  granted();
  expect(await again).toMatchObject({ delivery: { kind: 'not_armed' } });
  bench.beforeArm = async () => {};
  expect(await send()).toMatchObject({ kind: 'nothing_due' });
  expect(await bench.states()).toEqual(['accepted']);
  expect(bench.delivered).toHaveLength(1);
});

test('retry waits, as resolve --resend does, until nothing of the last try can still be accepted', async () => {
  await uncertain();
  await resolveMessage(bench.store, 1, 'not_sent', bench.now);
  expect(await retryMessages(bench.store, { jobId: 1 }, () => bench.now)).toMatchObject({ retried: 0, on_its_way: 1 });
  bench.now += 15 * 60_000;
  expect(await retryMessages(bench.store, { jobId: 1 }, () => bench.now)).toMatchObject({ retried: 1, on_its_way: 0 });
});

test('resolve --resend is refused for a cancelled job, whose uncertain mail stays uncertain', async () => {
  await uncertain();
  await cancel(bench.store, 1, () => bench.now);
  expect(await bench.states()).toEqual(['uncertain']);
  bench.now += 15 * 60_000;
  await expect(resolveMessage(bench.store, 1, 'resend', bench.now)).rejects.toThrow('cancelled');
});

test('a drip sends one mail an interval and makes up for nothing it missed', async () => {
  await bench.import(csv(5), { send: { mode: 'drip', rate: 20, at: null } });
  await bench.draft();
  await send();
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'drip', opensAt: bench.now + 180_000 }] });
  bench.now += 10 * 180_000;
  await send();
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'drip' }] });
  expect(bench.delivered).toHaveLength(2);
});

test('a drain sends what was due at its start and no slot that it opens itself', async () => {
  await bench.import(csv(3), { send: { mode: 'drip', rate: 3_600_000, at: null } });
  await bench.draft();
  const start = bench.now;
  await sendMessage(bench.sending(), 1, bench.campaign, start);
  bench.now += 1_000;
  expect(await sendMessage(bench.sending(), 1, bench.campaign, start)).toMatchObject({ kind: 'shut', gates: [{ gate: 'drip' }] });
});

test('caps, gaps, limits and windows shut the gate and say when it opens', async () => {
  await ready(9);
  const { now } = bench;
  bench.pace = paceOf({ main: { gap: { min: 60_000, max: 180_000 } } });
  await send();
  expect(await send()).toMatchObject({ gates: [{ gate: 'sender gap', opensAt: now + 120_000 }] });
  bench.now += 120_000;
  bench.pace = paceOf({ main: { dailyCap: 2 } });
  await send();
  expect(await send()).toMatchObject({ gates: [{ gate: 'sender cap', opensAt: now + 86_400_000 }] });
  bench.pace = paceOf({ main: {} }, { sendPerHour: 2 });
  expect(await send()).toMatchObject({ gates: [{ gate: 'hourly limit', opensAt: now + 3_600_000 }] });
  bench.pace = paceOf({ main: {} }, { emailsPerMonth: 2 });
  expect(await send()).toMatchObject({ gates: [{ gate: 'monthly limit', opensAt: Date.parse('2026-12-01T00:00:00Z') }] });
  bench.pace = paceOf({ main: {} });
  bench.campaign = campaignWith({
    window: { days: [1, 2, 3, 4, 5], from: 12 * 60, to: 17 * 60, timezone: 'Europe/Madrid', ofRecipient: false, except: [] },
  });
  expect(await send()).toMatchObject({ gates: [{ gate: 'window', opensAt: Date.parse('2026-11-23T11:00:00Z') }] });
});

test('the second sender takes over while the first rests', async () => {
  await bench.close();
  bench = await Bench.open({ senders: ['main', 'backup'] });
  bench.pace = paceOf({ main: {}, backup: {} });
  await ready(1);
  bench.answers = [{ kind: 'sender_failed', code: null, reply: 'ETIMEDOUT', beforeMail: true }];
  expect(await send()).toMatchObject({ sender: 'main', end: { state: 'ready' } });
  expect(await send()).toMatchObject({ sender: 'backup', end: { state: 'accepted' } });
});

test('an outage uses up no retry time: the clock starts with the first try that the provider saw', async () => {
  await ready();
  bench.answers = [{ kind: 'sender_failed', code: null, reply: 'ECONNREFUSED', beforeMail: true }];
  await send();
  bench.now += 3 * 86_400_000;
  bench.answers = [{ kind: 'temporary', code: 450, reply: '450 later' }];
  expect(await send()).toMatchObject({ end: { state: 'ready' } });
});

test('a mail that was on its way before does not end the rest of a refused sender', async () => {
  await ready(2);
  bench.beforeArm = async () => {
    bench.beforeArm = async () => {};
    bench.answers = [{ kind: 'sender_refused', code: 535, reply: '535 no', beforeMail: true }];
    await send();
    bench.answers = [];
  };
  expect(await send()).toMatchObject({ end: { state: 'accepted' } });
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'sender resting' }], opensAt: bench.now + 15 * 60_000 });
});

test('a failed mail on a list of what was sent is not tried again', async () => {
  await bench.import(csv(2));
  await bench.draft();
  bench.answers = [
    { kind: 'content_refused', code: 554, reply: '554 no' },
    { kind: 'content_refused', code: 554, reply: '554 no' },
  ];
  await send();
  await send();
  const list = bench.folder.write('sent.csv', 'id,to\n1,"[""lead0@company0.example"", ""ana@ruiz.example""]"\n');
  const people = await readAddresses(list, 'sent.csv');
  expect(people).toEqual(['lead0@company0.example', 'ana@ruiz.example']);
  expect(await markSent(bench.store, people, 'sent.csv', () => bench.now)).toMatchObject({ messages: 0, busy: 0 });
  expect(await retryMessages(bench.store, { jobId: 1 }, () => bench.now)).toMatchObject({ retried: 1, sent_already: 1 });
  expect(await bench.states()).toEqual(['failed', 'ready']);
});
