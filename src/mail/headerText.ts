import { readsAsEncoded } from '../domain/encodedWord.ts';
import type { MailAddressing } from './mailer.ts';

/**
 * What a header says must reach the reader as the characters that were approved. nodemailer passes on what looks like an encoded word
 * (RFC 2047), in the name of a mailbox within quotes, and most readers decode it all the same. So it is encoded once more here.
 */

/** The longest part of a text in one word: with `Reply-To: ` before it its line has 74 of the 76 characters of RFC 2047 §2. */
const LONGEST_PART = 39;

/** RFC 2047 §2, §5 (3): each word whole characters, and all of the text in words, so that nothing beside them can be read with them. */
export function encodedWords(text: string): string {
  const words: string[] = [];
  let word = '';
  for (const letter of text) {
    if (Buffer.byteLength(word + letter) > LONGEST_PART) {
      words.push(word);
      word = '';
    }
    word += letter;
  }
  return [...words, word].map((part) => `=?UTF-8?B?${Buffer.from(part).toString('base64')}?=`).join('\r\n ');
}

/** The built mail with every name of a mailbox that reads as an encoded word written as one that decodes to it. */
export function withLiteralNames(built: Buffer, { from, to, replyTo }: Pick<MailAddressing, 'from' | 'to' | 'replyTo'>): Buffer {
  const named = Object.entries({ From: from, To: to, 'Reply-To': replyTo }).filter(([, mailbox]) => readsAsEncoded(mailbox?.name ?? ''));
  if (named.length === 0) return built;
  const end = built.indexOf('\r\n\r\n') + 2;
  const head = named.reduce(
    (text, [field, mailbox]) =>
      text.replace(
        new RegExp(`^${field}:[^\\r\\n]*(?:\\r\\n[ \\t][^\\r\\n]*)*(<[^<>\\r\\n]*>)\\r\\n(?![ \\t])`, 'im'),
        (_, address: string) => `${field}: ${encodedWords(mailbox?.name ?? '')}\r\n ${address}\r\n`,
      ),
    built.subarray(0, end).toString('latin1'),
  );
  return Buffer.concat([Buffer.from(head, 'latin1'), built.subarray(end)]);
}

/**
 * A part's headers without the `name` of Content-Type, if it would be decoded. It is there for old readers; `filename` of Content-Disposition
 * says the same by RFC 2231, which no reader takes for an encoded word.
 */
export function withLiteralFileName(headers: string, name: string): string {
  if (!readsAsEncoded(name)) return headers;
  const folded = JSON.stringify(name)
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replaceAll(' ', '(?:\\r\\n)? ');
  return headers.replace(new RegExp(`;(?:\\r\\n)? name=${folded}(?=[;\\r])`), '');
}
