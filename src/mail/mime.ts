import { createHash, randomUUID } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { domainOf, parseAddress } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { oneLine } from '../domain/text.ts';
import type { FrozenMail, MailContent } from './mailer.ts';

/** Composes a multipart/alternative mail (RFC 5322, 2045–2047) without its Date header. */
export async function composeMime(content: MailContent): Promise<FrozenMail> {
  const sender = parseAddress(content.from);
  if (!sender.ok) throw new OutreachError('config', `from: ${sender.reason}`);
  const { email, name } = sender.address;
  const messageId = `<${randomUUID()}@${domainOf(email)}>`;
  const composer = new MailComposer({
    from: name === undefined ? email : { name: oneLine(name), address: email },
    to: content.to.name === undefined ? content.to.email : { name: oneLine(content.to.name), address: content.to.email },
    subject: oneLine(content.subject),
    text: content.text,
    html: content.html,
    messageId,
    headers: {
      'List-Unsubscribe': { prepared: true, value: `<mailto:${content.unsubscribeMailto}?subject=unsubscribe>` },
      'X-Outreach-Id': content.reference,
    },
    disableFileAccess: true,
    disableUrlAccess: true,
    normalizeHeaderKey: (key) => (key.toLowerCase() === 'x-outreach-id' ? 'X-Outreach-Id' : key),
    newline: '\r\n',
  });
  const bytes = withoutDate(await composer.compile().build());
  return { messageId, envelope: { from: email, to: content.to.email }, bytes, sha256: sha256(bytes) };
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
