import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Delivery } from '../../src/domain/delivery.ts';
import { gmail } from '../../src/mail/gmail.ts';
import { httpMailer } from '../../src/mail/http.ts';
import { type HttpReply, readResend, readSendgrid } from '../../src/mail/httpReplies.ts';
import { readGmail, readGraph } from '../../src/mail/mailboxReplies.ts';
import type { FrozenMail, Mailer } from '../../src/mail/mailer.ts';
import { resend } from '../../src/mail/resend.ts';
import { sendgrid } from '../../src/mail/sendgrid.ts';
import { attempt, mail, mailTo } from '../support/mail.ts';
import { testTokens } from '../support/mailboxes.ts';
import { startMailProvider } from '../support/mailProvider.ts';

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A connection as a scripted server sees it. */
interface Talk {
  readonly socket: Socket;
  readonly bytes: () => number;
}

interface Scripted {
  readonly mailer: Mailer;
  readonly talks: Talk[];
}

/** SendGrid's API by a script: what is done when a connection opens, and when a whole request has come. */
async function scripted(script: { open?: (talk: Talk) => void; asked?: (talk: Talk) => void }): Promise<Scripted> {
  const talks: Talk[] = [];
  const server = createServer((socket) => {
    let bytes = 0;
    let left = Number.NaN;
    const talk = { socket: socket.setNoDelay(true), bytes: () => bytes };
    talks.push(talk);
    script.open?.(talk);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      left = Number.isNaN(left) ? missingBehind(chunk) : left - chunk.length;
      if (left !== 0) return;
      left = Number.NaN;
      script.asked?.(talk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const mailer = httpMailer(sendgrid('k', `http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  closing.push(
    mailer.close,
    () => void server.close(),
    () => {
      for (const { socket } of talks) socket.destroy();
    },
  );
  return { mailer, talks };
}

/** How much of a request is still to come behind its first bytes, which hold its head. */
function missingBehind(bytes: Buffer): number {
  const head = bytes.indexOf('\r\n\r\n') + 4;
  const length = Number(/content-length: (\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1]);
  return length - (bytes.length - head);
}

const TAKEN = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n';
const refusal = (status: number) => `HTTP/1.1 ${status} No\r\ncontent-length: 2\r\n\r\n{}`;
/** Longer than what both sides' systems take while nobody reads. */
const large = mail({ text: 'a line of a long text\n'.repeat(300_000) });
const patient = (change = {}) => attempt({ limits: { unarmed: 20_000, armed: 20_000 }, ...change });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const ofMailbox = (kind: typeof gmail) => (_: string, baseUrl: string) => kind(testTokens(), { baseUrl });

test.each([
  ['sendgrid', sendgrid],
  ['resend', resend],
  ['gmail', ofMailbox(gmail)],
] as const)('%s: a 2xx that comes before the whole request was written leaves the mail in doubt', async (_, kind) => {
  const server = await startMailProvider(() => 'early 2xx, not taken');
  const mailer = httpMailer(kind('k', server.url));
  closing.push(server.close, mailer.close);
  expect(await mailer.deliver(await large, patient())).toMatchObject({
    kind: 'ambiguous',
    progress: 'part',
    reply: expect.stringContaining('before the whole request was written'),
  });
  expect(server.requests).toEqual([]);
});

test.each<[string, string, Delivery['kind']]>([
  ['a refusal', refusal(413), 'content_refused'],
  ['a refused key', refusal(401), 'sender_refused'],
  ['a wish for patience', refusal(429), 'throttled'],
  ['an error of the server', refusal(503), 'ambiguous'],
  ['a refusal that is cut', refusal(413).replace('length: 2', 'length: 90'), 'ambiguous'],
  ['half an answer', 'HTTP/1.1 202 Acc', 'ambiguous'],
  ['an interim answer with the final one behind it', `HTTP/1.1 102 Processing\r\n\r\n${TAKEN}`, 'ambiguous'],
])('%s before the whole request was written is read as what it is', async (_, answer, kind) => {
  const { mailer, talks } = await scripted({
    open({ socket }) {
      socket.once('data', () => {
        socket.pause();
        socket.end(answer);
      });
    },
  });
  expect(await mailer.deliver(await large, patient())).toMatchObject({ kind, progress: 'part' });
  expect(talks).toHaveLength(1);
});

test('an answer that began before the whole request was written is early, however late it ends', async () => {
  const { mailer } = await scripted({
    open({ socket }) {
      socket.once('data', async () => {
        socket.pause();
        socket.write(TAKEN.slice(0, 15));
        await pause(100);
        socket.resume();
      });
    },
    asked: ({ socket }) => void socket.write(TAKEN.slice(15)),
  });
  expect(await mailer.deliver(await large, patient())).toMatchObject({ kind: 'ambiguous', progress: 'end' });
});

test.each(['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'])(
  'an interim answer that comes early is no answer: %j',
  async (interim) => {
    const { mailer } = await scripted({
      open({ socket }) {
        socket.once('data', async () => {
          socket.pause();
          socket.write(interim);
          await pause(100);
          socket.resume();
        });
      },
      asked: ({ socket }) => void socket.write(interim + TAKEN),
    });
    expect(await mailer.deliver(await large, patient())).toMatchObject({ kind: 'accepted', progress: 'end' });
  },
);

test('a server that gives interim answers for ever is left, and one that changes the protocol too; both mails are in doubt', async () => {
  for (const answer of ['HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000), 'HTTP/1.1 101 Switching\r\nupgrade: h2c\r\n\r\n']) {
    const { mailer, talks } = await scripted({ asked: ({ socket }) => void socket.write(answer) });
    const begun = performance.now();
    expect(await mailer.deliver(await mail(), patient())).toMatchObject({ kind: 'ambiguous', progress: 'end' });
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(talks).toHaveLength(1);
  }
});

test.each<[string, string]>([
  ['two answers, an acceptance first', TAKEN + refusal(400)],
  ['two answers, a refusal first', refusal(400) + TAKEN],
  ['an answer with more behind it', `${TAKEN}junk\r\n\r\n`],
  ['an acceptance that is shorter than it says', TAKEN.replace('length: 0', 'length: 9')],
  ['a refusal that is shorter than it says', refusal(400).replace('length: 2', 'length: 9')],
  ['a status that is none', 'HTTP/1.1 2020 Accepted\r\ncontent-length: 0\r\n\r\n'],
  ['two lengths', TAKEN.replace('content-length: 0', 'content-length: 0\r\ncontent-length: 5')],
  ['a length and chunks', TAKEN.replace('content-length: 0', 'content-length: 0\r\ntransfer-encoding: chunked')],
  ['a head without end', TAKEN.replace('\r\n\r\n', `\r\n${'x: y\r\n'.repeat(20_000)}`)],
  ['a web page', 'HTTP/1.1 202 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>'],
])('the whole request is answered by %s: the mail is in doubt', async (_, answer) => {
  const { mailer } = await scripted({
    asked({ socket }) {
      socket.write(answer);
      setTimeout(() => socket.destroy(), 50);
    },
  });
  expect(await mailer.deliver(await mail(), patient())).toMatchObject({ kind: 'ambiguous', progress: 'end' });
});

test('a server that closes the connection behind its answer has answered', async () => {
  const { mailer } = await scripted({ asked: ({ socket }) => void socket.end(TAKEN) });
  for (const to of ['a@y.example', 'b@y.example'])
    expect(await mailer.deliver(await mailTo(to), patient())).toMatchObject({ kind: 'accepted', progress: 'end' });
});

test('a server that speaks before it is asked gets no request, and its sender rests', async () => {
  const { mailer, talks } = await scripted({ open: ({ socket }) => socket.write(TAKEN) });
  const trying = patient({ arm: () => pause(60).then(() => true) });
  expect(await mailer.deliver(await mail(), trying)).toMatchObject({ kind: 'sender_failed', beforeMail: true, progress: 'nothing' });
  expect(talks.map(({ bytes }) => bytes())).toEqual([0]);
});

test('a server that speaks before it is asked is not believed, though nobody heard it in time', async () => {
  const { mailer, talks } = await scripted({ open: ({ socket }) => socket.write(TAKEN) });
  expect((await mailer.deliver(await mail(), patient())).kind).not.toBe('accepted');
  expect(talks.every(({ bytes }) => bytes() < 500)).toBe(true);
});

test('a server that hangs up while the arm is on its way gets no request, and its sender rests', async () => {
  const { mailer, talks } = await scripted({ open: ({ socket }) => setTimeout(() => socket.end(), 20) });
  const trying = patient({ arm: () => pause(60).then(() => true) });
  expect(await mailer.deliver(await mail(), trying)).toMatchObject({ kind: 'sender_failed', beforeMail: true, progress: 'nothing' });
  expect(talks.map(({ bytes }) => bytes())).toEqual([0]);
});

/** A server that takes each mail, and a mailer that has a connection to it. */
async function inTalk(): Promise<Scripted & { socket: Socket; next: FrozenMail }> {
  const { mailer, talks } = await scripted({ asked: ({ socket }) => void socket.write(TAKEN) });
  const next = await mailTo('b@y.example');
  expect(await mailer.deliver(await mailTo('a@y.example'), patient())).toMatchObject({ kind: 'accepted' });
  const [talk] = talks;
  if (talk === undefined) throw new Error('nobody came');
  return { mailer, talks, socket: talk.socket, next };
}

test('an answer that nobody asked for on an idle connection ends it, and the next mail opens another', async () => {
  const { mailer, talks, socket, next } = await inTalk();
  socket.write(refusal(429));
  await pause(80);
  expect(await mailer.deliver(next, patient())).toMatchObject({ kind: 'accepted' });
  expect(talks).toHaveLength(2);
});

test('an answer to the mail before, while the next one is being armed, is not that one’s: nothing of it goes out there', async () => {
  const { mailer, talks, socket, next } = await inTalk();
  const before = talks[0]?.bytes();
  const arm = async () => {
    socket.write(TAKEN);
    await pause(100);
    return true;
  };
  expect(await mailer.deliver(next, patient({ arm }))).toMatchObject({ kind: 'not_armed', progress: 'nothing' });
  expect(talks.map(({ bytes }) => bytes())).toEqual([before]);
  expect(await mailer.deliver(next, patient())).toMatchObject({ kind: 'accepted' });
  expect(talks).toHaveLength(2);
});

test('how far a mail got is told with every end', async () => {
  const silent = await scripted({});
  expect(await silent.mailer.deliver(await mail(), attempt())).toMatchObject({ kind: 'ambiguous', progress: 'end' });
  const deaf = await scripted({ open: ({ socket }) => void socket.pause() });
  expect(await deaf.mailer.deliver(await large, attempt())).toMatchObject({ kind: 'ambiguous', progress: 'part' });
  const { mailer } = await scripted({});
  expect(await mailer.deliver(await mail(), attempt({ arm: async () => false }))).toMatchObject({ kind: 'not_armed', progress: 'nothing' });
  const nobody = httpMailer(sendgrid('k', 'http://127.0.0.1:1'));
  expect(await nobody.deliver(await mail(), attempt())).toMatchObject({ kind: 'sender_failed', progress: 'nothing' });
});

const reply = (status: number, body = '', change: Partial<HttpReply> = {}): HttpReply => ({
  status,
  headers: {},
  body,
  complete: true,
  early: false,
  now: 0,
  ...change,
});

test('only a redirect that asks for the same request elsewhere says that nothing was done with it', () => {
  for (const read of [readSendgrid, readResend, readGmail, readGraph]) {
    for (const status of [300, 301, 302, 303, 304, 305, 306, 399])
      expect(read(reply(status)), String(status)).toMatchObject({ kind: 'ambiguous' });
    for (const status of [307, 308]) expect(read(reply(status))).toMatchObject({ kind: 'sender_refused', stopsSender: true });
    expect(read(reply(308, '', { headers: { location: 'https://proxy.example/login?key=secret' } })).reply).toBe(
      '308: a redirect to https://proxy.example, which is not followed',
    );
    // Cut, it may be anything.
    expect(read(reply(307, '', { complete: false }))).toMatchObject({ kind: 'ambiguous' });
  }
});

test('the words of an answer change nothing where its status leaves open what became of the mail', () => {
  for (const name of ['validation_error', 'daily_quota_exceeded', 'invalid_parameter'])
    for (const status of [302, 500, 503])
      expect(readResend(reply(status, JSON.stringify({ name, message: 'Invalid `to` field' })))).toMatchObject({ kind: 'ambiguous' });
  for (const status of [302, 408, 409, 500, 503, 507]) {
    for (const code of ['ErrorExceededMessageLimit', 'ErrorInvalidRecipients', 'ErrorSendAsDenied', 'ApplicationThrottled'])
      expect(readGraph(reply(status, JSON.stringify({ error: { code, message: "Recipient 'x' is not resolved" } })))).toMatchObject({
        kind: 'ambiguous',
      });
    for (const reason of ['dailyLimitExceeded', 'failedPrecondition'])
      expect(readGmail(reply(status, JSON.stringify({ error: { errors: [{ reason }] } })))).toMatchObject({ kind: 'ambiguous' });
  }
});

test('an acceptance is JSON with an id, or 202 with nothing; a page that says so is none', () => {
  const id = '{"id":"49a3999c"}';
  const as = (type: string) => ({ headers: { 'content-type': type } });
  expect(readResend(reply(200, id))).toMatchObject({ kind: 'accepted' });
  expect(readResend(reply(200, id, as('application/json; charset=utf-8')))).toMatchObject({ kind: 'accepted' });
  expect(readResend(reply(200, id, as('text/html')))).toMatchObject({ kind: 'ambiguous' });
  expect(readResend(reply(200, id, { early: true }))).toMatchObject({ kind: 'ambiguous' });
  expect(readSendgrid(reply(202, '', as('text/html')))).toMatchObject({ kind: 'accepted' });
  expect(readSendgrid(reply(202, '<html>', as('text/html')))).toMatchObject({ kind: 'ambiguous' });
  expect(readGmail(reply(200, id))).toMatchObject({ kind: 'accepted', reply: '200 49a3999c' });
  expect(readGmail(reply(200, id, as('text/html')))).toMatchObject({ kind: 'ambiguous' });
  expect(readGmail(reply(202, id))).toMatchObject({ kind: 'ambiguous' });
  expect(readGmail(reply(200, '{"id":7}'))).toMatchObject({ kind: 'ambiguous' });
  expect(readGraph(reply(202, '', as('text/plain')))).toMatchObject({ kind: 'accepted' });
  expect(readGraph(reply(202, '<html>', as('text/html')))).toMatchObject({ kind: 'ambiguous' });
  // Graph has answered so to mails that were too large for it, and sent none of them.
  expect(readGraph(reply(200, ''))).toMatchObject({ kind: 'ambiguous' });
});
