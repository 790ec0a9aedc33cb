import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type DkimSigner, dkimSigner, publicHalf } from '../../src/mail/dkim.ts';
import type { FrozenMail, Mailer } from '../../src/mail/mailer.ts';
import { sha256, withDate } from '../../src/mail/mime.ts';
import { smtpMailer } from '../../src/mail/smtp.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { attempt, file, headOf, mail } from '../support/mail.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let pem = '';
let signer: DkimSigner;

beforeAll(() => {
  pem = pkcs8(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  signer = dkimSigner({ domain: 'ruiz.example', selector: 's1', pem, place: 'dkim.key' });
});

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

async function sending(dkim: DkimSigner = signer): Promise<{ sink: Sink; mailer: Mailer }> {
  const sink = await startSink(() => undefined);
  const mailer = smtpMailer({ host: '127.0.0.1', port: sink.port, security: 'none', auth: undefined }, dkim);
  closing.push(sink.close, mailer.close);
  return { sink, mailer };
}

type Verified = Awaited<ReturnType<typeof dkimVerify>>['results'][number];

/** What a receiver of these bytes concludes, with the public half that `outreach doctor` tells people to publish. */
async function verdict(bytes: Buffer, key = publicHalf(pem, 'dkim.key')): Promise<Verified> {
  const resolver = async (name: string, type: string) => {
    if (name === 's1._domainkey.ruiz.example' && type === 'TXT') return [[`v=DKIM1; k=rsa; p=${key}`]];
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  };
  const { results } = await dkimVerify(bytes, { resolver, minBitLength: 2048 });
  expect(results).toHaveLength(1);
  const [result] = results;
  if (result === undefined) throw new Error('no result');
  return result;
}

/** As it left for the server. */
async function sent(frozen: FrozenMail): Promise<Buffer> {
  const { sink, mailer } = await sending();
  const trying = attempt({ limits: { unarmed: 5_000, armed: 5_000 } });
  expect(await mailer.deliver(frozen, trying)).toMatchObject({ kind: 'accepted' });
  const [received] = sink.received;
  expect(trying.armed).toEqual([received?.sha256]);
  return received?.bytes ?? Buffer.alloc(0);
}

const LOGO = file('logo.png', randomBytes(700), { type: 'image/png', cid: 'abc@outreach' });

test.each<[string, Parameters<typeof mail>[0]]>([
  ['plain ASCII', { from: 'ana@ruiz.example', subject: 'Hi', to: { email: 'grace@harbour.example', name: undefined } }],
  ['a long UTF-8 subject', { subject: 'Grüße aus Zürich — 你好 '.repeat(12) }],
  ['a subject without a space', { subject: 'x'.repeat(900) }],
  ['lines that begin with a dot', { text: '.\n..\n.hidden\nend\n.\n' }],
  ['empty lines at the end', { text: 'Hello\n\n\n\n', html: '<p>x</p>\n\n\n' }],
  ['spaces and tabs everywhere', { text: '  two \t here  \n-- \n\t\nend \t\n', subject: 'a  b\tc   d' }],
  ['empty texts', { text: '', html: '' }],
  ['a very long line', { text: 'x'.repeat(5_000), html: '字'.repeat(5_000) }],
  ['files and an image', { attachments: [file('a.pdf', randomBytes(100_000)), LOGO], html: '<img src="cid:abc@outreach">' }],
  ['one click', { unsubscribeUrl: 'https://ruiz.example/u?t=7.abc', feedbackId: 'hello:job-1:outreach:ruiz-example' }],
  ['answers elsewhere', { replyTo: 'Ána <answers@ruiz.example>', bccSelf: true }],
])('a mail with %s verifies as it arrives', async (_, change) => {
  const bytes = await sent(await mail(change));
  expect((await verdict(bytes)).status).toMatchObject({ result: 'pass', aligned: 'ruiz.example' });
});

test('the signature covers both List-Unsubscribe headers and all else that a reader relies on, and never a part of the body', async () => {
  const unsubscribe = { unsubscribeUrl: 'https://ruiz.example/u?t=7.abc', feedbackId: 'hello:job-1:outreach:ruiz-example' };
  const bytes = await sent(await mail({ ...unsubscribe, replyTo: 'answers@ruiz.example' }));
  const field = /^DKIM-Signature: (.*)$/m.exec(headOf(bytes))?.[1] ?? '';
  const signed = (/h=([^;]*);/.exec(field)?.[1] ?? '').replaceAll(' ', '').split(':');
  const present = headOf(bytes)
    .split('\r\n')
    .map((line) => line.split(':')[0]?.toLowerCase());
  expect(new Set(signed)).toEqual(new Set(present.filter((name) => name !== 'dkim-signature' && name !== 'x-outreach-id')));
  expect(signed.filter((name) => name === 'from')).toHaveLength(2);
  expect(field).toMatch(/a=rsa-sha256;.*c=relaxed\/relaxed;/);
  expect(field).not.toMatch(/(?:^|[;\s])l=/);
  expect(
    bytes
      .toString('latin1')
      .split('\r\n\r\n')[0]
      ?.split('\r\n')
      .every((line) => line.length <= 78),
  ).toBe(true);
});

test.each<[string, (mail: string) => string]>([
  ['a changed body', (text) => text.replace('Hello', 'Hullo')],
  ['a longer body', (text) => `${text}more\r\n`],
  ['a second From', (text) => `From: Eve <eve@evil.example>\r\n${text}`],
  ['a second From below', (text) => text.replace('\r\n\r\n', '\r\nFrom: Eve <eve@evil.example>\r\n\r\n')],
  ['another From', (text) => text.replace(/^From: .*$/m, 'From: Eve <eve@ruiz.example>')],
  ['another subject', (text) => text.replace(/^Subject: .*$/m, 'Subject: Buy')],
  ['another List-Unsubscribe', (text) => text.replace('https://ruiz.example/u', 'https://evil.example/u')],
  ['another List-Unsubscribe-Post', (text) => text.replace('List-Unsubscribe=One-Click', 'List-Unsubscribe=No')],
  ['no List-Unsubscribe-Post', (text) => text.replace(/^List-Unsubscribe-Post: .*\r\n/m, '')],
  ['another Date', (text) => text.replace(/^Date: .*$/m, 'Date: Mon, 23 Nov 2026 11:00:00 +0000')],
])('%s breaks the signature', async (_, change) => {
  const bytes = signer(withDate((await mail({ unsubscribeUrl: 'https://ruiz.example/u?t=7.abc' })).bytes, new Date()), new Date());
  expect((await verdict(bytes)).status.result).toBe('pass');
  const changed = change(bytes.toString('latin1'));
  expect(changed).not.toBe(bytes.toString('latin1'));
  expect((await verdict(Buffer.from(changed, 'latin1'))).status.result).not.toBe('pass');
});

test('another key in the DNS does not verify', async () => {
  const other = pkcs8(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  const bytes = signer(withDate((await mail()).bytes, new Date()), new Date());
  expect((await verdict(bytes, publicHalf(other, 'x'))).status.result).toBe('fail');
});

test('the same attempt is signed with the same bytes, and a repeated one at its own time', async () => {
  const { bytes } = await mail();
  const at = new Date('2026-11-23T10:00:00Z');
  const first = signer(withDate(bytes, at), at);
  expect(sha256(first)).toBe(sha256(signer(withDate(bytes, at), at)));
  expect(first.toString('latin1')).toContain(`t=${at.getTime() / 1_000};`);
  expect(first.subarray(-bytes.length).equals(bytes)).toBe(true);
});

test('a mail that cannot be signed does not go out, loses no try, and stops its sender', async () => {
  const { sink, mailer } = await sending(() => {
    throw new Error('the key is gone');
  });
  const trying = attempt();
  expect(await mailer.deliver(await mail(), trying)).toMatchObject({ kind: 'sender_refused', beforeMail: true, stopsSender: true });
  expect([trying.armed, sink.received]).toEqual([[], []]);
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' } as const;

test.each([
  ['of 1024 bits', pkcs8(rsa.privateKey), 'an RSA key of 1024 bits is too weak'],
  ['of 512 bits', pkcs8(generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey), 'an RSA key of 512 bits is too weak'],
  ['of Ed25519', pkcs8(generateKeyPairSync('ed25519').privateKey), 'a key of type ed25519 is not verified by most'],
  ['that is public', rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string, 'this is the public key'],
  ['with a passphrase', rsa.privateKey.export(encrypted) as string, 'the key is encrypted with a passphrase'],
  ['that is none', 'no key at all', 'this is not a private key in PEM form'],
  ['that is empty', '', 'this is not a private key in PEM form'],
  ['cut short', pkcs8(rsa.privateKey).slice(0, 200), 'this is not a private key in PEM form'],
])('a key %s is refused in one sentence that shows nothing of it', (_, wrong, says) => {
  const refusal = refusalOf(wrong);
  expect(refusal).toContain(`main: dkim.key: ${says}`);
  expect(refusal).not.toMatch(/\n|BEGIN RSA|error:|[A-Za-z0-9+/]{40}/);
});

function refusalOf(wrong: string): string {
  try {
    dkimSigner({ domain: 'ruiz.example', selector: 's1', pem: wrong, place: 'main: dkim.key' });
  } catch (error) {
    return (error as Error).message;
  }
  return 'it was taken';
}
