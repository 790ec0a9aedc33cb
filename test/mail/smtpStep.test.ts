import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { tryLogin } from '../../src/mail/loginProbe.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { smtpMailer } from '../../src/mail/smtp.ts';
import type { SmtpServer } from '../../src/mail/smtpHandshake.ts';
import { type Fault, type Sink, startSink } from '../crash/sink.ts';
import { attempt, mail, mailTo } from '../support/mail.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What a server says to a command, "." for the end of a mail; undefined for what one usually says, "" for nothing yet. */
type Script = (verb: string, turn: { readonly socket: Socket; readonly connection: number; readonly mail: number }) => string | undefined;

interface Scripted {
  readonly mailer: Mailer;
  readonly server: SmtpServer;
  /** All command lines, in the pieces in which they came. */
  readonly heard: string[];
  /** Mails whose final dot arrived. */
  readonly ended: () => number;
}

const USUAL: Readonly<Record<string, string>> = { greet: '220 hi', EHLO: '250-hi\r\n250 PIPELINING', DATA: '354 go', '.': '250 2.0.0 Ok' };

async function scripted(script: Script, change: Partial<SmtpServer> = {}): Promise<Scripted> {
  const heard: string[] = [];
  let [connections, ended] = [0, 0];
  const listener = createServer((socket) => {
    const connection = ++connections;
    let [mails, inMail, unread] = [0, false, ''];
    const say = (verb: string) => {
      const reply = script(verb, { socket, connection, mail: mails }) ?? USUAL[verb] ?? '250 ok';
      if (verb === 'DATA') inMail = reply.startsWith('354') || reply === '';
      if (!socket.destroyed && reply !== '') socket.write(`${reply}\r\n`);
    };
    socket.on('error', () => {});
    say('greet');
    socket.on('data', (chunk) => {
      unread += chunk.toString('latin1');
      if (!inMail) heard.push(chunk.toString());
      for (;;) {
        const end = inMail ? /(?:^|\r\n)\.\r\n/.exec(unread) : /\r\n/.exec(unread);
        if (end === null) return;
        const verb = inMail ? '.' : unread.slice(0, 4);
        unread = unread.slice(end.index + end[0].length);
        if (verb === 'MAIL') mails++;
        if (verb === '.') ended++;
        if (verb === '.') inMail = false;
        say(verb);
      }
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const server: SmtpServer = { host: '127.0.0.1', port, security: 'none', auth: undefined, ...change };
  const mailer = smtpMailer(server);
  closing.push(() => new Promise((resolve) => listener.close(() => resolve())), mailer.close);
  return { mailer, server, heard, ended: () => ended };
}

const say = (socket: Socket, text: string, after: number) => {
  setTimeout(() => socket.destroyed || socket.write(text), after);
  return '';
};

test.each([0, 20])('three greetings, %i ms apart, and a slow RCPT: a server that refuses every mail has accepted none', async (apart) => {
  const { mailer, ended } = await scripted((verb, { socket }) => {
    if (verb === 'greet' && apart === 0) return '220 hi\r\n220 hi\r\n220 hi';
    if (verb === 'greet') for (const turn of [1, 2]) say(socket, '220 hi\r\n', apart * turn);
    if (verb === 'RCPT') return say(socket, '250 ok\r\n', 150);
    return verb === '.' ? say(socket, '554 5.7.1 No\r\n', 150) : undefined;
  });
  const trying = attempt({ limits: { unarmed: 3_000, armed: 3_000 } });
  // The second greeting comes before EHLO is answered, or after MAIL is said.
  expect(await mailer.deliver(await mail(), trying)).toMatchObject({
    kind: expect.stringMatching(apart === 0 ? /^sender_failed$/ : /^(sender_failed|temporary)$/),
    code: null,
    progress: 'nothing',
  });
  expect([trying.armed, ended()]).toEqual([[], 0]);
});

test.each([
  ['greet', '220-hi\r\n250 hi', {}],
  ['greet', '250 hi', {}],
  ['greet', '220 hi\r\n250', {}],
  ['EHLO', '220 hi', {}],
  ['EHLO', '250 hi\r\n250 hi', {}],
  ['EHLO', '250-hi\r\n220 PIPELINING', {}],
  ['EHLO', '250 hi\r\n2', {}],
  ['AUTH', '250 ok', { auth: { user: 'ana', password: 'right' } }],
  ['AUTH', '235 ok\r\n235 ok', { auth: { user: 'ana', password: 'right' } }],
] as const)('%s answered with %j ends the connection before any mail, and a look at the server says so', async (wrong, reply, change) => {
  const { mailer, server, ended } = await scripted((verb) => (verb === wrong ? reply : undefined), change);
  const trying = attempt();
  expect(await mailer.deliver(await mail(), trying)).toMatchObject({ kind: 'sender_failed', beforeMail: true });
  expect([trying.armed, ended()]).toEqual([[], 0]);
  expect(await tryLogin(server, 2_000)).toMatchObject({ kind: 'turned_away', reply: expect.stringMatching(/the server/) });
});

test('a HELO that is answered with anything but 250 is no welcome', async () => {
  const { mailer, ended } = await scripted((verb) => (verb === 'EHLO' ? '502 what' : verb === 'HELO' ? '220 hi' : undefined));
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'sender_failed' });
  expect(ended()).toBe(0);
  const old = await scripted((verb) => (verb === 'EHLO' ? '502 what' : undefined));
  expect(await old.mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'accepted' });
});

test.each(['220 go\r\n250-evil\r\n250 AUTH PLAIN', '220 go\r\n25', '220 go\r\nevil'])(
  'what follows the answer to STARTTLS in clear (%j) ends the connection',
  async (reply) => {
    const { mailer, server } = await scripted((verb) => (verb === 'STAR' ? reply : undefined), { security: 'starttls' });
    expect(await mailer.deliver(await mail(), attempt())).toMatchObject({
      kind: 'sender_failed',
      reply: expect.stringMatching(/^the server sent more than its answer to STARTTLS/),
    });
    expect(await tryLogin(server, 2_000)).toMatchObject({ kind: 'unsafe' });
  },
);

const OFFERS = [
  ['with', '250-hi\r\n250 PIPELINING'],
  ['without', '250 hi'],
] as const;

test.each(
  OFFERS.flatMap(([pipelining, ehlo]) =>
    (
      [
        ['DATA', '250 ok'],
        ['DATA', '200 ok'],
        ['DATA', '334 ok'],
        ['DATA', '353 ok'],
        ['DATA', '354-go\r\n250 ok'],
        ['DATA', '354 go\r\n250 ok'],
        ['DATA', '354 go\r\n25'],
        ['DATA', '354go'],
        ['RCPT', '354 go'],
        ['RCPT', '250-ok\r\n550 5.1.1 No'],
        ['RCPT', '550-5.1.1 No\r\n250 ok'],
        ['MAIL', '220 ok'],
        ['MAIL', '250-ok\r\n550 5.7.1 No'],
        ['MAIL', '550-5.7.1 No\r\n250 ok'],
      ] as const
    ).map(([wrong, reply]) => ({ pipelining, ehlo, wrong, reply })),
  ),
)('$pipelining PIPELINING, $wrong answered with $reply lets no byte of the mail out', async ({ ehlo, wrong, reply }) => {
  const { mailer, ended } = await scripted((verb) => (verb === wrong ? reply : verb === 'EHLO' ? ehlo : undefined));
  const arm = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 50));
  expect(await mailer.deliver(await mail(), attempt({ arm }))).toMatchObject({ kind: 'temporary', code: null, progress: 'nothing' });
  expect(ended()).toBe(0);
});

test.each(['250 2.0.0 Ok', '250-2.0.0 Ok'])(
  '“%s” that comes while the arm is committed, before the dot, does not answer the mail',
  async (early) => {
    let server: Socket | undefined;
    const { mailer, ended } = await scripted((_, { socket }) => {
      server = socket;
      return undefined;
    });
    // It has arrived and nobody has read it when the arm is granted: a commit keeps the process busy.
    const arm = async () => server?.write(`${early}\r\n`) !== undefined;
    expect(await mailer.deliver(await mail(), attempt({ arm }))).toMatchObject({ kind: 'ambiguous', progress: 'all' });
    expect(ended()).toBe(0);
  },
);

test('a refusal that only a server out of step can have given suppresses nobody', async () => {
  const { mailer } = await scripted((verb) => (verb === 'RCPT' ? '550 5.1.1 No such user' : verb === 'DATA' ? '250 ok' : undefined));
  expect(await mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'temporary', code: null });
});

test.each([
  ['451-4.3.0 Wait\r\n250 2.0.0 Ok', 'ambiguous'],
  ['250-2.0.0 Ok\r\n554 5.7.1 No', 'ambiguous'],
  ['250 2.0.0 Ok\r\n554 5.7.1 No', 'ambiguous'],
  ['554 5.7.1 No\r\n250 2.0.0 Ok', 'ambiguous'],
  ['220 hi', 'ambiguous'],
  ['221 2.0.0 Bye', 'ambiguous'],
  ['354 go', 'ambiguous'],
  ['yes', 'ambiguous'],
  ['250Ok', 'ambiguous'],
  ['250 2.0.0 Ok\r\n250 2.0.0 Ok', 'accepted'],
  ['250 2.0.0 Ok\r\n421 4.3.2 Bye', 'accepted'],
  ['250-2.0.0 Ok\r\n250 as 4711', 'accepted'],
  ['250', 'accepted'],
  ['451 4.3.0 Wait\r\n421 4.3.2 Bye', 'temporary'],
] as const)('a mail that is answered with %j is %s, and the next one is taken', async (reply, kind) => {
  const { mailer, ended } = await scripted((verb, { connection }) => (verb === '.' && connection === 1 ? reply : undefined));
  const [first, second] = [attempt(), attempt()];
  expect(await mailer.deliver(await mail(), first)).toMatchObject({ kind, progress: 'end' });
  expect(await mailer.deliver(await mailTo('b@y.example'), second)).toMatchObject({ kind: 'accepted' });
  expect([first.armed.length, second.armed.length]).toEqual([1, 1]);
  expect(ended()).toBe(2);
});

test.each(
  OFFERS.flatMap(([pipelining, ehlo]) =>
    (
      ['while the connection is idle', 'before the answer to MAIL', 'long before the answer to MAIL', 'behind the answer to MAIL'] as const
    ).map((when) => ({
      pipelining,
      ehlo,
      when,
    })),
  ),
)('$pipelining PIPELINING, a late surplus reply $when answers nothing of the next mail', async ({ ehlo, when }) => {
  for (const surplus of ['250 2.0.0 Ok', '550 5.1.1 No such user', '354 go', '250-half']) {
    const { mailer, ended } = await scripted((verb, { socket, connection, mail }) => {
      if (verb === 'EHLO') return ehlo;
      if (connection > 1) return undefined;
      if (verb === '.' && when === 'while the connection is idle') return `250 2.0.0 Ok${say(socket, `${surplus}\r\n`, 10)}`;
      if (verb !== 'MAIL' || mail < 2) return undefined;
      if (when === 'long before the answer to MAIL') return `${surplus}${say(socket, '250 ok\r\n', 60)}`;
      return when === 'before the answer to MAIL' ? `${surplus}\r\n250 ok` : `250 ok\r\n${surplus}`;
    });
    const [first, second] = [attempt(), attempt()];
    expect(await mailer.deliver(await mail(), first)).toMatchObject({ kind: 'accepted' });
    await new Promise((resolve) => setTimeout(resolve, 40));
    const told = await mailer.deliver(await mailTo('b@y.example'), second);
    expect(told, surplus).toMatchObject({ kind: 'accepted', progress: 'end' });
    expect([first.armed.length, second.armed.length, ended()]).toEqual([1, 1, 2]);
  }
});

test('a server that cuts its replies to single bytes and ends lines with LF alone is understood', async () => {
  const { mailer } = await scripted((verb, { socket }) => {
    const reply = `${(verb === 'EHLO' ? '250 hi' : (USUAL[verb] ?? '250 ok')).replaceAll('\r', '')}\n`;
    for (const [at, sign] of [...reply].entries()) say(socket, sign, 4 * at);
    return '';
  });
  const limits = { unarmed: 5_000, armed: 5_000 };
  expect(await mailer.deliver(await mail(), attempt({ limits }))).toMatchObject({ kind: 'accepted', progress: 'end' });
});

test('what is said is what nodemailer would say: one write with PIPELINING, one command at a time without', async () => {
  const { mailer, heard } = await scripted((verb) =>
    verb === 'EHLO' ? '250-hi\r\n250-SIZE 1000000\r\n250-SMTPUTF8\r\n250 PIPELINING' : undefined,
  );
  const copied = await mail({ bccSelf: true, from: 'Ana Ruiz <ana@ruiz.example>' });
  await mailer.deliver(copied, attempt());
  const size = copied.bytes.length;
  expect(size).toBeGreaterThan(500);
  const sent = Number(/SIZE=(\d+)/.exec(heard[1] ?? '')?.[1]);
  expect(sent - size).toBe('Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n'.length);
  expect(heard[1]).toBe(
    `MAIL FROM:<ana@ruiz.example> SIZE=${sent}\r\nRCPT TO:<grace@harbour.example>\r\nRCPT TO:<ana@ruiz.example>\r\nDATA\r\n`,
  );
  const { envelope, ...rest } = copied;
  await mailer.deliver({ ...rest, envelope: { ...envelope, to: 'grâce@harbour.example' } }, attempt());
  expect(heard.at(-1)).toMatch(/^MAIL FROM:<ana@ruiz.example> SMTPUTF8 SIZE=\d+\r\nRCPT TO:<grâce@harbour.example>\r\n/);
  const plain = await scripted((verb) => (verb === 'EHLO' ? '250 hi' : undefined));
  await plain.mailer.deliver(copied, attempt());
  expect(plain.heard.slice(1)).toEqual([
    'MAIL FROM:<ana@ruiz.example>\r\n',
    'RCPT TO:<grace@harbour.example>\r\n',
    'RCPT TO:<ana@ruiz.example>\r\n',
    'DATA\r\n',
  ]);
});

test.each(['a@y.example\r\nRCPT TO:<b@y.example', 'a>@y.example', ''])('the address %j is put into no command', async (to) => {
  const { mailer, heard } = await scripted(() => undefined);
  const { envelope, ...rest } = await mail();
  expect(await mailer.deliver({ ...rest, envelope: { ...envelope, to } }, attempt())).toMatchObject({
    kind: 'content_refused',
    code: null,
  });
  expect(heard.join('')).not.toContain('RCPT');
});

async function against(fault: Fault | undefined): Promise<{ sink: Sink; mailer: Mailer }> {
  const sink = await startSink((to) => (fault?.startsWith('greeting') === (to === undefined) ? fault : undefined));
  const mailer = smtpMailer({ host: '127.0.0.1', port: sink.port, security: 'none', auth: undefined });
  closing.push(sink.close, mailer.close);
  return { sink, mailer };
}

const LARGE = 'x'.repeat(70).concat('\n').repeat(300_000);

test.each([
  [undefined, {}, 'end'],
  ['greeting 421', {}, 'nothing'],
  ['rcpt 550', {}, 'nothing'],
  ['data 451', {}, 'nothing'],
  ['body drop', { text: LARGE }, 'part'],
  ['dot 554', {}, 'end'],
  ['dot hang, taken', {}, 'end'],
  ['dot 451- then 250, taken', {}, 'end'],
] as const)('how far a mail got is told: behind "%s"', async (fault, change, progress) => {
  const { mailer } = await against(fault);
  const trying = attempt({ limits: { unarmed: 15_000, armed: fault === 'dot hang, taken' ? 700 : 15_000 } });
  expect(await mailer.deliver(await mail(change), trying)).toMatchObject({ progress });
});

test('a mail whose arm is refused got nowhere, and one that is cut before its dot has all but its end', async () => {
  const { sink, mailer } = await against(undefined);
  expect(await mailer.deliver(await mail(), attempt({ arm: async () => false }))).toMatchObject({ kind: 'not_armed', progress: 'nothing' });
  const { subscribe, unsubscribe } = await import('node:diagnostics_channel');
  const freeze = (milestone: unknown) => {
    for (const until = performance.now() + 300; milestone === 'body.ended' && performance.now() < until; );
  };
  subscribe('outreach:milestone', freeze);
  const delivery = await mailer.deliver(await mail(), attempt({ limits: { unarmed: 3_000, armed: 200 } }));
  unsubscribe('outreach:milestone', freeze);
  expect(delivery).toMatchObject({ kind: 'ambiguous', progress: 'all', reply: 'the time limit passed' });
  expect(sink.received).toEqual([]);
});

test('a limit on the mails of one connection is met with another connection, at no try’s cost', async () => {
  for (const reply of [
    '421 4.3.2 Closing',
    '421 4.7.0 Too many messages on this connection',
    '421 Session limit exceeded, try a new session',
  ]) {
    const sink = await startSink(() => undefined, { mails: 2, reply });
    const mailer = smtpMailer({ host: '127.0.0.1', port: sink.port, security: 'none', auth: undefined });
    closing.push(sink.close, mailer.close);
    for (let turn = 0; turn < 7; turn++) {
      const trying = attempt();
      expect(await mailer.deliver(await mailTo(`lead${turn}@y.example`), trying)).toMatchObject({ kind: 'accepted' });
      expect(trying.armed).toHaveLength(1);
    }
    expect(new Set(sink.received.map(({ to }) => to)).size).toBe(7);
  }
});

test.each([
  ['421 4.7.28 Unusual rate of mail from you', 'throttled'],
  ['421 Your daily limit exceeded', 'throttled'],
  ['421 slow down', 'throttled'],
])('a limit of the account, "%s", is left in peace', async (reply, kind) => {
  let connections = 0;
  const counting = (to: string | undefined) => {
    if (to === undefined) connections++;
    return undefined;
  };
  const sink = await startSink(counting, { mails: 1, reply });
  const mailer = smtpMailer({ host: '127.0.0.1', port: sink.port, security: 'none', auth: undefined });
  closing.push(sink.close, mailer.close);
  expect(await mailer.deliver(await mailTo('a@y.example'), attempt())).toMatchObject({ kind: 'accepted' });
  expect(await mailer.deliver(await mailTo('b@y.example'), attempt())).toMatchObject({ kind, code: 421 });
  expect(connections).toBe(1);
});

test('a fresh connection that is refused, too, speaks of the sender', async () => {
  const refusedAt = (verb: string, reply: string) =>
    scripted((said, { connection, mail }) => (said === verb && (connection > 1 || mail > 1) ? reply : undefined));
  const greeted = await scripted((verb, { connection, mail }) =>
    (verb === 'greet' && connection > 1) || (verb === 'MAIL' && mail > 1) ? '421 4.3.2 Not now' : undefined,
  );
  for (const { mailer } of [greeted, await refusedAt('MAIL', '421 4.3.2 Not now')]) {
    await mailer.deliver(await mailTo('a@y.example'), attempt());
    const trying = attempt();
    expect(await mailer.deliver(await mailTo('b@y.example'), trying)).toMatchObject({ kind: 'sender_failed', code: 421, beforeMail: true });
    expect(trying.armed).toEqual([]);
  }
  // A connection that has taken nothing has no limit to reach.
  const first = await scripted((verb) => (verb === 'MAIL' ? '421 4.3.2 Not now' : undefined));
  expect(await first.mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'sender_failed', code: 421 });
  expect(first.heard.filter((line) => line.startsWith('EHLO'))).toHaveLength(1);
});
