import { createHash, randomUUID } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { domainOf, parseAddress } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { oneLine } from '../domain/text.ts';
import type { FrozenMail, MailAddressing, MailContent } from './mailer.ts';

/** Composes a multipart/alternative mail (RFC 5322, 2045–2047) without its Date header. */
export async function composeMime(content: MailContent): Promise<FrozenMail> {
  const sender = parseAddress(content.from);
  if (!sender.ok) throw new OutreachError('config', `from: ${sender.reason}`);
  const { email, name } = sender.address;
  const messageId = `<${randomUUID()}@${domainOf(email)}>`;
  const addressing = addressingOf(content, { email, name });
  const { from, to } = addressing;
  const { text, html } = content;
  const subject = oneLine(content.subject);
  const composer = new MailComposer({
    from: from.name === undefined ? from.email : { name: from.name, address: from.email },
    to: to.name === undefined ? to.email : { name: to.name, address: to.email },
    subject,
    text,
    html,
    messageId,
    headers: Object.fromEntries(
      Object.entries(addressing.headers).map(([key, value]) => [key, key === 'List-Unsubscribe' ? { prepared: true, value } : value]),
    ),
    disableFileAccess: true,
    disableUrlAccess: true,
    normalizeHeaderKey: (key) => (key.toLowerCase() === 'x-outreach-id' ? 'X-Outreach-Id' : key),
    newline: '\r\n',
  });
  const bytes = withoutDate(await composer.compile().build());
  const parts = () => ({ ...addressing, subject, text, html });
  return { messageId, envelope: { from: email, to: content.to.email }, bytes, sha256: sha256(bytes), parts };
}

/** Who it is from and for, and the headers that every way of sending carries. */
function addressingOf(content: MailContent, from: { email: string; name: string | undefined }): MailAddressing {
  return {
    from: named(from),
    to: named(content.to),
    headers: {
      'List-Unsubscribe': `<mailto:${content.unsubscribeMailto}?subject=unsubscribe>`,
      'X-Outreach-Id': content.reference,
    },
    reference: content.reference,
  };
}

function named({ email, name }: { email: string; name: string | undefined }): MailAddressing['to'] {
  return name === undefined ? { email } : { email, name: oneLine(name) };
}

/** The bytes that go on the wire: Date is that of the attempt, everything else as frozen. */
export function withDate(frozen: Buffer, date: Date): Buffer {
  const stamp = date.toUTCString().replace('GMT', '+0000');
  return Buffer.concat([Buffer.from(`Date: ${stamp}\r\n`), frozen]);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function withoutDate(built: Buffer): Buffer {
  const end = built.indexOf('\r\n\r\n');
  const headers = built.subarray(0, end + 2).toString('latin1');
  const kept = headers.replace(/^Date:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*/im, '');
  return Buffer.concat([Buffer.from(kept, 'latin1'), built.subarray(end + 2)]);
}
