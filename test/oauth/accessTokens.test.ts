import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AccessTokens } from '../../src/domain/accessToken.ts';
import { OutreachError } from '../../src/domain/errors.ts';
import { redact } from '../../src/domain/redact.ts';
import { type GrantStore, refreshedTokens } from '../../src/oauth/accessTokens.ts';
import { clientOf } from '../../src/oauth/client.ts';
import { type Grant, grantText, newGrant, parseGrant } from '../../src/oauth/grant.ts';
import { type OAuthServer, startOAuthServer } from '../support/oauthServer.ts';

const HOUR = 3_600_000;

let server: OAuthServer;
let wall: number;
let uptime: number;
let stored: Grant | undefined;
let broken: OutreachError | undefined;
let warned: string[];

const client = (change: object = {}) =>
  clientOf(
    'google',
    { client_id: server.clientId, token_url: `${server.url}/token`, ...change },
    { by: 'smtp', secret: server.clientSecret, insecure: false },
  );

/** A place that all processes share, with the lock that they have. */
let queue: Promise<unknown>;
const store: GrantStore = {
  read: async () => (stored === undefined ? undefined : parseGrant(grantText(stored), 'main.oauth', 'outreach login main')),
  async write(grant) {
    if (broken !== undefined) throw broken;
    stored = grant;
  },
  alone(work) {
    const mine = queue.then(work);
    queue = mine.catch(() => {});
    return mine;
  },
};

/** What one process of several works with. */
function tokens(change: object = {}): AccessTokens {
  return refreshedTokens({
    client: client(change),
    store,
    mend: 'outreach login main',
    now: () => wall,
    uptime: () => uptime,
    warn: (what) => warned.push(what),
  });
}

beforeEach(async () => {
  server = await startOAuthServer();
  [wall, uptime, queue, broken, warned] = [Date.parse('2026-12-01T10:00:00Z'), 5_000, Promise.resolve(), undefined, []];
  const { refreshToken, accessToken } = server.grant();
  const granted = { accessToken, refreshToken, lifetimeMs: HOUR, scope: undefined, mailbox: 'ana@ruiz.example', grantEndsInMs: undefined };
  stored = newGrant(client(), granted, wall);
});

afterEach(() => server.close());

const asked = () => server.requests.length;

function without(): AccessTokens {
  stored = undefined;
  return tokens();
}

/** The server's own word on the token of an answer. */
async function good(answer: ReturnType<AccessTokens['current']>): Promise<boolean> {
  const token = await answer;
  return token.ok && server.takes('ana@ruiz.example', token.token);
}

test('a token is used until shortly before its end, then another one is asked for ahead of it', async () => {
  const mine = tokens();
  expect([await good(mine.current()), asked()]).toEqual([true, 0]);
  uptime += HOUR - 6 * 60_000;
  wall += HOUR - 6 * 60_000;
  await mine.current();
  expect(asked()).toBe(0);
  uptime += 2 * 60_000;
  wall += 2 * 60_000;
  expect([await good(mine.current()), asked()]).toEqual([true, 1]);
});

test('lanes and workers that need a token at once ask for it once', async () => {
  wall += 2 * HOUR;
  server.delay = () => 30;
  const workers = [tokens(), tokens(), tokens()];
  const got = await Promise.all(workers.flatMap((worker) => [worker.current(), worker.current(), worker.current()]));
  expect([new Set(got.map((one) => one.ok && one.token)).size, asked()]).toEqual([1, 1]);
});

test('a token that a mail server refuses is replaced once, however many lanes met it', async () => {
  const [one, other] = [tokens(), tokens()];
  const first = await one.current();
  await other.current();
  server.endAccess();
  const token = first.ok ? first.token : '';
  const got = await Promise.all([one.instead(token), one.instead(token), other.instead(token)]);
  expect(new Set(got.map((answer) => answer.ok && answer.token)).size).toBe(1);
  expect([asked(), await good(one.current())]).toEqual([1, true]);
});

test.each([
  ['an hour ahead', HOUR],
  ['an hour behind', -HOUR],
  ['a day behind', -24 * HOUR],
])('a clock that is set %s costs a request at most, and no token', async (_, by) => {
  server.lifetime = 3_600;
  const mine = tokens();
  await mine.current();
  wall += by;
  expect([await good(mine.current()), await good(tokens().current())]).toEqual([true, true]);
  expect(asked()).toBeLessThanOrEqual(1);
  // However it is set, an hour goes by.
  uptime += HOUR;
  wall += HOUR;
  server.endAccess();
  expect(await good(mine.current())).toBe(true);
});

test('after a sleep, in which the uptime stood, the wall clock tells the end', async () => {
  const mine = tokens();
  await mine.current();
  wall += 8 * HOUR;
  server.endAccess();
  expect([await good(mine.current()), asked()]).toEqual([true, 1]);
});

test('the new refresh token stands in the store with the one before, until the new one has worked', async () => {
  const first = stored?.refresh_token;
  const mine = tokens();
  wall += 2 * HOUR;
  await mine.current();
  const second = stored?.refresh_token;
  expect([stored?.previous, second === first]).toEqual([first, false]);
  wall += 2 * HOUR;
  await mine.current();
  expect([stored?.previous, stored?.refresh_token === second]).toEqual([second, false]);
  expect(await good(mine.current())).toBe(true);
});

test('a server that gives no other refresh token keeps its own', async () => {
  server.rotates = false;
  const first = stored?.refresh_token;
  wall += 2 * HOUR;
  await tokens().current();
  expect([stored?.refresh_token, stored?.previous]).toEqual([first, null]);
});

test('an answer that was lost on its way loses no grant', async () => {
  const faults = ['answer lost' as const];
  server.fault = () => faults.shift();
  wall += 2 * HOUR;
  expect(await tokens().current()).toMatchObject({ ok: false, lasting: false });
  expect(await good(tokens().current())).toBe(true);
});

test('where the new token was stored and never settled at the server, the one before still works', async () => {
  const before = stored as Grant;
  stored = { ...before, refresh_token: 'never-settled-anywhere', previous: before.refresh_token };
  wall += 2 * HOUR;
  expect(await good(tokens().current())).toBe(true);
  expect(stored?.previous).toBe(before.refresh_token);
});

test('a grant that cannot be written is used, kept in mind, and written as soon as that goes', async () => {
  const mine = tokens();
  wall += 2 * HOUR;
  broken = new OutreachError('environment', 'the disk is full');
  expect(await good(mine.current())).toBe(true);
  const lost = stored?.refresh_token;
  expect(warned).toEqual(['the renewed grant could not be stored, and is tried again: the disk is full']);
  broken = undefined;
  wall += 2 * HOUR;
  expect(await good(mine.current())).toBe(true);
  expect([stored?.refresh_token === lost, server.alive(stored?.refresh_token ?? '')]).toEqual([false, true]);
});

test('a grant that cannot be written twice in a row is not lost', async () => {
  const mine = tokens();
  broken = new OutreachError('environment', 'the disk is read-only');
  for (let refresh = 0; refresh < 2; refresh++) {
    wall += 2 * HOUR;
    expect(await good(mine.current())).toBe(true);
  }
  broken = undefined;
  wall += 2 * HOUR;
  expect(await good(mine.current())).toBe(true);
  expect(server.alive(stored?.refresh_token ?? '')).toBe(true);
  // Another process goes on with what is stored.
  wall += 2 * HOUR;
  expect(await good(tokens().current())).toBe(true);
});

test.each([
  { expires_in: 0 },
  { expires_in: -5 },
  { expires_in: null },
  { expires_in: 1e15 },
  { scope: null },
  { id_token: null },
  { id_token: 'x'.repeat(20_000) },
  { token_type: 'Bearer ' },
  { refresh_token_expires_in: 0 },
])('an odd member that nobody needs loses no refresh token beside it: %j', async (odd) => {
  server.odd = odd;
  const mine = tokens();
  wall += 2 * HOUR;
  const before = stored?.refresh_token;
  expect(await good(mine.current())).toBe(true);
  expect([stored?.refresh_token === before, server.alive(stored?.refresh_token ?? '')]).toEqual([false, true]);
});

test.each([{ refresh_token: null }, { refresh_token: '' }])('no refresh token in an answer leaves the one before: %j', async (odd) => {
  server.odd = odd;
  const mine = tokens();
  wall += 2 * HOUR;
  const before = stored?.refresh_token;
  expect(await good(mine.current())).toBe(true);
  expect(stored?.refresh_token).toBe(before);
});

test.each([
  [403, 'Forbidden'],
  [404, 'not found'],
  [407, 'proxy authentication required'],
  [408, 'request timeout'],
  [400, 'slow_down'],
  [403, 'rate_limit_exceeded'],
  [400, 'internal_failure'],
] as const)('%s with the error “%s” says nothing of the grant', async (status, error) => {
  const mine = tokens();
  wall += 2 * HOUR;
  server.refusal = [status, error];
  expect(await mine.current()).toMatchObject({ ok: false, lasting: false });
  server.refusal = undefined;
  expect(await good(mine.current())).toBe(true);
});

test.each(['hang', 'reset', '500', '429', 'html', 'temporarily_unavailable'] as const)(
  'a token server with %s says nothing of the grant',
  { timeout: 40_000 },
  async (fault) => {
    server.fault = () => fault;
    const mine = tokens();
    const first = await mine.current();
    wall += HOUR - 60_000;
    // A minute is left of it, so mail goes on.
    if (fault !== 'hang') expect(await mine.current()).toEqual(first);
    wall += 2 * 60_000;
    expect(await mine.current()).toMatchObject({ ok: false, lasting: false });
    server.fault = () => undefined;
    expect(await good(mine.current())).toBe(true);
  },
);

test('a grant that was taken back is told with the command that mends it, and works again after that', async () => {
  const mine = tokens();
  server.revoke();
  wall += 2 * HOUR;
  const told = await mine.current();
  expect(told).toMatchObject({
    ok: false,
    lasting: true,
    reply: expect.stringMatching(/no longer valid at Google \(invalid_grant.*outreach login main$/),
  });
  expect(told.ok === false && told.reply.includes(stored?.refresh_token ?? '')).toBe(false);
  await Promise.all([mine.current(), mine.current()]);
  expect(asked()).toBe(1);
  const { refreshToken, accessToken } = server.grant();
  stored = newGrant(
    client(),
    { accessToken, refreshToken, lifetimeMs: HOUR, scope: undefined, mailbox: undefined, grantEndsInMs: undefined },
    wall,
  );
  expect(await good(mine.current())).toBe(true);
});

test.each<[string, () => AccessTokens, string]>([
  ['no grant', () => without(), 'nobody has logged in yet: outreach login main'],
  [
    'a grant of another client',
    () => tokens({ client_id: 'another' }),
    'the grant is another client’s than oauth.client_id: outreach login main',
  ],
])('%s is told as lasting', async (_, mine, reply) => {
  expect(await mine().current()).toEqual({ ok: false, lasting: true, reply });
});

test('a wrong secret of the client is told apart from the grant', async () => {
  const secret = clientOf(
    'google',
    { client_id: server.clientId, token_url: `${server.url}/token` },
    { by: 'smtp', secret: 'wrong-secret', insecure: false },
  );
  wall += 2 * HOUR;
  const mine = refreshedTokens({
    client: secret,
    store,
    mend: 'outreach login main',
    now: () => wall,
    uptime: () => uptime,
    warn: () => {},
  });
  expect(await mine.current()).toMatchObject({
    lasting: true,
    reply: expect.stringContaining('correct oauth.client_id and client_secret'),
  });
});

test('a server that lies about how long its tokens hold costs one more request', async () => {
  server.lifetimeSaid = 100_000;
  const mine = tokens();
  wall += 2 * HOUR;
  const token = await mine.current();
  server.endAccess();
  expect(await good(mine.instead(token.ok ? token.token : ''))).toBe(true);
  expect(asked()).toBe(2);
});

test('what was given is taken out of every text from then on', async () => {
  wall += 2 * HOUR;
  const token = await tokens().current();
  const text = `AUTH ${token.ok ? token.token : ''} and ${stored?.refresh_token} and ${stored?.previous}`;
  expect(redact(text)).toBe('AUTH [redacted] and [redacted] and [redacted]');
});
