import { createHash } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, expect, test, vi } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { smtpMailer } from '../../src/mail/smtp.ts';
import { type Fault, type Sink, startSink } from '../crash/sink.ts';
import { certificate } from '../support/certificate.ts';
import { attempt, mail, mailTo } from '../support/mail.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0).reverse()) await close();
});

async function against(fault: Fault | undefined): Promise<{ sink: Sink; mailer: Mailer; connections: () => number }> {
  let connections = 0;
  const sink = await startSink((to) => {
    if (to === undefined) connections++;
    return fault?.startsWith('greeting') === (to === undefined) ? fault : undefined;
  });
  const mailer = smtpMailer({ host: '127.0.0.1', port: sink.port, security: 'none', auth: undefined });
  closing.push(sink.close, mailer.close);
  return { sink, mailer, connections: () => connections };
}

/** Every way a server can behave, what it must be read as, and whether the mail may have been taken. */
const CONVERSATIONS: readonly [Fault, Delivery['kind'], armed: boolean][] = [
  ['greeting 421', 'sender_failed', false],
  ['greeting drop', 'sender_failed', false],
  ['mail drop', 'temporary', false],
  ['rcpt 450', 'temporary', false],
  ['rcpt 550', 'recipient_refused', false],
  ['rcpt drop', 'temporary', false],
  ['data 451', 'temporary', false],
  ['data drop', 'temporary', false],
  ['body drop', 'ambiguous', true],
  ['dot 421', 'temporary', true],
  ['dot 451', 'temporary', true],
  ['dot 552', 'content_refused', true],
  ['dot 554', 'content_refused', true],
  ['dot drop, taken', 'ambiguous', true],
  ['dot drop, not taken', 'ambiguous', true],
  ['dot half a reply, taken', 'ambiguous', true],
  ['dot unfinished refusal, not taken', 'ambiguous', true],
  ['dot trickle, taken', 'ambiguous', true],
  ['dot hang, taken', 'ambiguous', true],
  ['greeting thrice, slow, not taken', 'sender_failed', false],
  ['data 250, not taken', 'temporary', false],
  ['data 354 and 250, not taken', 'temporary', false],
  ['dot 451- then 250, taken', 'ambiguous', true],
  ['dot 250- then 554, not taken', 'ambiguous', true],
  ['dot 250 and another, taken', 'accepted', true],
];

test.each(CONVERSATIONS)('%s is read as %s', async (fault, kind, armed) => {
  const { mailer } = await against(fault);
  const trying = attempt();
  expect(await mailer.deliver(await mail(), trying)).toMatchObject({ kind });
  expect(trying.armed.length).toBe(armed ? 1 : 0);
});

test('an accepted mail arrives byte for byte, and the connection is used again', async () => {
  const { sink, mailer, connections } = await against(undefined);
  for (const to of ['a@y.example', 'b@y.example', 'c@y.example']) {
    const trying = attempt();
    const frozen = await mailTo(to);
    expect(await mailer.deliver(frozen, trying)).toMatchObject({ kind: 'accepted', code: 250 });
    const last = sink.received.at(-1);
    expect(last).toMatchObject({ to, sha256: trying.armed[0], frozenSha256: frozen.sha256 });
  }
  expect(connections()).toBe(1);
});

test('a mail larger than any socket buffer is armed once and arrives whole', async () => {
  const { sink, mailer } = await against(undefined);
  const trying = attempt({ limits: { unarmed: 5_000, armed: 5_000 } });
  expect(await mailer.deliver(await mail({ text: 'x'.repeat(70).concat('\n').repeat(30_000) }), trying)).toMatchObject({
    kind: 'accepted',
  });
  expect(sink.received[0]?.sha256).toBe(trying.armed[0]);
  expect(trying.armed).toHaveLength(1);
});

test('a refused arm sends no byte of the mail, closes the connection, and the next mail is whole', async () => {
  const { sink, mailer, connections } = await against(undefined);
  await mailer.deliver(await mailTo('a@y.example'), attempt());
  expect(await mailer.deliver(await mailTo('b@y.example'), attempt({ arm: async () => false }))).toMatchObject({ kind: 'not_armed' });
  expect(await mailer.deliver(await mailTo('c@y.example'), attempt())).toMatchObject({ kind: 'accepted' });
  expect(sink.received.map(({ to }) => to)).toEqual(['a@y.example', 'c@y.example']);
  expect(connections()).toBe(2);
});

test('an arm whose commit fails counts as refused', async () => {
  const { sink, mailer } = await against(undefined);
  const arm = async (): Promise<boolean> => {
    throw new Error('disk full');
  };
  expect(await mailer.deliver(await mail(), attempt({ arm }))).toMatchObject({ kind: 'not_armed' });
  expect(sink.received).toEqual([]);
});

test('an arm that takes longer than the time limit is too late', async () => {
  const { sink, mailer } = await against(undefined);
  const arm = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 400));
  expect(await mailer.deliver(await mail(), attempt({ arm, limits: { unarmed: 100, armed: 100 } }))).toMatchObject({ kind: 'not_armed' });
  expect(sink.received).toEqual([]);
});

test.each(['before it was granted', 'with half of the mail out'])(
  'a process that was frozen past its armed limit, %s, finishes no mail',
  async (when) => {
    const { sink, mailer } = await against(undefined);
    const frozen = () => {
      const until = performance.now() + 400;
      while (performance.now() < until);
      return true;
    };
    const arm = async () => (when === 'before it was granted' ? frozen() : setImmediate(frozen) !== undefined);
    expect(
      await mailer.deliver(
        await mail({ text: 'x'.repeat(70).concat('\n').repeat(300_000) }),
        attempt({ arm, limits: { unarmed: 5_000, armed: 200 } }),
      ),
    ).toMatchObject({
      kind: 'ambiguous',
    });
    expect(sink.received).toEqual([]);
  },
);

test('cutting before the arm sends nothing; cutting after it leaves the mail in doubt', async () => {
  const cut = new AbortController();
  const { mailer } = await against('dot hang, taken');
  const pending = mailer.deliver(await mail(), attempt({ cut: cut.signal, limits: { unarmed: 5_000, armed: 5_000 } }));
  setTimeout(() => cut.abort(), 100);
  expect(await pending).toMatchObject({ kind: 'ambiguous' });
  expect(await mailer.deliver(await mail(), attempt({ cut: cut.signal }))).toMatchObject({ kind: 'not_armed' });
});

test('a connection that the server closed while idle is replaced without costing a try', async () => {
  const { sink, mailer } = await against(undefined);
  await mailer.deliver(await mailTo('a@y.example'), attempt());
  await sink.close();
  expect(await mailer.deliver(await mailTo('b@y.example'), attempt())).toMatchObject({ kind: 'sender_failed' });
});

test('nobody listening, and a name that does not resolve, are failures of the sender', async () => {
  const refused = smtpMailer({ host: '127.0.0.1', port: 1, security: 'none', auth: undefined });
  expect(await refused.deliver(await mail(), attempt())).toMatchObject({ kind: 'sender_failed', beforeMail: true });
  const unknown = smtpMailer({ host: 'no-such-host.invalid', port: 25, security: 'none', auth: undefined });
  expect(await unknown.deliver(await mail(), attempt({ limits: { unarmed: 10_000, armed: 700 } }))).toMatchObject({
    kind: 'sender_failed',
    beforeMail: true,
  });
});

async function tlsServer(options: {
  secure: boolean;
  methods?: string[];
  offersTls?: boolean;
  identity?: { key: string; cert: string };
}): Promise<{ port: number; logins: string[]; bodies: Buffer[] }> {
  const logins: string[] = [];
  const bodies: Buffer[] = [];
  const server = new SMTPServer({
    ...options.identity,
    secure: options.secure,
    authMethods: options.methods ?? ['PLAIN', 'LOGIN'],
    authOptional: true,
    disabledCommands: options.offersTls === false ? ['STARTTLS'] : [],
    logger: false,
    onAuth({ method, username, password }, session, done) {
      logins.push(`${method} ${session.secure ? 'over TLS' : 'in clear'}`);
      if (username === 'ana' && password === 'right') done(null, { user: 'ana' });
      else done(Object.assign(new Error('Authentication failed'), { responseCode: 535 }));
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => done(null, String(bodies.push(Buffer.concat(chunks)))));
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, logins, bodies };
}

const patient = () => attempt({ limits: { unarmed: 8_000, armed: 8_000 } });

test.each([
  ['starttls', false],
  ['tls', true],
] as const)('%s refuses a certificate that nobody vouches for, whatever the environment says', async (security, secure) => {
  const { port, logins } = await tlsServer({ secure });
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  const mailer = smtpMailer({ host: '127.0.0.1', port, security, auth: { user: 'ana', password: 'right' } });
  expect(await mailer.deliver(await mail(), patient())).toMatchObject({
    kind: 'sender_failed',
    reply: expect.stringMatching(/certificate|altnames|self.signed/i),
  });
  expect(logins).toEqual([]);
});

test.each([
  ['starttls', false],
  ['tls', true],
] as const)('%s to a trusted server: logged in once, and each mail arrives byte for byte, however large', async (security, secure) => {
  const identity = certificate();
  const { port, logins, bodies } = await tlsServer({ secure, identity });
  const auth = { user: 'ana', password: 'right' };
  const mailer = smtpMailer({ host: '127.0.0.1', port, security, auth, ca: identity.cert });
  closing.push(mailer.close);
  const trying = attempt({ limits: { unarmed: 20_000, armed: 20_000 } });
  for (const text of ['Hello\n.dot\n', 'x'.repeat(70).concat('\n').repeat(30_000), '.\n..\n.\n'])
    expect(await mailer.deliver(await mail({ text }), trying)).toMatchObject({ kind: 'accepted', progress: 'end' });
  expect(bodies.map((body) => createHash('sha256').update(body).digest('hex'))).toEqual(trying.armed);
  expect(logins).toEqual(['PLAIN over TLS']);
});

test('starttls never falls back to plain text when the server does not offer it', async () => {
  const { port, logins } = await tlsServer({ secure: false, offersTls: false });
  const mailer = smtpMailer({ host: '127.0.0.1', port, security: 'starttls', auth: { user: 'ana', password: 'right' } });
  expect(await mailer.deliver(await mail(), patient())).toMatchObject({
    kind: expect.stringMatching(/sender_/),
    beforeMail: true,
    reply: expect.stringMatching(/^the server refuses STARTTLS: 5\d\d /),
  });
  expect(logins).toEqual([]);
});

test.each(['PLAIN', 'LOGIN'])('AUTH %s logs in, and a wrong password refuses the sender, not the mail', async (method) => {
  const { port, logins } = await tlsServer({ secure: false, methods: [method], offersTls: false });
  const server = { host: '127.0.0.1', port, security: 'none' } as const;
  const good = smtpMailer({ ...server, auth: { user: 'ana', password: 'right' } });
  expect(await good.deliver(await mail(), patient())).toMatchObject({ kind: 'accepted' });
  await good.close();
  const bad = smtpMailer({ ...server, auth: { user: 'ana', password: 'wrong' } });
  const refused = await bad.deliver(await mail(), patient());
  expect(refused).toMatchObject({ kind: 'sender_refused', code: 535, beforeMail: true });
  expect(refused.reply).not.toContain('wrong');
  expect(logins).toEqual([`${method} in clear`, `${method} in clear`]);
});

test.each([
  ['421 4.3.2 Closing', 'temporary'],
  ['250 2.0.0 Ok, long before the mail', 'temporary'],
])('a server that says "%s" right behind its 354 has been given nothing', async (reply, kind) => {
  const server = createServer((socket) => {
    socket.write('220 hi\r\n');
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        const text = chunk.toString();
        if (text.startsWith('EHLO')) socket.write('250 hi\r\n');
        else if (text.startsWith('DATA')) socket.write(`354 go\r\n${reply}\r\n`);
        else socket.write('250 ok\r\n');
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(() => resolve())));
  const mailer = smtpMailer({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, security: 'none', auth: undefined });
  const arm = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 50));
  expect(await mailer.deliver(await mail(), attempt({ arm }))).toMatchObject({ kind });
});
