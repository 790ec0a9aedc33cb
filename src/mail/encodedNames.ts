import type { Delivery } from '../domain/delivery.ts';
import { beginsEncodedWord } from '../domain/encodedWord.ts';
import type { FrozenMail } from './mailer.ts';

const WOULD_BE_DECODED =
  'looks like an encoded word (=?utf-8?B?…?=), which the reader of a mail sent through this provider may see decoded; mend the lead, or send it by SMTP';

/**
 * Why a provider that writes the headers itself cannot be given this mail. None says whether it encodes such a text once more or passes
 * it on, as nodemailer and SES do, for the reader to decode: what would be read is not known, so nothing is sent.
 */
export function wouldBeDecoded(mail: FrozenMail): Pick<Delivery, 'reply' | 'beforeMail'> | undefined {
  const place = placeIn(mail);
  return place === undefined ? undefined : { reply: `${place} ${WOULD_BE_DECODED}`, beforeMail: true };
}

function placeIn({ parts }: FrozenMail): string | undefined {
  const { subject, to, from, replyTo, attachments } = parts();
  if (beginsEncodedWord(subject)) return 'its subject';
  if ([to, from, replyTo].some((mailbox) => beginsEncodedWord(mailbox?.name ?? ''))) return 'a name beside its addresses';
  return attachments.some(({ name }) => beginsEncodedWord(name)) ? 'the name of a file' : undefined;
}
