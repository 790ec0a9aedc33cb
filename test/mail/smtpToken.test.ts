import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AccessToken, AccessTokens } from '../../src/domain/accessToken.ts';
import { rememberSecret } from '../../src/domain/redact.ts';
import { tryLogin } from '../../src/mail/loginProbe.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { smtpMailer } from '../../src/mail/smtp.ts';
import type { SmtpServer } from '../../src/mail/smtpHandshake.ts';
import { attempt, mail } from '../support/mail.ts';
import { startTokenSmtp, type TokenSmtp } from '../support/tokenSmtp.ts';

const GOOD = 'ya29.good-token-0123456789';
const ENDED = 'ya29.ended-token-0123456789';
const USER = 'ana+a,b=c@ruiz.example';

let smtp: TokenSmtp;
let mailer: Mailer;
const closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  rememberSecret(GOOD);
  rememberSecret(ENDED);
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Gives the first of these now, and the next one each time a server has refused one. */
function tokens(...given: (string | Extract<AccessToken, { ok: false }>)[]): AccessTokens & { asked: string[] } {
  const asked: string[] = [];
  const next = async (): Promise<AccessToken> => {
    const one = given.length > 1 ? given.shift() : given[0];
    return typeof one === 'string' ? { ok: true, token: one } : (one ?? { ok: false, lasting: true, reply: 'none' });
  };
  return {
    asked,
    current: next,
    instead(token) {
      asked.push(token);
      return next();
    },
  };
}

async function sender(held: AccessTokens, options: Partial<Parameters<typeof startTokenSmtp>[0]> = {}): Promise<SmtpServer> {
  smtp = await startTokenSmtp({ takes: (mailbox, token) => mailbox === USER && token === GOOD, ...options });
  const server: SmtpServer = {
    host: '127.0.0.1',
    port: smtp.port,
    security: 'none',
    auth: { user: USER, tokens: held, mend: 'log in again: outreach login main' },
  };
  mailer = smtpMailer(server);
  closing.push(smtp.close, mailer.close);
  return server;
}

test.each(['LOGIN PLAIN XOAUTH2 OAUTHBEARER', 'LOGIN XOAUTH2', 'OAUTHBEARER'])(
  'a server that offers %s takes the token, and the mail',
  async (methods) => {
    await sender(tokens(GOOD), { methods });
    expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'accepted' });
    expect([smtp.taken.length, smtp.refused]).toEqual([1, []]);
    expect(smtp.heard.find((line) => line.startsWith('AUTH'))).toMatch(
      methods.includes('XOAUTH2') ? /^AUTH XOAUTH2 / : /^AUTH OAUTHBEARER /,
    );
  },
);

test.each([
  ['XOAUTH2', true],
  ['OAUTHBEARER', true],
  ['XOAUTH2', false],
])('a token that %s refuses is replaced before MAIL, once, and the mail goes out (challenge: %s)', async (methods, challenges) => {
  const held = tokens(ENDED, GOOD);
  await sender(held, { methods, challenges });
  const trying = attempt();
  expect(await mailer.deliver(await mail(), trying)).toMatchObject({ kind: 'accepted' });
  expect([held.asked, smtp.refused, smtp.taken.length, trying.armed.length]).toEqual([[ENDED], [USER], 1, 1]);
  // The challenge was answered as its mechanism asks.
  if (challenges) expect(smtp.heard[smtp.heard.findIndex((line) => line.startsWith('AUTH')) + 1]).toBe(methods === 'XOAUTH2' ? '' : 'AQ==');
});

test('a second refusal stops the sender, takes no try from the mail, and says how it is mended, without a token', async () => {
  const held = tokens(ENDED, `${ENDED}-too`);
  await sender(held);
  const delivery = await mailer.deliver(await mail(), attempt());
  expect(delivery).toMatchObject({ kind: 'sender_refused', code: 535, beforeMail: true, stopsSender: true });
  expect(delivery.reply).toMatch(/^535-5\.7\.8 Username .* \(log in again: outreach login main\)$/);
  expect(JSON.stringify(delivery)).not.toContain('ya29');
  expect([smtp.refused.length, held.asked]).toEqual([2, [ENDED]]);
});

test.each([
  [{ ok: false, lasting: true, reply: 'the grant is no longer valid at Google: outreach login main' } as const, 'sender_refused', true],
  [{ ok: false, lasting: false, reply: 'no token: oauth2.example: nothing answers' } as const, 'sender_failed', undefined],
])('without a token nothing is said to the server: %j', async (none, kind, stopsSender) => {
  await sender(tokens(none));
  const delivery = await mailer.deliver(await mail(), attempt());
  expect(delivery).toEqual({
    kind,
    code: null,
    reply: none.reply,
    beforeMail: true,
    progress: 'nothing',
    ...(stopsSender ? { stopsSender } : {}),
  });
  expect(smtp.heard).toEqual([]);
});

test('a refused token that cannot be replaced now rests the sender, and does not stop it', async () => {
  await sender(tokens(ENDED, { ok: false, lasting: false, reply: 'no token: the token server is slow' }));
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({
    kind: 'sender_failed',
    reply: 'no token: the token server is slow',
  });
});

test('a server in trouble, and one that knows no tokens, get no second token', async () => {
  const held = tokens(ENDED, GOOD);
  await sender(held, { refusal: '454 4.7.0 Temporary authentication failure' });
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'sender_failed', code: 454 });
  await sender(held, { methods: 'LOGIN PLAIN' });
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({
    kind: 'sender_refused',
    reply: expect.stringContaining('no login with a token'),
  });
  expect(held.asked).toEqual([]);
});

test('what an administrator switched off is named, with the switch and the command', async () => {
  await sender(tokens(ENDED, GOOD), {
    takes: () => false,
    challenges: false,
    refusal: '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.',
  });
  const delivery = await mailer.deliver(await mail(), attempt());
  expect(delivery).toMatchObject({ kind: 'sender_refused', stopsSender: true });
  expect(delivery.reply).toMatch(/Authenticated SMTP.*outreach login/);
});

test('a time limit ends the waiting for a token', async () => {
  const never: AccessTokens = { current: () => new Promise(() => {}), instead: () => new Promise(() => {}) };
  await sender(never);
  const delivery = await mailer.deliver(await mail(), attempt({ limits: { unarmed: 60, armed: 1_000 } }));
  expect(delivery).toMatchObject({ kind: 'sender_failed', reply: 'the time limit passed' });
});

test('a login is tried out with the same second token', async () => {
  expect(await tryLogin(await sender(tokens(ENDED, GOOD)), 5_000)).toEqual({ kind: 'welcome' });
  expect(await tryLogin(await sender(tokens(ENDED)), 5_000)).toMatchObject({ kind: 'login_refused' });
  expect(await tryLogin(await sender(tokens({ ok: false, lasting: false, reply: 'slow' })), 5_000)).toEqual({
    kind: 'unreachable',
    reply: 'slow',
  });
});
