import { createHash, randomUUID } from 'node:crypto';
import type { DeliveryAttempt, FrozenMail, MailContent, MailFile } from '../../src/mail/mailer.ts';
import { composeMime } from '../../src/mail/mime.ts';

/** When the attempts of tests begin. */
export const DATE = new Date('2026-11-23T10:00:00Z');

/** A whole mail; `change` is what the test is about. */
export function mail(change: Partial<MailContent> = {}): Promise<FrozenMail> {
  return composeMime({
    from: 'Añá Ruiz <ana@ruiz.example>',
    to: { email: 'grace@harbour.example', name: 'Grace "G" Hopper' },
    subject: 'Grüße',
    text: 'Hello\n.dot\n',
    html: '<p>Hello</p>',
    unsubscribeMailto: 'stop@ruiz.example',
    reference: randomUUID(),
    ...change,
  });
}

export function mailTo(email: string): Promise<FrozenMail> {
  return mail({ to: { email, name: undefined } });
}

export function file(name: string, content: string | Buffer, change: Partial<MailFile> = {}): MailFile {
  const bytes = Buffer.from(content);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, sha256, type: 'application/octet-stream', size: bytes.length, content: bytes, ...change };
}

/** An attempt that is armed when asked; `armed` holds the hashes that it was asked with. */
export function attempt(change: Partial<DeliveryAttempt> = {}): DeliveryAttempt & { armed: string[] } {
  const armed: string[] = [];
  return {
    armed,
    date: DATE,
    arm: async (sha256) => {
      armed.push(sha256);
      return true;
    },
    limits: { unarmed: 700, armed: 700 },
    cut: new AbortController().signal,
    ...change,
  };
}

/** The header block of a mail with folds undone, one field a line. */
export function headOf(bytes: Buffer): string {
  return (bytes.toString('latin1').split('\r\n\r\n')[0] ?? '').replace(/\r\n(?=[ \t])/g, '');
}
