import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/duration.ts';
import { gmail } from '../../src/mail/gmail.ts';
import { graph } from '../../src/mail/graph.ts';
import { httpMailer } from '../../src/mail/http.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { tooLarge } from '../../src/mail/rawMail.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { attemptsOf } from '../../src/store/attempts.ts';
import { findMessage } from '../../src/store/messages.ts';
import { senderNow } from '../../src/store/senders.ts';
import { Bench } from '../support/bench.ts';
import { testTokens } from '../support/mailboxes.ts';
import { type HttpFault, type MailProvider, startMailProvider } from '../support/mailProvider.ts';

const KINDS = { gmail, graph } as const;
const NAMES = ['gmail', 'graph'] as const;

let bench: Bench;
let provider: MailProvider;
let faults: HttpFault[];
const closing: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  faults = [];
  bench = await Bench.open();
  await bench.import();
  await bench.draft();
  provider = await startMailProvider((to) => (to === undefined ? undefined : faults.shift()));
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await provider.close();
  await bench.close();
});

function through(name: keyof typeof KINDS, baseUrl = provider.url) {
  const tokens = testTokens();
  const mailer: Mailer = httpMailer(KINDS[name](tokens, { baseUrl }));
  closing.push(mailer.close);
  return { tokens, send: () => sendMessage({ ...bench.sending(), providerOf: () => name, mailerFor: () => mailer }, 1, bench.campaign) };
}

/** A mailbox's API that says the same to every mail. */
async function saying(status: number, error: object): Promise<string> {
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => void server.close(), server.closeAllConnections.bind(server));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const first = async () => {
  const message = await findMessage(bench.store.db, 1);
  return { state: message?.state, tries: message?.tries };
};

test.each(NAMES)('%s: what is accepted is the frozen mail, and the attempt knows the bytes', async (name) => {
  const { send } = through(name);
  expect(await send()).toMatchObject({ end: { state: 'accepted' } });
  const [attempt] = await attemptsOf(bench.store.db, 1);
  const message = await findMessage(bench.store.db, 1);
  expect(attempt).toMatchObject({ provider: name, outcome: 'accepted', progress: 'end' });
  expect(provider.requests).toMatchObject([{ sha256: attempt?.sha256, frozenSha256: message?.frozen_sha256, taken: true }]);
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
});

test.each(NAMES)('%s: a refused token costs the mail no try, and the next try has another token', async (name) => {
  faults.push('401 token');
  const { send, tokens } = through(name);
  expect(await send()).toMatchObject({ end: { state: 'ready' } });
  expect(await first()).toEqual({ state: 'ready', tries: 0 });
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
  expect(await send()).toMatchObject({ kind: 'shut' });
  bench.now += MINUTE;
  expect(await send()).toMatchObject({ end: { state: 'accepted', recovered: true } });
  expect(tokens.refused).toHaveLength(1);
  expect(provider.requests.filter(({ taken }) => taken)).toHaveLength(1);
});

test('a grant that is gone stops the sender before anything is armed, and no mail loses a try', async () => {
  const { send, tokens } = through('gmail');
  tokens.trouble = { ok: false, reply: 'the grant was revoked', lasting: true };
  expect(await send()).toMatchObject({ end: { state: 'ready' } });
  expect(await first()).toEqual({ state: 'ready', tries: 0 });
  expect(await senderNow(bench.store.db, 'main')).toMatchObject({ stopped_at: bench.now, reason: 'the grant was revoked' });
  expect((await attemptsOf(bench.store.db, 1))[0]).toMatchObject({ armed_at: null, outcome: 'sender_refused' });
  expect(provider.connections()).toBe(0);
});

test('a token that cannot be had now rests the sender', async () => {
  const { send, tokens } = through('graph');
  tokens.trouble = { ok: false, reply: 'login.example does not answer', lasting: false };
  expect(await send()).toMatchObject({ end: { state: 'ready' } });
  expect(await senderNow(bench.store.db, 'main')).toMatchObject({ stopped_at: null, rest_until: bench.now + 30_000 });
  expect(await first()).toEqual({ state: 'ready', tries: 0 });
});

test.each([
  ['gmail', 403, { message: 'Daily Limit Exceeded', errors: [{ reason: 'dailyLimitExceeded' }] }],
  ['graph', 400, { code: 'ErrorExceededMessageLimit', message: 'Cannot send mail. Daily Message/Recipient limit exceeded.' }],
] as const)('%s: a limit for the day rests the sender for hours, and the mail loses no try', async (name, status, error) => {
  const { send } = through(name, await saying(status, error));
  expect(await send()).toMatchObject({ end: { state: 'ready' } });
  expect(await first()).toEqual({ state: 'ready', tries: 0 });
  expect(await senderNow(bench.store.db, 'main')).toMatchObject({ stopped_at: null, rest_until: bench.now + 4 * HOUR });
  expect(await bench.ledger()).toEqual({ rows: 0, counter: 0 });
});

test('a From that is not of the mailbox stops the sender, and the mail waits', async () => {
  const { send } = through('graph', await saying(403, { code: 'ErrorSendAsDenied', message: 'no right to send on behalf of it' }));
  expect(await send()).toMatchObject({ end: { state: 'ready' } });
  expect(await senderNow(bench.store.db, 'main')).toMatchObject({
    stopped_at: bench.now,
    reason: '403 ErrorSendAsDenied: no right to send on behalf of it',
  });
  expect(await first()).toEqual({ state: 'ready', tries: 0 });
});

test('mails that are all too large stop the sender, and are ready again', async () => {
  const unfit = () => tooLarge(5_000_000, 3_000_000, 'Microsoft Graph');
  const mailer = httpMailer({ ...graph(testTokens(), { baseUrl: provider.url }), unfit });
  closing.push(mailer.close);
  const deps = { ...bench.sending(), providerOf: () => 'graph', mailerFor: () => mailer };
  for (let mail = 0; mail < 3; mail++) await sendMessage(deps, 1, bench.campaign);
  expect(await bench.states()).toEqual(['ready', 'ready', 'ready']);
  expect(await senderNow(bench.store.db, 'main')).toMatchObject({ stopped_at: bench.now, reason: expect.stringContaining('too large') });
  expect(provider.requests).toEqual([]);
});

test.each(NAMES)('%s: an answer that never comes leaves the mail uncertain, and nothing is repeated', async (name) => {
  faults.push('reset after the request, taken');
  const { send } = through(name);
  expect(await send()).toMatchObject({ end: { state: 'uncertain' } });
  expect(await first()).toMatchObject({ state: 'uncertain' });
  expect(await bench.ledger()).toEqual({ rows: 1, counter: 1 });
  expect((await attemptsOf(bench.store.db, 1))[0]).not.toMatchObject({ next_replay_at: expect.any(Number) });
});
