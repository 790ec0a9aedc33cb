import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import { HTTP_PROVIDERS, type HttpProviderName } from '../../src/domain/httpProvider.ts';
import { gmail } from '../../src/mail/gmail.ts';
import { graph } from '../../src/mail/graph.ts';
import { type HttpProvider, httpMailer } from '../../src/mail/http.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { resend } from '../../src/mail/resend.ts';
import { sendgrid } from '../../src/mail/sendgrid.ts';
import { certificate } from '../support/certificate.ts';
import { attempt, DATE, mail, mailTo } from '../support/mail.ts';
import { testTokens } from '../support/mailboxes.ts';
import { type HttpFault, type MailProvider, startMailProvider } from '../support/mailProvider.ts';

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Kind = (key: string, baseUrl?: string) => HttpProvider;

const KINDS: Readonly<Record<HttpProviderName, Kind>> = {
  sendgrid,
  resend,
  gmail: (_, baseUrl) => gmail(testTokens(), { baseUrl }),
  graph: (_, baseUrl) => graph(testTokens(), { baseUrl }),
};
const NAMES = HTTP_PROVIDERS;

/** What one of them says in its own way. */
const OTHERWISE: Readonly<Partial<Record<`${HttpProviderName}: ${HttpFault}`, Delivery['kind']>>> = {
  // A mailbox's token is replaced before anybody is asked to log in again.
  'gmail: 401': 'sender_failed',
  'graph: 401': 'sender_failed',
  // The header that it complains of holds a name, too.
  'gmail: 400 recipient': 'content_refused',
};

async function against(name: HttpProviderName, fault?: HttpFault): Promise<{ server: MailProvider; mailer: Mailer }> {
  const server = await startMailProvider((to) => ((to === undefined) === (fault === 'drop at connect') ? fault : undefined));
  const mailer = httpMailer(KINDS[name]('key-of-ana', server.url));
  closing.push(server.close, mailer.close);
  return { server, mailer };
}

/** Every way a provider can behave, what it must be read as, and whether the mail may have been taken. */
const ANSWERS: readonly [HttpFault, Delivery['kind'], armed: boolean][] = [
  ['drop at connect', 'sender_failed', false],
  ['reset after the request, taken', 'ambiguous', true],
  ['reset after the request, not taken', 'ambiguous', true],
  ['hang, taken', 'ambiguous', true],
  ['cut reply, taken', 'ambiguous', true],
  ['unreadable reply, taken', 'ambiguous', true],
  ['slow drip, taken', 'ambiguous', true],
  ['429', 'throttled', true],
  ['429 for a while', 'throttled', true],
  ['400', 'content_refused', true],
  ['400 recipient', 'recipient_refused', true],
  ['401', 'sender_refused', true],
  ['403', 'sender_refused', true],
  ['413', 'content_refused', true],
  ['500, taken', 'ambiguous', true],
  ['503, not taken', 'ambiguous', true],
  ['302', 'ambiguous', true],
  ['303, taken', 'ambiguous', true],
  ['307', 'sender_refused', true],
];

for (const name of NAMES) {
  test.each(ANSWERS.filter(([fault]) => fault !== 'drop at connect'))(`${name}: %s is usually read as %s`, async (fault, usual, armed) => {
    const { mailer } = await against(name, fault);
    const trying = attempt();
    const kind = OTHERWISE[`${name}: ${fault}`] ?? usual;
    expect(await mailer.deliver(await mail(), trying)).toMatchObject({ kind });
    expect(trying.armed.length).toBe(armed ? 1 : 0);
  });

  test(`${name}: what arrives is what was armed, with the addresses and headers of the mail and nothing of the key in the reply`, async () => {
    const { server, mailer } = await against(name);
    const trying = attempt();
    const delivery = await mailer.deliver(await mail(), trying);
    expect(delivery).toMatchObject({ kind: 'accepted', code: name === 'resend' || name === 'gmail' ? 200 : 202 });
    expect(delivery.reply).not.toMatch(/(?:key|token-0)-of-ana/);
    expect(server.requests).toMatchObject([{ to: 'grace@harbour.example', sha256: trying.armed[0], taken: true }]);
  });

  test(`${name}: the request is the same for the same mail, and not one byte of it goes out before the arm`, async () => {
    let seen = 0;
    const server = createServer((socket) => {
      // Resend is asked for the time, without its key.
      socket
        .on('error', () => {})
        .on('data', (chunk) => {
          if (chunk.toString('latin1').startsWith('HEAD / ')) socket.destroy();
          else seen += chunk.length;
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const { port } = server.address() as { port: number };
    const provider: HttpProvider = KINDS[name]('k', `http://127.0.0.1:${port}`);
    const mailer = httpMailer(provider);
    closing.push(mailer.close);
    let before = -1;
    const arm = async () => {
      await new Promise((resolve) => setTimeout(resolve, 80));
      before = seen;
      return false;
    };
    const frozen = await mail();
    expect(await mailer.deliver(frozen, attempt({ arm }))).toMatchObject({ kind: 'not_armed' });
    expect([before, seen]).toEqual([0, 0]);
    expect(provider.bodyOf(frozen, DATE).equals(provider.bodyOf(frozen, DATE))).toBe(true);
  });

  test(`${name}: nobody listening and a name that does not resolve are failures of the sender`, async () => {
    for (const url of ['http://127.0.0.1:1', 'https://no-such-host.invalid', 'http://no-tls.example']) {
      const mailer = httpMailer(KINDS[name]('k', url));
      closing.push(mailer.close);
      const trying = attempt({ limits: { unarmed: 10_000, armed: 500 } });
      expect(await mailer.deliver(await mail(), trying)).toMatchObject({ kind: 'sender_failed', beforeMail: true });
      expect(trying.armed).toEqual([]);
    }
  });

  test(`${name}: a certificate that nobody vouches for is refused before anything is armed; one that is vouched for is taken`, async () => {
    const tls = certificate();
    const server = await startMailProvider(undefined, { tls });
    closing.push(server.close);
    const trying = attempt({ limits: { unarmed: 5_000, armed: 5_000 } });
    const wary = httpMailer(KINDS[name]('k', server.url));
    const trusting = httpMailer(KINDS[name]('k', server.url), { ca: tls.cert });
    closing.push(wary.close, trusting.close);
    expect(await wary.deliver(await mail(), trying)).toMatchObject({
      kind: 'sender_failed',
      reply: expect.stringMatching(/certificate|self.signed/i),
    });
    expect([trying.armed, server.requests]).toEqual([[], []]);
    expect(await trusting.deliver(await mail(), trying)).toMatchObject({ kind: 'accepted' });
  });

  test(`${name}: cutting before the arm sends nothing; cutting after it leaves the mail in doubt`, async () => {
    const { mailer, server } = await against(name, 'hang, taken');
    const cut = new AbortController();
    const pending = mailer.deliver(await mail(), attempt({ cut: cut.signal, limits: { unarmed: 5_000, armed: 5_000 } }));
    setTimeout(() => cut.abort(), 100);
    expect(await pending).toMatchObject({ kind: 'ambiguous' });
    expect(await mailer.deliver(await mail(), attempt({ cut: cut.signal }))).toMatchObject({ kind: 'not_armed' });
    expect(server.requests).toHaveLength(1);
  });

  test(`${name}: a connection is used again, and one that was closed meanwhile costs nothing`, async () => {
    const { mailer, server } = await against(name);
    for (const to of ['a@y.example', 'b@y.example'])
      expect(await mailer.deliver(await mailTo(to), attempt())).toMatchObject({ kind: 'accepted' });
    expect(server.connections() - server.timesAsked()).toBe(1);
  });
}

test('a provider that asks for patience says for how long', async () => {
  const { mailer } = await against('resend', '429 for a while');
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'throttled', restMs: 1_000 });
});

test('a repeated request under one Idempotency-Key gets the first answer, and is taken once', async () => {
  const { mailer, server } = await against('resend', 'reset after the request, taken');
  const frozen = await mail();
  expect(await mailer.deliver(frozen, attempt())).toMatchObject({ kind: 'ambiguous' });
  expect(await mailer.deliver(frozen, attempt())).toMatchObject({ kind: 'accepted' });
  expect(server.requests.filter(({ taken }) => taken)).toHaveLength(1);
});

const LARGE = 'a line of a long text\n'.repeat(200_000);

test.each(NAMES)('%s: a request that no kernel takes at once arrives whole', async (name) => {
  const { server, mailer } = await against(name);
  const trying = attempt({ limits: { unarmed: 5_000, armed: 5_000 } });
  // Graph takes no more than 4 MB.
  const text = name === 'graph' ? LARGE.slice(0, LARGE.length / 2) : LARGE;
  expect(await mailer.deliver(await mail({ text }), trying)).toMatchObject({ kind: 'accepted' });
  expect(server.requests.map(({ sha256 }) => sha256)).toEqual(trying.armed);
});

test('an answer that comes before the end of a large request is its answer', async () => {
  const server = createHttpServer((_, response) =>
    response.writeHead(413, { connection: 'close' }).end('{"errors":[{"message":"too large"}]}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mailer = httpMailer(sendgrid('k', `http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  closing.push(() => void server.close(), mailer.close);
  const trying = attempt({ limits: { unarmed: 5_000, armed: 5_000 } });
  expect(await mailer.deliver(await mail({ text: LARGE }), trying)).toMatchObject({ kind: 'content_refused', code: 413 });
});

test('the end of a large request is held back when its time has passed while the rest went out', async () => {
  let socket: Socket | undefined;
  let bytes = 0;
  const server = createServer((accepted) => {
    socket = accepted.on('data', (chunk) => (bytes += chunk.length)).on('error', () => {});
    accepted.pause();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mailer = httpMailer(sendgrid('k', `http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  closing.push(
    () => void server.close(),
    mailer.close,
    () => void vi.useRealTimers(),
  );
  const trying = attempt({ limits: { unarmed: 60_000, armed: 60_000 } });
  const large = await mail({ text: LARGE });
  const delivered = mailer.deliver(large, trying);
  await vi.waitUntil(() => trying.armed.length === 1 && socket !== undefined, { timeout: 10_000 });
  await vi.waitUntil(() => (socket?.readableLength ?? 0) > 0);
  // The machine slept with the request half out: no timer ran, and the clock on the wall went on.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 });
  socket?.resume();
  expect(await delivered).toMatchObject({ kind: 'ambiguous' });
  const whole = sendgrid('k').bodyOf(large, DATE).length;
  expect(bytes).toBeGreaterThan(whole / 2);
  expect(bytes).toBeLessThan(whole);
});
