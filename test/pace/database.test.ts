import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Campaign } from '../../src/domain/campaign.ts';
import { shutGatesOf } from '../../src/pipeline/explainMessage.ts';
import type { Limits } from '../../src/pipeline/gates.ts';
import { factsIn } from '../../src/pipeline/paceFacts.ts';
import { recoverMessages } from '../../src/pipeline/recoverMessages.ts';
import { refreshPace } from '../../src/pipeline/refreshPace.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { resume } from '../../src/pipeline/steerJob.ts';
import { resumeSender } from '../../src/pipeline/steerSender.ts';
import { noteAgainst } from '../../src/pipeline/watchSender.ts';
import { findJob } from '../../src/store/jobs.ts';
import { waitingMessage } from '../../src/store/outlook.ts';
import { senderNow } from '../../src/store/senders.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { paceOf } from '../support/pace.ts';
import { csv } from '../support/program.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const OFFICE = { days: [1, 2, 3, 4, 5], from: 540, to: 1020, timezone: 'Europe/Madrid', ofRecipient: true, except: [] };

let bench: Bench;

/** Monday, 23 November 2026, 10:00 UTC. */
beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

async function ready(leads: string, change: Partial<Campaign> = {}, at: number | null = null): Promise<void> {
  bench.campaign = campaignWith(change);
  await bench.import(leads, { send: { mode: at === null ? 'immediate' : 'scheduled', rate: null, at } });
  await bench.draft(1, 1_000);
}

const send = () => sendMessage(bench.sending(), 1, bench.campaign);

/** Sends until something is shut or nothing is due; how many left, and what ended it. */
async function sendAll(): Promise<{ sent: number; end: Awaited<ReturnType<typeof send>> }> {
  for (let sent = 0; ; sent++) {
    const end = await send();
    if (end.kind !== 'sent') return { sent, end };
  }
}

const leads = (emails: readonly string[], zones: readonly string[] = []) =>
  `Email,First name,Company,timezone\n${emails.map((email, index) => `${email},A,B,${zones[index] ?? ''}`).join('\n')}\n`;

test('warm-up counts days that sent, not days that passed, and a restart changes nothing', async () => {
  bench.pace = paceOf({ main: { dailyCap: 100, warmUp: { start: 3, step: 2 } } });
  await ready(csv(30));
  expect(await sendAll()).toMatchObject({ sent: 3, end: { gates: [{ gate: 'sender cap', opensAt: Date.parse('2026-11-24T00:00:00Z') }] } });
  await bench.reopen();
  expect(await sendAll()).toMatchObject({ sent: 0 });
  bench.now += DAY;
  expect(await sendAll()).toMatchObject({ sent: 5 });
  // Three days without a mail: the second day is the last that counts.
  bench.now += 4 * DAY;
  await bench.reopen();
  expect(await sendAll()).toMatchObject({ sent: 7 });
});

test('mails and a rest from a clock that was a year ahead fill no cap and no hour once it is set right', async () => {
  bench.pace = paceOf({ main: { dailyCap: 2 } }, { sendPerHour: 2 });
  await ready(csv(9));
  bench.now += 365 * DAY;
  bench.answers = [
    { kind: 'accepted', code: 250, reply: '250 Ok' },
    { kind: 'throttled', code: null, reply: '450 slow down' },
  ];
  await sendAll();
  await bench.reopen();
  bench.now -= 365 * DAY;
  expect(await sendAll()).toMatchObject({ sent: 2 });
});

test('a day on which nothing reached the provider is no day of warm-up', async () => {
  bench.pace = paceOf({ main: { dailyCap: 100, warmUp: { start: 1, step: 5 } } });
  await ready(csv(9));
  bench.answers = [{ kind: 'sender_failed', code: null, reply: 'ECONNREFUSED', beforeMail: true }];
  await send();
  bench.now += DAY;
  expect(await sendAll()).toMatchObject({ sent: 1 });
});

test('the canary’s mails leave, the rest waits, and goes on when they came back clean', async () => {
  await ready(csv(5), { canary: { first: 2, wait: 4 * HOUR, max_bounces: 0 } });
  expect(await sendAll()).toMatchObject({ sent: 2, end: { gates: [{ gate: 'canary', opensAt: bench.now + 4 * HOUR }] } });
  await bench.reopen();
  bench.now += 4 * HOUR - 1;
  expect(await sendAll()).toMatchObject({ sent: 0 });
  bench.now += 1;
  expect(await sendAll()).toMatchObject({ sent: 3, end: { kind: 'nothing_due' } });
});

test('a canary that bounced pauses its job until a person resumes it', async () => {
  await ready(csv(5), { canary: { first: 2, wait: HOUR, max_bounces: 0 } });
  bench.answers = [{ kind: 'recipient_refused', code: 550, reply: '550 5.1.1 nobody' }];
  await sendAll();
  bench.now += HOUR;
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'canary', opensAt: null }], opensAt: null });
  expect(await findJob(bench.store.db, 1)).toMatchObject({ pause_reason: 'canary' });
  await resume(bench.store, 1, bench.now);
  expect(await sendAll()).toMatchObject({ sent: 3 });
});

test('a job that nobody started for more than a day after its time waits for a person', async () => {
  const start = bench.now + HOUR;
  await ready(csv(3), {}, start);
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'scheduled', opensAt: start }] });
  bench.now = start + DAY + 1;
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'overdue', opensAt: null }] });
  expect(await findJob(bench.store.db, 1)).toMatchObject({ pause_reason: 'overdue', paused_at: bench.now });
  await resume(bench.store, 1, bench.now);
  bench.now += 3 * DAY;
  expect(await sendAll()).toMatchObject({ sent: 3 });
});

test.each([false, true])(
  'a job scheduled for a weekend that its window excludes is not overdue on Monday (window of the recipient: %s)',
  async (own) => {
    bench.now = Date.parse('2026-11-20T20:00:00Z');
    await ready(csv(1), { window: { ...OFFICE, ofRecipient: own } }, Date.parse('2026-11-21T09:00:00Z'));
    bench.now = Date.parse('2026-11-23T08:00:00Z');
    expect(await send()).toMatchObject({ kind: 'sent' });
  },
);

test('a job that stands in line behind a full cap is not overdue when its turn comes', async () => {
  bench.pace = paceOf({ main: { dailyCap: 1 } });
  await ready(csv(2));
  await send();
  const start = bench.now + HOUR;
  await bench.import(csv(4), { send: { mode: 'scheduled', rate: null, at: start } });
  await bench.draft(2, 10);
  bench.now = start;
  const sendSecond = () => sendMessage(bench.sending(), 2, bench.campaign);
  expect(await sendSecond()).toMatchObject({ kind: 'shut', gates: [{ gate: 'sender cap' }] });
  bench.now += 3 * DAY;
  expect(await sendSecond()).toMatchObject({ kind: 'sent' });
});

test('a job that began in time goes on however long it takes', async () => {
  await ready(csv(2), {}, bench.now);
  bench.now += DAY;
  expect(await send()).toMatchObject({ kind: 'sent' });
  bench.now += 5 * DAY;
  expect(await send()).toMatchObject({ kind: 'sent' });
});

test('each recipient has the window of its own zone, and those who may be written to do not wait for the others', async () => {
  const emails = ['tokyo@a.example', 'madrid@b.example', 'york@c.example', 'none@d.example'];
  await ready(leads(emails, ['Asia/Tokyo', 'Europe/Madrid', 'America/New_York', 'Nowhere']), { window: OFFICE });
  const { sent, end } = await sendAll();
  expect(sent).toBe(2);
  expect(bench.delivered).toEqual(['madrid@b.example', 'none@d.example']);
  expect(end).toMatchObject({ kind: 'nothing_due', opensAt: Date.parse('2026-11-23T14:00:00Z') });
  bench.now = Date.parse('2026-11-24T00:00:00Z');
  await sendAll();
  expect(bench.delivered.slice(2)).toEqual(['tokyo@a.example']);
  bench.now = Date.parse('2026-11-24T14:00:00Z');
  await sendAll();
  expect(bench.delivered.slice(3)).toEqual(['york@c.example']);
});

test('two workers with other windows put the line in order once each, not again and again because of each other', async () => {
  await ready(leads(['tokyo@a.example'], ['Asia/Tokyo']), { window: OFFICE });
  const settle = (limits: Partial<Limits>, done?: string) =>
    refreshPace(bench.store, bench.campaign, { ...bench.pace.limits, ...limits }, [1], done);
  const pace = () => bench.store.db.selectFrom('campaigns').select('pace_hash').executeTakeFirstOrThrow();
  const first = await settle({});
  await settle({ domainGap: HOUR });
  const { pace_hash } = await pace();
  expect(pace_hash).not.toBe(first);
  expect(await send()).toMatchObject({ kind: 'nothing_due', opensAt: Date.parse('2026-11-24T00:00:00Z') });
  expect(await settle({}, first)).toBe(first);
  expect(await pace()).toEqual({ pace_hash });
});

test('when windows change, mails that waited for the old ones are asked again', async () => {
  await ready(leads(['tokyo@a.example'], ['Asia/Tokyo']), { window: OFFICE });
  const settle = () => refreshPace(bench.store, bench.campaign, bench.pace.limits, [1]);
  await settle();
  expect(await send()).toMatchObject({ kind: 'nothing_due', opensAt: Date.parse('2026-11-24T00:00:00Z') });
  await settle();
  expect(await send()).toMatchObject({ kind: 'nothing_due' });
  bench.campaign = campaignWith({ window: null });
  await settle();
  expect(await send()).toMatchObject({ kind: 'sent' });
});

test('one company gets no more than its mails a day, however many jobs and senders there are, and freemail is none', async () => {
  bench.pace = paceOf({ main: {} }, { perCompanyDay: 2 });
  const emails = ['a@one.example', 'b@one.example', 'c@one.example', 'd@two.example', 'e@gmail.com', 'f@gmail.com', 'g@gmail.com'];
  await ready(leads(emails));
  expect(await sendAll()).toMatchObject({ sent: 6, end: { opensAt: bench.now + DAY } });
  expect(bench.delivered).not.toContain('c@one.example');
  bench.now += DAY;
  expect(await sendAll()).toMatchObject({ sent: 1 });
});

test('mails to one domain keep their distance, and stand in line a gap apart', async () => {
  bench.pace = paceOf({ main: {} }, { domainGap: 10 * 60_000 });
  await ready(leads(['a@one.example', 'b@one.example', 'c@one.example', 'd@two.example']));
  const start = bench.now;
  expect(await sendAll()).toMatchObject({ sent: 2, end: { opensAt: start + 600_000 } });
  const due = await bench.store.db.selectFrom('messages').select('due_at').where('state', '=', 'ready').orderBy('id').execute();
  expect(due.map(({ due_at }) => due_at - start)).toEqual([600_000, 1_200_000]);
});

test('hard bounces warn, then stop the sender; resuming it forgives them', async () => {
  await ready(csv(120));
  bench.answers = Array.from({ length: 120 }, (_, index) =>
    index % 18 === 0
      ? { kind: 'recipient_refused', code: 550, reply: '550 5.1.1 nobody' }
      : { kind: 'accepted', code: 250, reply: '250 Ok' },
  );
  const warnings: (string | null)[] = [];
  for (let result = await send(); result.kind === 'sent'; result = await send()) warnings.push(result.end.warning);
  expect(warnings).toHaveLength(55);
  expect(warnings.at(-1)).toContain('hard bounces: 4 of 55 mails in 7 days (7.3 %; a sender stops at 5 %)');
  expect(await senderNow(bench.store.db, 'main')).toMatchObject({ stopped_at: bench.now, reason: expect.stringContaining('hard bounces') });
  bench.now += 8 * DAY;
  expect(await send()).toMatchObject({ kind: 'shut', gates: [{ gate: 'sender stopped' }] });
  await resumeSender(bench.store, 'main');
  bench.answers = [];
  expect(await sendAll()).toMatchObject({ sent: 65 });
});

test('complaints count against the day of their mail, and stop a sender at 0.3 %', async () => {
  await ready(csv(60));
  await sendAll();
  const attempt = { sender: 'main', started_at: bench.now, day: '2026-11-23' };
  const said = await bench.store.write((tx) => noteAgainst(tx, attempt, 'complained', bench.now));
  expect(said).toContain('complaints: 1 of 60 mails in 7 days');
  expect((await senderNow(bench.store.db, 'main')).stopped_at).toBe(bench.now);
});

test('bounces older than a week are no longer held against a sender', async () => {
  await ready(csv(60));
  await sendAll();
  bench.now += 8 * DAY;
  const attempt = { sender: 'main', started_at: bench.now, day: '2026-11-23' };
  expect(await bench.store.write((tx) => noteAgainst(tx, attempt, 'bounced', bench.now))).toBeNull();
});

test('ten silences in a row of living conversations stop a sender; a reply in between begins anew, and deaths do not count', async () => {
  await ready(csv(40));
  const silence = { kind: 'ambiguous', code: null, reply: 'connection closed' } as const;
  bench.answers = [...Array.from({ length: 9 }, () => silence), { kind: 'accepted', code: 250, reply: '250 Ok' }];
  for (let mail = 0; mail < 10; mail++) await send();
  expect((await senderNow(bench.store.db, 'main')).uncertain_in_row).toBe(0);
  bench.answers = Array.from({ length: 9 }, () => silence);
  for (let mail = 0; mail < 9; mail++) await send();
  // A worker that dies after the arm leaves an uncertain mail too; that is no silence of the server.
  bench.beforeArm = async () => {
    throw new Error('died');
  };
  await expect(send()).rejects.toThrow();
  bench.now += 3 * HOUR;
  await recoverMessages(
    bench.store,
    () => false,
    () => bench.now,
  );
  bench.beforeArm = async () => {};
  expect((await senderNow(bench.store.db, 'main')).stopped_at).toBeNull();
  bench.answers = [silence];
  expect(await send()).toMatchObject({ end: { warning: expect.stringContaining('10 mails in a row') } });
  expect((await senderNow(bench.store.db, 'main')).stopped_at).toBe(bench.now);
});

test('why: every shut gate is named with whose it is and when it opens, and free senders are told', async () => {
  bench.pace = paceOf({ main: { gap: { min: 60_000, max: 60_000 } }, backup: {} }, { perCompanyDay: 1 });
  await ready(leads(['a@one.example', 'b@one.example', 'c@two.example'], ['', 'Asia/Tokyo', '']), {
    senders: ['main', 'backup'],
    window: OFFICE,
  });
  await send();
  const [message, job] = [await waitingMessage(bench.store.db, 2), await findJob(bench.store.db, 1)];
  if (message === undefined || job === undefined) throw new Error('message 2 is gone');
  const found = await shutGatesOf(factsIn(bench.store.db), message, job, bench.campaign, bench.pace, bench.now);
  expect(found).toEqual({
    freeSenders: ['backup'],
    gates: [
      { gate: 'sender gap', of: 'sender', name: 'main', opensAt: bench.now + 60_000 },
      { gate: 'recipient window', of: 'recipient', name: null, opensAt: Date.parse('2026-11-24T00:00:00Z') },
      { gate: 'company cap', of: 'recipient', name: null, opensAt: bench.now + DAY },
    ],
  });
});
