import { createHash, randomBytes } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { domainOf, parseAddress } from '../domain/address.ts';
import { assemble, fileMark } from '../domain/attachment.ts';
import { readsAsEncoded } from '../domain/encodedWord.ts';
import { OutreachError } from '../domain/errors.ts';
import { withoutInvisible } from '../domain/invisible.ts';
import { oneLine } from '../domain/text.ts';
import { encodedWords, withLiteralFileName, withLiteralNames } from './headerText.ts';
import type { FrozenMail, MailAddressing, MailContent, MailFile } from './mailer.ts';

/** Composes a mail (RFC 5322, 2045–2047, 2387) without its Date header: text and HTML, images in it, files below. */
export async function composeMime(content: MailContent): Promise<FrozenMail> {
  const from = mailbox(content.from, 'from');
  const messageId = `<${content.reference}@${domainOf(from.email)}>`;
  const addressing = addressingOf(content, from);
  const { to, bcc, replyTo } = addressing;
  const { text, html, attachments = [] } = content;
  const subject = oneLine(content.subject);
  const places = attachments.map(() => randomBytes(48));
  const composer = new MailComposer({
    from: nodemailerAddress(addressing.from),
    to: nodemailerAddress(to),
    ...(replyTo === undefined ? {} : { replyTo: nodemailerAddress(replyTo) }),
    ...(isPrepared(subject) ? {} : { subject }),
    text,
    html,
    messageId,
    headers: {
      ...Object.fromEntries(Object.entries(addressing.headers).map(([name, value]) => [name, headerLine(name, value)])),
      ...(isPrepared(subject) ? { Subject: { prepared: true, value: encodedWords(subject) } } : {}),
    },
    ...(attachments.length === 0 ? {} : { attachments: attachments.map((file, index) => partOf(file, places[index])) }),
    disableFileAccess: true,
    disableUrlAccess: true,
    normalizeHeaderKey: (key) => SPELLINGS[key.toLowerCase()] ?? key,
    newline: '\r\n',
  });
  const built = withLiteralNames(withoutDate(await composer.compile().build()), addressing);
  const skeleton = withMarks(built, attachments, places);
  const bytes = attachments.length === 0 ? skeleton : whole(skeleton, attachments);
  const parts = () => ({ ...addressing, subject, text, html, attachments });
  const envelope = { from: from.email, to: to.email, ...(bcc === undefined ? {} : { bcc: bcc.email }) };
  return { messageId, envelope, bytes, skeleton, sha256: sha256(bytes), parts };
}

/** The bytes that go on the wire: Date is that of the attempt, everything else as frozen. */
export function withDate(frozen: Buffer, date: Date): Buffer {
  const stamp = date.toUTCString().replace('GMT', '+0000');
  return Buffer.concat([Buffer.from(`Date: ${stamp}\r\n`), frozen]);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface NamedAddress {
  readonly email: string;
  readonly name: string | undefined;
}

function mailbox(value: string, key: string): NamedAddress {
  const parsed = parseAddress(value);
  if (!parsed.ok) throw new OutreachError('config', `${key}: ${parsed.reason}`);
  return parsed.address;
}

/** Who it is from and for, and the headers that every way of sending carries. */
function addressingOf(content: MailContent, from: NamedAddress): MailAddressing {
  const { replyTo, bccSelf, reference, unsubscribeUrl, feedbackId } = content;
  // A mail to oneself needs no copy, and providers refuse an address that is there twice.
  const copied = bccSelf === true && from.email.toLowerCase() !== content.to.email.toLowerCase();
  return {
    from: named(from),
    to: named(content.to),
    ...(replyTo === undefined ? {} : { replyTo: named(mailbox(replyTo, 'reply_to')) }),
    ...(copied ? { bcc: { email: from.email } } : {}),
    headers: {
      'List-Unsubscribe': unsubscribeHeader(content),
      // Mail programs post to https alone (RFC 8058 §3.1); a loopback address of a test is opened by hand.
      ...(unsubscribeUrl?.startsWith('https:') !== true ? {} : { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }),
      ...(feedbackId === undefined ? {} : { 'Feedback-ID': feedbackId }),
      'X-Outreach-Id': reference,
    },
    reference,
  };
}

/** The best way first (RFC 2369 §2): one click where there is a URL (RFC 8058), else a mail that is written and sent for the reader. */
function unsubscribeHeader({ unsubscribeMailto, unsubscribeUrl, unsubscribeToken }: MailContent): string {
  const address = unsubscribeMailto.replace(/[^\w.+@-]/g, (char) => encodeURIComponent(char));
  const subject = unsubscribeToken === undefined ? 'unsubscribe' : `unsubscribe%20${encodeURIComponent(unsubscribeToken)}`;
  const mailto = `<mailto:${address}?subject=${subject}>`;
  return unsubscribeUrl === undefined ? mailto : `<${unsubscribeUrl}>, ${mailto}`;
}

/** No person's name is longer, and a header line of more than 998 octets is refused (RFC 5322 §2.1.1). */
const LONGEST_NAME = 100;

function named({ email, name }: NamedAddress): MailAddressing['to'] {
  if (name === undefined) return { email };
  const line = oneLine(name);
  // The cut may part what belongs together, and leave a joiner that joins nothing.
  return { email, name: line.length > LONGEST_NAME ? withoutInvisible([...line].slice(0, LONGEST_NAME).join('')) : line };
}

function nodemailerAddress({ email, name }: MailAddressing['to']) {
  return name === undefined ? email : { name, address: email };
}

/** The names that nodemailer would write in its own way. */
const SPELLINGS: Readonly<Record<string, string>> = { 'x-outreach-id': 'X-Outreach-Id', 'feedback-id': 'Feedback-ID' };

/** nodemailer would encode the addresses in List-Unsubscribe anew; it is folded between them, where it is too long for a line. */
function headerLine(name: string, value: string) {
  if (name !== 'List-Unsubscribe') return value;
  return { prepared: true, value: name.length + value.length > 74 ? value.replace('>, <', '>,\r\n <') : value };
}

/** nodemailer folds at spaces alone, so not within a long word, and passes on what is an encoded word already, which the reader would decode. */
function isPrepared(subject: string): boolean {
  return readsAsEncoded(subject) || (subject.length > 200 && /[!-~]{200}/.test(subject));
}

/** 48 random bytes stand for the file: one line of base64 that nothing else in the mail can look like. */
function partOf({ name, type, cid }: MailFile, place: Buffer | undefined) {
  return {
    filename: name,
    contentType: type,
    content: place,
    ...(cid === undefined ? {} : { cid, contentDisposition: 'inline' as const }),
  };
}

function withMarks(built: Buffer, files: readonly MailFile[], places: readonly Buffer[]): Buffer {
  if (files.length === 0) return built;
  let text = built.toString('latin1');
  for (const [index, { sha256: digest, name }] of files.entries()) {
    const line = places[index]?.toString('base64') ?? '';
    const found = text.split(`\r\n\r\n${line}`);
    if (found.length !== 2) throw new Error(`attachment ${index + 1} stands ${found.length - 1} times in its mail`);
    const [before = '', after = ''] = found;
    const headers = before.lastIndexOf('\r\n--');
    text = `${before.slice(0, headers)}${withLiteralFileName(before.slice(headers), name)}\r\n\r\n${fileMark(digest)}${after}`;
  }
  return Buffer.from(text, 'latin1');
}

function whole(skeleton: Buffer, files: readonly MailFile[]): Buffer {
  const bytes = assemble(skeleton, (digest) => files.find((file) => file.sha256 === digest)?.content);
  if (bytes === undefined) throw new Error('an attachment has no content');
  return bytes;
}

function withoutDate(built: Buffer): Buffer {
  const end = built.indexOf('\r\n\r\n');
  const headers = built.subarray(0, end + 2).toString('latin1');
  const kept = headers.replace(/^Date:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*/im, '');
  return Buffer.concat([Buffer.from(kept, 'latin1'), built.subarray(end + 2)]);
}
