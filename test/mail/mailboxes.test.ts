import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { AccessTokens } from '../../src/domain/accessToken.ts';
import { readGraphUser, readProfile } from '../../src/mail/apiAnswers.ts';
import { gmail, gmailLogin } from '../../src/mail/gmail.ts';
import { graph, graphLogin } from '../../src/mail/graph.ts';
import { httpMailer } from '../../src/mail/http.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { withDate } from '../../src/mail/mime.ts';
import { attempt, DATE, mail } from '../support/mail.ts';
import { type TestTokens, testTokens } from '../support/mailboxes.ts';
import { type HttpFault, type MailProvider, startMailProvider } from '../support/mailProvider.ts';

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const KINDS = { gmail, graph } as const;
const NAMES = ['gmail', 'graph'] as const;

interface Spoken {
  readonly server: MailProvider;
  readonly mailer: Mailer;
  readonly tokens: TestTokens;
}

async function against(name: keyof typeof KINDS, faults: (HttpFault | undefined)[] = []): Promise<Spoken> {
  const server = await startMailProvider((to) => (to === undefined ? undefined : faults.shift()));
  const tokens = testTokens();
  const mailer = httpMailer(KINDS[name](tokens, { baseUrl: server.url }));
  closing.push(server.close, mailer.close);
  return { server, mailer, tokens };
}

/** What one request says, answered by `answer`. */
async function asked(name: keyof typeof KINDS, change = {}): Promise<{ url: string; headers: IncomingHttpHeaders; body: Buffer }> {
  let seen: { url: string; headers: IncomingHttpHeaders; body: Buffer } | undefined;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    seen = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
    if (name === 'gmail') response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"18c1"}');
    else response.writeHead(202, { 'content-length': '0' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const mailer = httpMailer(KINDS[name](testTokens(), { baseUrl, ...change }));
  closing.push(() => void server.close(), mailer.close);
  expect(await mailer.deliver(await copied(), attempt())).toMatchObject({ kind: 'accepted', progress: 'end' });
  if (seen === undefined) throw new Error('nobody asked');
  return seen;
}

const COPIED = { bccSelf: true, from: 'Ana Ruiz <ana@ruiz.example>', reference: 'd3b07384' };
const copied = () => mail(COPIED);

test('Gmail is given the frozen bytes with the date of the attempt, and nothing else', async () => {
  const { url, headers, body } = await asked('gmail');
  expect(url).toBe('/upload/gmail/v1/users/me/messages/send?uploadType=media');
  expect(headers).toMatchObject({ 'content-type': 'message/rfc822', authorization: 'Bearer token-0-of-ana' });
  expect(Number(headers['content-length'])).toBe(body.length);
  const arrived = body.toString('latin1');
  expect(arrived).toMatch(/^Date: Mon, 23 Nov 2026 10:00:00 \+0000\r\n/);
  expect(arrived).toContain('Message-ID: <d3b07384@ruiz.example>');
  expect(arrived).not.toMatch(/^bcc:/im);
});

test('Graph is given the same bytes in base64', async () => {
  const { url, headers, body } = await asked('graph');
  expect(url).toBe('/v1.0/me/sendMail');
  expect(headers).toMatchObject({ 'content-type': 'text/plain', authorization: 'Bearer token-0-of-ana' });
  const text = body.toString('latin1');
  expect(text).toMatch(/^[A-Za-z0-9+/]+=*$/);
  expect(Buffer.from(text, 'base64').toString('latin1')).toMatch(/^Date: Mon, 23 Nov 2026 10:00:00 \+0000\r\n(?:(?!bcc:).)*$/is);
});

test.each([
  ['gmail', '/upload/gmail/v1/users/team%2Fa%40ruiz.example/messages/send?uploadType=media'],
  ['graph', '/v1.0/users/team%2Fa%40ruiz.example/sendMail'],
] as const)('%s: a user names the mailbox', async (name, url) => {
  expect((await asked(name, { user: 'team/a@ruiz.example' })).url).toBe(url);
});

test.each(NAMES)('%s: what arrives is what was frozen, and the arm knew its bytes', async (name) => {
  const { server, mailer } = await against(name);
  const [frozen, trying] = [await copied(), attempt()];
  expect(await mailer.deliver(frozen, trying)).toMatchObject({ kind: 'accepted' });
  expect(server.requests).toMatchObject([{ to: 'grace@harbour.example', frozenSha256: frozen.sha256, sha256: trying.armed[0] }]);
});

test.each(NAMES)('%s: a name that looks like an encoded word goes out, as over SMTP', async (name) => {
  const { mailer } = await against(name);
  expect(await mailer.deliver(await mail({ subject: 'For =?UTF-8?B?SGk=?=' }), attempt())).toMatchObject({ kind: 'accepted' });
});

test.each([
  ['gmail', 35, /^the mail is too large for the Gmail API: 3\d(?:\.\d)? MB, and it takes 3\d(?:\.\d)? MB$/],
  ['graph', 3, /^the mail is too large for Microsoft Graph: 3(?:\.\d)? MB, and it takes 2\.9 MB$/],
] as const)('%s: a mail beyond its limit is refused in one sentence before anything is armed', async (name, mb, sentence) => {
  const { server, mailer } = await against(name);
  const trying = attempt({ limits: { unarmed: 20_000, armed: 20_000 } });
  const frozen = await mail({ html: '' });
  const large = { ...frozen, bytes: Buffer.alloc(mb * 1024 * 1024, 'a line of a long text\r\n') };
  const delivery = await mailer.deliver(large, trying);
  expect(delivery).toMatchObject({ kind: 'content_refused', code: null, progress: 'nothing' });
  expect(delivery.reply).toMatch(sentence);
  expect([trying.armed, server.requests]).toEqual([[], []]);
});

test('the limit of Graph is one of the base64, so of three quarters of it', async () => {
  const { unfit, bodyOf } = graph(testTokens());
  const frozen = await mail();
  const filled = (bytes: number) => ({ ...frozen, bytes: Buffer.alloc(bytes - withDate(Buffer.alloc(0), DATE).length) });
  const [most, more] = [filled(3_000_000), filled(3_000_001)];
  expect(unfit(most, bodyOf(most, DATE))).toBeUndefined();
  expect(unfit(more, bodyOf(more, DATE))?.reply).toMatch(/too large/);
});

test.each(NAMES)('%s: a token that is refused is replaced once, for the next try', async (name) => {
  const { server, mailer, tokens } = await against(name, ['401 token']);
  const first = await mailer.deliver(await mail(), attempt());
  expect(first).toMatchObject({ kind: 'sender_failed', code: 401, beforeMail: true, progress: 'end' });
  expect(first.reply).toMatch(/^401 .* \(the next try has another access token\)$/);
  expect(first).not.toHaveProperty('stopsSender');
  expect(tokens.refused).toEqual(['token-0-of-ana']);
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'accepted' });
  expect(tokens.refused).toEqual(['token-0-of-ana']);
  expect(server.requests.map(({ taken }) => taken)).toEqual([false, true]);
  // And in an hour once more.
  server.takes = (token) => token !== 'token-1-of-ana';
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'sender_failed', code: 401 });
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'accepted' });
});

test.each(NAMES)('%s: a new token that is refused, too, stops the sender', async (name) => {
  const { server, mailer } = await against(name);
  server.takes = () => false;
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'sender_failed' });
  const second = await mailer.deliver(await mail(), attempt());
  expect(second).toMatchObject({ kind: 'sender_refused', code: 401, stopsSender: true });
  expect(second.reply).toMatch(/\(a new access token is refused, too\)$/);
});

test.each(NAMES)('%s: a token that is refused, and whose grant is gone, stops the sender at once', async (name) => {
  const { server, mailer, tokens } = await against(name);
  server.takes = () => false;
  tokens.instead = async () => ({ ok: false, reply: 'the grant is no longer valid: outreach login main', lasting: true });
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({
    kind: 'sender_refused',
    code: 401,
    reply: expect.stringMatching(/^401 .*; the grant is no longer valid: outreach login main$/),
    stopsSender: true,
  });
});

test('mails that are refused side by side with one token ask for one other token', async () => {
  const { server, mailer, tokens } = await against('gmail');
  server.takes = (token) => token !== 'token-0-of-ana';
  const mails = await Promise.all([mail(), mail(), mail()]);
  const first = await Promise.all(mails.map((frozen) => mailer.deliver(frozen, attempt())));
  expect(first.map(({ kind }) => kind)).toEqual(['sender_failed', 'sender_failed', 'sender_failed']);
  const second = await Promise.all(mails.map((frozen) => mailer.deliver(frozen, attempt())));
  expect(second.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted']);
  expect(tokens.refused).toEqual(['token-0-of-ana']);
});

test.each([
  [true, 'sender_refused', { stopsSender: true }],
  [false, 'sender_failed', {}],
] as const)('without a token (lasting: %s) nothing is armed, and no connection is opened: %s', async (lasting, kind, rest) => {
  const { server, mailer, tokens } = await against('gmail');
  tokens.trouble = { ok: false, reply: 'the grant was revoked; log in again: outreach login main', lasting };
  const trying = attempt();
  expect(await mailer.deliver(await mail(), trying)).toEqual({
    kind,
    code: null,
    reply: tokens.trouble.reply,
    beforeMail: true,
    progress: 'nothing',
    ...rest,
  });
  expect([trying.armed, server.connections()]).toEqual([[], 0]);
  tokens.trouble = undefined;
  expect(await mailer.deliver(await mail(), trying)).toMatchObject({ kind: 'accepted' });
});

test('a token that comes too late is used by the next try, and a worker that leaves waits for none', async () => {
  const server = await startMailProvider();
  let give = () => {};
  const given = new Promise<void>((resolve) => (give = resolve));
  const tokens: AccessTokens = { ...testTokens(), current: () => given.then(() => ({ ok: true, token: 'late' })) };
  const mailer = httpMailer(gmail(tokens, { baseUrl: server.url }));
  closing.push(server.close, mailer.close);
  const late = await mailer.deliver(await mail(), attempt({ limits: { unarmed: 50, armed: 700 } }));
  expect(late).toMatchObject({ kind: 'sender_failed', reply: 'no access token came in time', beforeMail: true, progress: 'nothing' });
  const cut = new AbortController();
  const leaving = mailer.deliver(await mail(), attempt({ cut: cut.signal, limits: { unarmed: 60_000, armed: 700 } }));
  cut.abort();
  expect(await leaving).toMatchObject({ kind: 'not_armed', progress: 'nothing' });
  give();
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'accepted' });
});

test.each([
  ['throws', { current: () => Promise.reject(new Error('disk I/O error')) }, 'sender_failed', /^disk I\/O error$/],
  [
    'has a line break',
    { current: async () => ({ ok: true, token: 'abc\r\nX-Evil: 1' }) },
    'sender_refused',
    /characters that no token has/,
  ],
  ['is empty', { current: async () => ({ ok: true, token: '' }) }, 'sender_refused', /characters that no token has/],
] as const)('a source of tokens that %s sends nothing', async (_, change, kind, reply) => {
  const server = await startMailProvider();
  const mailer = httpMailer(gmail({ ...testTokens(), ...change } as AccessTokens, { baseUrl: server.url }));
  closing.push(server.close, mailer.close);
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind, reply: expect.stringMatching(reply), progress: 'nothing' });
  expect(server.requests).toEqual([]);
});

test('a server that repeats the token is not quoted', async () => {
  const server = createServer((_, response) => response.writeHead(403).end('{"error":{"message":"no: token-0-of-ana"}}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mailer = httpMailer(graph(testTokens(), { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
  closing.push(() => void server.close(), mailer.close);
  expect((await mailer.deliver(await mail(), attempt())).reply).toBe('403 no: [redacted]');
});

const ANA = 'ana@ruiz.example';
const gmailError = (reason: string) => JSON.stringify({ error: { code: 403, message: 'no', errors: [{ reason }] } });
const graphError = (code: string) => JSON.stringify({ error: { code, message: 'no' } });

test('a login asks whose mailbox it is, with the token and nothing else', () => {
  expect(gmailLogin('t')).toMatchObject({
    url: new URL('https://gmail.googleapis.com/gmail/v1/users/me/profile'),
    headers: { authorization: 'Bearer t' },
  });
  expect(graphLogin('t', { user: ANA }).url.href).toBe(
    'https://graph.microsoft.com/v1.0/users/ana%40ruiz.example?$select=mail,userPrincipalName',
  );
  expect(graphLogin('t').url.pathname).toBe('/v1.0/me');
});

test.each<[string, typeof readProfile, number, string, string, RegExp]>([
  ['Gmail: the same mailbox', readProfile, 200, '{"emailAddress":"Ana@Ruiz.example"}', 'ok', /^Google takes the token of ana@/],
  ['Gmail: another one', readProfile, 200, '{"emailAddress":"bo@ruiz.example"}', 'warn', /is of bo@ruiz\.example, and mails are from ana@/],
  ['Gmail: no address', readProfile, 200, '[]', 'warn', /cannot be read/],
  ['Gmail: a token that may only send', readProfile, 403, gmailError('insufficientPermissions'), 'ok', /may only send/],
  ['Gmail: the API is off', readProfile, 403, gmailError('accessNotConfigured'), 'fail', /switched off in the project/],
  ['Gmail: refused', readProfile, 401, gmailError('authError'), 'fail', /^Google refuses the token \(401\)$/],
  ['Gmail: out of order', readProfile, 503, '', 'warn', /answers 503/],
  ['Graph: the same mailbox', readGraphUser, 200, `{"mail":null,"userPrincipalName":"${ANA}"}`, 'ok', /^Microsoft takes the token of ana@/],
  ['Graph: another one', readGraphUser, 200, '{"mail":"bo@ruiz.example"}', 'warn', /is of bo@ruiz\.example/],
  ['Graph: a token that may only send', readGraphUser, 403, graphError('Authorization_RequestDenied'), 'ok', /may only send/],
  ['Graph: refused', readGraphUser, 403, graphError('ErrorBlocked'), 'fail', /^Microsoft refuses the token \(403\)$/],
])('%s', (_, read, status, body, verdict, detail) => {
  expect(read(status, body, ANA)).toMatchObject({ status: verdict, detail: expect.stringMatching(detail) });
});

test('a token that may only send is let in', () => {
  expect(gmailLogin('t').read?.(403, gmailError('ACCESS_TOKEN_SCOPE_INSUFFICIENT'))).toEqual({ kind: 'let_in' });
  expect(graphLogin('t').read?.(403, graphError('Authorization_RequestDenied'))).toEqual({ kind: 'let_in' });
  expect(gmailLogin('t').read?.(403, gmailError('domainPolicy'))).toBeUndefined();
});
