import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/domain/duration.ts';
import { httpMailer } from '../../src/mail/http.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { ProviderClock } from '../../src/mail/providerClock.ts';
import { resend } from '../../src/mail/resend.ts';
import { replayMessage } from '../../src/pipeline/replayMessage.ts';
import { resolveMessage } from '../../src/pipeline/resolveMessage.ts';
import { type SendDependencies, sendMessage } from '../../src/pipeline/sendMessage.ts';
import { attemptsOf } from '../../src/store/attempts.ts';
import { Bench } from '../support/bench.ts';
import { type HttpFault, type MailProvider, startMailProvider } from '../support/mailProvider.ts';

let bench: Bench;
let provider: MailProvider;
let mailer: Mailer;
let faults: HttpFault[];
/** How far the provider's clock, which is right, is ahead of that at the beginning. */
let later: number;
const closing: (() => Promise<void> | void)[] = [];

const accounts = new Map([['main', 'ours']]);

beforeEach(async () => {
  faults = [];
  later = 0;
  bench = await Bench.open();
  bench.now = Date.now();
  await bench.register(accounts);
  await bench.import();
  await bench.draft();
  provider = await startMailProvider((to) => (to === undefined ? undefined : faults.shift()));
  provider.now = () => Date.now() + later;
  mailer = httpMailer(resend('k', provider.url));
});

afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0).reverse()) await close();
  await mailer.close();
  await provider.close();
  await bench.close();
});

const deps = (way = mailer): SendDependencies => ({ ...bench.sending(), providerOf: () => 'resend', mailerFor: () => way });
const replay = (way = mailer) => replayMessage({ ...deps(way), accounts });
const state = async () => (await bench.states())[0];
const taken = () => provider.requests.filter(({ to }) => to === 'lead0@company0.example').length;

/** The first mail reaches Resend, and its answer never comes. */
async function leaveUncertain(): Promise<void> {
  faults.push('reset after the request, taken');
  expect(await sendMessage(deps(), 1, bench.campaign)).toMatchObject({ end: { state: 'uncertain' } });
}

/** Both clocks go on. */
function pass(ms: number): void {
  bench.now += ms;
  later += ms;
}

/** As after a restart of the machine. */
async function restart(): Promise<void> {
  await bench.reopen();
  await mailer.close();
  mailer = httpMailer(resend('k', provider.url));
}

test('the time that the provider told is stored with the attempt before the request, and how far that got after it', async () => {
  later = 5 * HOUR;
  await leaveUncertain();
  const [tried] = await attemptsOf(bench.store.db, 1);
  expect(Math.abs((tried?.provider_time ?? 0) - provider.now())).toBeLessThan(3_000);
  expect(tried).toMatchObject({ outcome: 'ambiguous', progress: 'end' });
});

test('a request is repeated for 23 hours of the provider’s clock, and not for longer', async () => {
  await leaveUncertain();
  pass(23 * HOUR - MINUTE);
  expect(await replay()).toMatchObject({ state: 'accepted' });
  faults.push('reset after the request, taken');
  expect(await sendMessage(deps(), 1, bench.campaign)).toMatchObject({ end: { state: 'uncertain' } });
  pass(23 * HOUR + MINUTE);
  expect(await replay()).toBeUndefined();
  pass(HOUR);
  expect(await replay()).toBeUndefined();
  expect(provider.requests).toHaveLength(2);
});

test('a local clock that was a day ahead and was set right neither repeats a request too late nor keeps it from being repeated', async () => {
  bench.now += DAY;
  await leaveUncertain();
  bench.now -= DAY;
  // By the local clock it is asked for in a day.
  pass(HOUR);
  faults.push('reset after the request, not taken');
  expect(await replay()).toMatchObject({ state: 'accepted' });
  expect(taken()).toBe(1);

  bench.now += DAY;
  faults.splice(0, 1, 'reset after the request, taken');
  expect(await sendMessage(deps(), 1, bench.campaign)).toMatchObject({ end: { state: 'uncertain' } });
  bench.now -= DAY;
  // By the local clock the request is an hour old.
  pass(25 * HOUR);
  expect(await replay()).toBeUndefined();
  pass(HOUR);
  expect(await replay()).toBeUndefined();
  expect(provider.requests).toHaveLength(2);
});

test('a clock that stood still while the machine was off repeats nothing', async () => {
  await leaveUncertain();
  await restart();
  bench.now += MINUTE;
  later += 25 * HOUR;
  expect(await replay()).toBeUndefined();
  bench.now += HOUR;
  expect(await replay()).toBeUndefined();
  expect([taken(), await state()]).toEqual([1, 'uncertain']);
});

test('a local clock that jumps ahead does not end the 23 hours', async () => {
  await leaveUncertain();
  await restart();
  bench.now += 40 * DAY;
  later += HOUR;
  expect(await replay()).toMatchObject({ state: 'accepted' });
  expect(taken()).toBe(1);
});

test('a mail whose provider told no time before it stays uncertain, though it tells it later', async () => {
  const { date } = provider;
  provider.date = () => undefined;
  await leaveUncertain();
  provider.date = date;
  expect(await attemptsOf(bench.store.db, 1)).toMatchObject([{ provider_time: null, replay_at: null }]);
  pass(HOUR);
  expect(await replay()).toBeUndefined();
  expect([taken(), await state()]).toEqual([1, 'uncertain']);
});

test('a mail that was armed before times were stored is not repeated, though that was planned', async () => {
  await leaveUncertain();
  await bench.store.db.updateTable('attempts').set({ provider_time: null }).where('message_id', '=', 1).execute();
  pass(HOUR);
  expect(await replay()).toBeUndefined();
  expect(await attemptsOf(bench.store.db, 1)).toMatchObject([{ replay_at: null }]);
});

test('while the provider tells no time nothing is repeated, and later it is', async () => {
  await leaveUncertain();
  const { date } = provider;
  provider.date = () => undefined;
  pass(HOUR);
  expect(await replay()).toBeUndefined();
  provider.date = date;
  expect(await replay()).toBeUndefined();
  pass(HOUR);
  expect(await replay()).toMatchObject({ state: 'accepted' });
});

test('a provider whose clock is behind the time that it told before is not asked', async () => {
  await leaveUncertain();
  bench.now += HOUR;
  later -= MINUTE;
  expect(await replay()).toBeUndefined();
  pass(HOUR);
  expect(await replay()).toBeUndefined();
  expect(taken()).toBe(1);
});

test('a machine that sleeps between the provider’s answer and the request does not send that', async () => {
  await leaveUncertain();
  pass(22 * HOUR);
  const deliver: Mailer['deliver'] = (mail, attempt) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * HOUR });
    return mailer.deliver(mail, attempt);
  };
  expect(await replay({ ...mailer, deliver })).toMatchObject({ state: 'uncertain', reply: expect.stringContaining('not released') });
  expect([taken(), await state()]).toEqual([1, 'uncertain']);
});

test('a key’s age counts from the first request that carried it, though a person had the mail sent again since', async () => {
  await leaveUncertain();
  for (const id of [2, 3])
    expect(await sendMessage(deps(), 1, bench.campaign)).toMatchObject({ messageId: id, end: { state: 'accepted' } });
  pass(20 * HOUR);
  await resolveMessage(bench.store, 1, 'resend', bench.now);
  // Known there, so the answer is that of the first; it is lost on the way.
  const lost: Mailer = {
    ...mailer,
    deliver: async (mail, attempt) => ({ ...(await mailer.deliver(mail, attempt)), kind: 'ambiguous' as const }),
  };
  expect(await sendMessage(deps(lost), 1, bench.campaign)).toMatchObject({ messageId: 1, end: { state: 'uncertain' } });
  pass(5 * HOUR);
  expect(await replay()).toBeUndefined();
  expect(taken()).toBe(1);
});

/** A server that answers everything with these headers, and notes what it was asked with. */
async function telling(headers: Record<string, string>) {
  const asked: { method: string | undefined; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ method: request.method, authorization: request.headers.authorization });
    response.sendDate = false;
    response.writeHead(401, headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => void server.close());
  return { asked, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`) };
}

test.each([
  { date: 'Mon, 23 Nov 2026 10:00:00 GMT', age: '60' },
  { date: 'Tue, 23 Nov 2026 10:00:00 GMT' },
  { date: 'Mon, 23 Nov 2026 10:00:00 +0000' },
  { date: 'Monday, 23-Nov-26 10:00:00 GMT' },
  { date: 'Mon Nov 23 10:00:00 2026' },
  { date: '2026-11-23T10:00:00Z' },
  { date: 'Mon, 31 Nov 2026 10:00:00 GMT' },
  { date: 'Thu, 01 Jan 1970 00:00:00 GMT' },
  { date: 'Fri, 01 Jan 2100 00:00:00 GMT' },
  { date: '0' },
  {},
])('a header that is no time of now is not read as one: %j', async (headers) => {
  const { url } = await telling(headers as Record<string, string>);
  const clock = new ProviderClock({ url });
  expect([await clock.ask(), clock.now]).toEqual([undefined, undefined]);
});

test('the time is asked for without the key, once for all mails of an hour, and read from a refusal too', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { asked, url } = await telling({ date: 'Mon, 23 Nov 2026 10:00:00 GMT' });
  const clock = new ProviderClock({ url });
  await Promise.all([clock.keep(), clock.keep()]);
  await clock.keep();
  expect(clock.now).toBe(Date.parse('2026-11-23T10:00:00Z'));
  vi.advanceTimersByTime(59 * MINUTE);
  await clock.keep();
  expect(asked).toEqual([{ method: 'HEAD', authorization: undefined }]);
  expect(clock.now).toBe(Date.parse('2026-11-23T10:59:00Z'));
  vi.advanceTimersByTime(2 * MINUTE);
  await clock.keep();
  expect(asked).toHaveLength(2);
});

test('a provider that does not tell its time is not asked with each mail, and its mails go out all the same', async () => {
  provider.date = () => undefined;
  for (let mail = 0; mail < 3; mail++) expect(await sendMessage(deps(), 1, bench.campaign)).toMatchObject({ end: { state: 'accepted' } });
  expect(provider.timesAsked()).toBe(1);
  expect(provider.requests).toHaveLength(3);
});
