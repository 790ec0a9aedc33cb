import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { composeMime, sha256, withDate } from '../../src/mail/mime.ts';
import { outboxMailer } from '../../src/mail/outbox.ts';
import { readReply } from '../../src/mail/replies.ts';
import { Folder } from '../support/program.ts';

let folder: Folder | undefined;

afterEach(() => folder?.remove());

const compose = () =>
  composeMime({
    from: 'Añá Ruiz <ana@ruiz.example>',
    to: { email: 'j.weiss@xn--mller-kva.example', name: 'Jürgen "J" Weiß\r\nBcc: x@y.example' },
    subject: 'Grüße — 你好 '.repeat(12),
    text: 'Hällo\n',
    html: '<p>Hällo</p>',
    unsubscribeMailto: 'stop@ruiz.example',
    reference: '7',
  });

test('headers are encoded, folded below 998 bytes, and hold no line that lead data added', async () => {
  const { bytes, messageId, envelope } = await compose();
  const head = bytes.toString('latin1').split('\r\n\r\n')[0] ?? '';
  expect(head).not.toMatch(/^Bcc:/im);
  expect(head.split('\r\n').every((line) => line.length < 998 && /^[\x20-\x7e\t]*$/.test(line))).toBe(true);
  expect(head).toMatch(/^Subject: =\?UTF-8\?/m);
  expect(messageId).toMatch(/@ruiz\.example>$/);
  expect(envelope.from).toBe('ana@ruiz.example');
});

test('an attempt adds its Date in front of the frozen bytes and nothing else', async () => {
  const { bytes } = await compose();
  const sent = withDate(bytes, new Date('2026-11-23T10:00:00Z'));
  expect(sent.toString('latin1')).toBe(`Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n${bytes.toString('latin1')}`);
});

test('the outbox writes each mail whole, under its Message-ID, only when armed', async () => {
  folder = new Folder();
  const mailer = outboxMailer(folder.at('outbox'));
  const mail = await compose();
  const attempt = { date: new Date(0), limits: { unarmed: 1, armed: 1 }, cut: new AbortController().signal };
  expect(await mailer.deliver(mail, { ...attempt, arm: async () => false })).toMatchObject({ kind: 'not_armed', progress: 'nothing' });
  let armed = '';
  const arm = async (digest: string) => {
    armed = digest;
    return true;
  };
  expect(await mailer.deliver(mail, { ...attempt, arm })).toMatchObject({ kind: 'accepted', progress: 'end' });
  const files = readdirSync(folder.at('outbox'));
  expect(files).toEqual([`${mail.messageId.slice(1, -1)}.eml`]);
  expect(sha256(readFileSync(folder.at('outbox', files[0] ?? '')))).toBe(armed);
});

test.each([
  ['connect', 554, '554 No SMTP service here', 'sender_failed'],
  ['auth', 535, '535 5.7.8 Bad credentials', 'sender_refused'],
  ['auth', 454, '454 4.7.0 Try later', 'sender_failed'],
  ['mail', 421, '421 4.7.0 Too many connections', 'throttled'],
  ['connect', 421, '421 4.7.0 Too many connections', 'sender_failed'],
  ['auth', 535, '535 5.7.8 Username and Password not accepted', 'sender_refused'],
  ['auth', 454, '454 4.7.0 Temporary authentication failure', 'sender_failed'],
  ['rcpt', 450, '450 4.2.1 The user you are trying to contact is receiving mail too quickly', 'temporary'],
  ['dot', 421, '421 4.7.0 Our system has detected an unusual rate of unsolicited mail', 'throttled'],
  ['dot', 421, '421 4.7.28 Gmail has detected', 'throttled'],
  ['rcpt', 451, '451 4.7.650 The mail server has been temporarily rate limited', 'throttled'],
  ['mail', 421, '421 4.7.0 [TSS04] Messages temporarily deferred', 'throttled'],
  ['dot', 550, '550 5.4.5 Daily user sending limit exceeded', 'throttled'],
  ['dot', 432, '432 4.3.2 Concurrent connections limit exceeded', 'throttled'],
  ['dot', 550, '550 5.1.8 Access denied, bad outbound sender', 'sender_refused'],
  ['dot', 550, '550 5.7.515 Access denied', 'sender_refused'],
  ['dot', 552, '552 5.7.0 This message was blocked because its content presents a potential security issue', 'content_refused'],
  ['rcpt', 452, '452 4.2.2 The email account is over quota', 'temporary'],
  ['rcpt', 550, '550 5.2.1 The email account is disabled', 'recipient_refused'],
  ['mail', 552, '552 5.3.4 Too big', 'content_refused'],
  ['mail', 553, '553 5.7.1 Not your address', 'sender_refused'],
  ['rcpt', 450, '450 4.2.1 Greylisted', 'temporary'],
  ['rcpt', 550, '550 5.1.1 User unknown', 'recipient_refused'],
  ['rcpt', 550, '550 no such mailbox', 'recipient_refused'],
  ['rcpt', 550, '550 relaying denied', 'sender_refused'],
  ['rcpt', 550, '550 5.7.1 Blocked', 'sender_refused'],
  ['rcpt', 550, '550 Sender verify failed', 'sender_refused'],
  ['rcpt', 550, '550 Access denied', 'sender_refused'],
  ['rcpt', 550, '550 5.1.0 <ana@ruiz.example> sender rejected', 'sender_refused'],
  ['rcpt', 550, '550 5.1.0 Address rejected', 'recipient_refused'],
  ['rcpt', 553, '553 5.1.8 bad sender domain', 'sender_refused'],
  ['rcpt', 552, '552 5.2.2 Mailbox full', 'temporary'],
  ['dot', 550, '550 5.7.26 Unauthenticated', 'sender_refused'],
  ['dot', 554, '554 rejected as spam', 'content_refused'],
  ['dot', 552, '552 5.3.4 Too big', 'content_refused'],
  ['dot', 452, '452 4.3.1 Disk full', 'temporary'],
  ['dot', 354, '354 what', 'ambiguous'],
] as const)('at %s, %i "%s" means %s', (phase, code, text, kind) => {
  expect(readReply(phase, code, text).kind).toBe(kind);
});

test('a refused login and a blocked account stop the sender until a person acts; a policy refusal does not', () => {
  expect(readReply('auth', 535, '535 5.7.8 no').stopsSender).toBe(true);
  expect(readReply('dot', 550, '550 5.7.502 Access denied, banned sender').stopsSender).toBe(true);
  expect(readReply('rcpt', 550, '550 5.7.1 Blocked').stopsSender).toBeUndefined();
});
