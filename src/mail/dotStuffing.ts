/**
 * A mail as it travels behind DATA (RFC 5321 §4.5.2): lines end with CRLF and nothing else, a dot that begins one is
 * doubled, and the last line is ended. A lone CR or LF could be read as the end of a line, and so of the mail.
 */
export function stuffed(mail: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  let before = LF;
  for (let at = 0; at < mail.length; at++) {
    const byte = mail[at] ?? 0;
    const insert = insertion(before, byte);
    if (insert !== undefined) {
      pieces.push(mail.subarray(from, at), insert);
      from = at;
    }
    before = byte;
  }
  const end = before === LF ? undefined : before === CR ? LINE_FEED : LINE_END;
  if (pieces.length === 0 && end === undefined) return mail;
  return Buffer.concat([...pieces, mail.subarray(from), ...(end === undefined ? [] : [end])]);
}

const [LF, CR, DOT] = [0x0a, 0x0d, 0x2e];
const LINE_FEED = Buffer.from('\n');
const LINE_END = Buffer.from('\r\n');
const CARRIAGE_RETURN = Buffer.from('\r');
const ONE_DOT = Buffer.from('.');
const LINE_FEED_AND_DOT = Buffer.from('\n.');

/** What goes between two neighbouring bytes. */
function insertion(before: number, byte: number): Buffer | undefined {
  if (before === CR && byte !== LF) return byte === DOT ? LINE_FEED_AND_DOT : LINE_FEED;
  if (byte === LF && before !== CR) return CARRIAGE_RETURN;
  return byte === DOT && before === LF ? ONE_DOT : undefined;
}
