import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AccessTokens } from '../../src/domain/accessToken.ts';
import { OutreachError } from '../../src/domain/errors.ts';
import { redact, rememberSecret } from '../../src/domain/redact.ts';
import { ApplicationTokens } from '../../src/oauth/applicationTokens.ts';
import { clientOf } from '../../src/oauth/client.ts';
import { type OAuthServer, startOAuthServer } from '../support/oauthServer.ts';

const HOUR = 3_600_000;
const MEND = { secret: 'make another one, and store it: outreach login main-client', resume: 'outreach senders resume main' };

let server: OAuthServer;
let wall: number;
let uptime: number;
/** What is stored as the secret; undefined where the place cannot be read. */
let secret: string | undefined;
let settings: object;

function tokens(by: 'smtp' | 'api' = 'smtp'): ApplicationTokens {
  const client = async () => {
    if (secret === undefined) throw new OutreachError('environment', 'the keychain is locked');
    const whole = {
      grant: 'application',
      client_id: server.clientId,
      tenant: 'ruiz.example',
      token_url: `${server.url}/token`,
      ...settings,
    } as const;
    return clientOf('microsoft', whole, { by, secret, insecure: false });
  };
  return new ApplicationTokens({ client, mend: MEND, now: () => wall, uptime: () => uptime });
}

beforeEach(async () => {
  server = await startOAuthServer();
  [wall, uptime, secret, settings] = [Date.parse('2026-12-01T10:00:00Z'), 5_000, server.clientSecret, {}];
  // As whoever reads a secret does.
  rememberSecret(server.clientSecret);
});

afterEach(() => server.close());

const asked = () => server.requests.length;

function pass(ms: number): void {
  wall += ms;
  uptime += ms;
}

/** The server's own word on the token of an answer. */
async function good(answer: ReturnType<AccessTokens['current']>): Promise<boolean> {
  const token = await answer;
  return token.ok && server.takes('ana@ruiz.example', token.token);
}

test.each([
  ['smtp', 'https://outlook.office365.com/.default'],
  ['api', 'https://graph.microsoft.com/.default'],
] as const)('by %s an application asks with its secret for what an administrator has allowed', async (by, scope) => {
  const mine = tokens(by);
  expect(await good(mine.current())).toBe(true);
  const { clientId: client_id, clientSecret: client_secret } = server;
  expect(server.requests).toEqual([{ path: '/token', grant_type: 'client_credentials', client_id, client_secret, scope }]);
  expect(mine.granted).toMatchObject({ roles: ['SMTP.SendAsApp'], lifetimeMs: HOUR, refreshToken: undefined });
});

test('the directory names the address, and a national cloud its own scope', () => {
  const by = { by: 'smtp', secret: 's', insecure: false } as const;
  const whole = { grant: 'application', client_id: 'a', tenant: 'ruiz.example', scope: 'https://outlook.office365.us/.default' } as const;
  const { tokenUrl, scope } = clientOf('microsoft', whole, by);
  expect([tokenUrl.href, scope]).toEqual([
    'https://login.microsoftonline.com/ruiz.example/oauth2/v2.0/token',
    'https://outlook.office365.us/.default',
  ]);
});

test('a token is used until shortly before its end, then another one is asked for ahead of it', async () => {
  const mine = tokens();
  const first = await mine.current();
  pass(HOUR - 6 * 60_000);
  expect([await mine.current(), asked()]).toEqual([first, 1]);
  pass(2 * 60_000);
  expect([await good(mine.current()), asked()]).toEqual([true, 2]);
});

test('lanes that need a token at once ask for it once, also where its server is slow', async () => {
  server.delay = () => 50;
  const mine = tokens();
  const got = await Promise.all([mine.current(), mine.current(), mine.current(), mine.current()]);
  expect([new Set(got.map((one) => one.ok && one.token)).size, asked()]).toEqual([1, 1]);
});

test('a token that a mail server refuses is replaced once, however many lanes met it', async () => {
  const mine = tokens();
  const first = await mine.current();
  server.endAccess();
  const token = first.ok ? first.token : '';
  const got = await Promise.all([mine.instead(token), mine.instead(token), mine.instead(token)]);
  expect(new Set(got.map((answer) => answer.ok && answer.token)).size).toBe(1);
  expect([asked(), await good(mine.current())]).toEqual([2, true]);
});

test.each([
  ['an hour ahead', HOUR],
  ['an hour behind', -HOUR],
])('a clock that is %s from the beginning changes nothing', async (_, by) => {
  wall += by;
  const mine = tokens();
  expect(await good(mine.current())).toBe(true);
  pass(HOUR / 2);
  expect([await good(mine.current()), asked()]).toEqual([true, 1]);
});

test.each([
  ['an hour ahead', HOUR],
  ['an hour behind', -HOUR],
])('a clock that is set %s costs a request at most, and no token', async (_, by) => {
  const mine = tokens();
  await mine.current();
  wall += by;
  expect(await good(mine.current())).toBe(true);
  expect(asked()).toBeLessThanOrEqual(2);
  pass(HOUR);
  server.endAccess();
  expect(await good(mine.current())).toBe(true);
});

test('after a sleep, in which the uptime stood, the wall clock tells the end', async () => {
  const mine = tokens();
  await mine.current();
  wall += 8 * HOUR;
  server.endAccess();
  expect([await good(mine.current()), asked()]).toEqual([true, 2]);
});

test.each(['reset', '500', '429', 'html', 'temporarily_unavailable'] as const)(
  'a token server with %s says nothing of the application, and the token at hand is used while it lasts',
  async (fault) => {
    const mine = tokens();
    const first = await mine.current();
    server.fault = () => fault;
    pass(HOUR - 60_000);
    expect(await mine.current()).toEqual(first);
    pass(2 * 60_000);
    expect(await mine.current()).toMatchObject({ ok: false, lasting: false, reply: expect.stringMatching(/^no token: /) });
    server.fault = () => undefined;
    expect(await good(mine.current())).toBe(true);
  },
);

test('a token server that does not answer is waited for once by all lanes', { timeout: 40_000 }, async () => {
  server.fault = () => 'hang';
  const mine = tokens();
  const got = await Promise.all([mine.current(), mine.current()]);
  expect(got).toEqual([
    { ok: false, lasting: false, reply: expect.stringContaining('no answer in time') },
    { ok: false, lasting: false, reply: expect.stringContaining('no answer in time') },
  ]);
  expect(asked()).toBe(1);
});

test('a secret that has ended is told with what mends it, is asked for once, and another one that is stored since works at once', async () => {
  const mine = tokens();
  const ended = server.clientSecret;
  server.clientSecret = 'another-secret-of-the-application';
  const told = await mine.current();
  expect(told).toMatchObject({
    ok: false,
    lasting: true,
    reply: expect.stringMatching(
      /^Microsoft does not take the secret of application client-of-ana, .*outreach login main-client, then: outreach senders resume main \(invalid_client/,
    ),
  });
  expect(told.ok === false && told.reply.includes(ended)).toBe(false);
  await Promise.all([mine.current(), mine.current()]);
  expect(asked()).toBe(1);
  secret = server.clientSecret;
  expect(await good(mine.current())).toBe(true);
});

test('a scope that does not exist is told apart from the secret', async () => {
  settings = { scope: 'https://outlook.office.com/SMTP.SendAsApp' };
  expect(await tokens().current()).toMatchObject({
    lasting: true,
    reply: expect.stringMatching(/^Microsoft gives application client-of-ana no token: correct oauth\.client_id, tenant and scope, then: /),
  });
});

test('a secret that cannot be read for a while stops nobody', async () => {
  const mine = tokens();
  const first = await mine.current();
  secret = undefined;
  pass(HOUR - 60_000);
  expect(await mine.current()).toEqual(first);
  pass(2 * 60_000);
  expect(await mine.current()).toMatchObject({ ok: false, lasting: false, reply: expect.stringContaining('the keychain is locked') });
});

test('what was given is taken out of every text from then on', async () => {
  const token = await tokens().current();
  expect(redact(`AUTH ${token.ok ? token.token : ''}`)).toBe('AUTH [redacted]');
});
