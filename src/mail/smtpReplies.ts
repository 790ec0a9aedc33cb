/** One complete reply of a server (RFC 5321 §4.2): a single code on all of its lines. */
export interface SmtpReply {
  readonly code: number;
  /** All lines as they came, codes included, with a line feed between them. */
  readonly text: string;
}

/** What a chunk completes, and what in it can be no reply; behind that the reader is of no more use. */
export interface ReadReplies {
  readonly replies: SmtpReply[];
  readonly malformed: string | undefined;
}

/** A reply line has 512 bytes at most (RFC 5321 §4.5.3.1.5), but for a challenge of AUTH (12,288, RFC 4954 §4). */
const LONGEST_LINE = 16 * 1024;
const MOST_LINES = 256;
const LONGEST_REPLY = 64 * 1024;
const MOST_EMPTY_LINES = 100;

/**
 * Reads replies out of what a socket delivers, in whatever pieces. Lines end with CRLF or, as some servers have it,
 * with LF alone. Two codes in one reply make it none: nobody can say which of them counts.
 */
export class ReplyReader {
  /** Pieces of the line that has not ended yet. */
  #line: Buffer[] = [];
  #lineBytes = 0;
  #lines: string[] = [];
  #replyBytes = 0;
  #code = 0;
  /** Between replies, of the whole conversation. */
  #emptyLines = 0;
  #malformed: string | undefined;

  /** A reply has begun and is not complete. */
  get unfinished(): boolean {
    return this.#lineBytes > 0 || this.#lines.length > 0;
  }

  read(chunk: Buffer): ReadReplies {
    const replies: SmtpReply[] = [];
    for (let from = 0; from < chunk.length && this.#malformed === undefined; ) {
      const end = chunk.indexOf(LINE_FEED, from);
      const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
      this.#add(piece);
      if (end < 0 || this.#malformed !== undefined) break;
      const reply = this.#endLine();
      if (reply !== undefined) replies.push(reply);
      from = end + 1;
    }
    return { replies, malformed: this.#malformed };
  }

  #add(piece: Buffer): void {
    this.#line.push(piece);
    this.#lineBytes += piece.length;
    this.#replyBytes += piece.length;
    if (this.#lineBytes > LONGEST_LINE || this.#replyBytes > LONGEST_REPLY) this.#malformed = 'a reply without an end';
  }

  #endLine(): SmtpReply | undefined {
    const line = decoded(this.#line.length === 1 && this.#line[0] !== undefined ? this.#line[0] : Buffer.concat(this.#line));
    this.#line = [];
    this.#lineBytes = 0;
    // An empty line between two replies holds no code that could be taken for an answer; some servers send one.
    if (line === '' && this.#lines.length === 0) {
      this.#replyBytes = 0;
      if (++this.#emptyLines > MOST_EMPTY_LINES) this.#malformed = 'empty lines without an end';
      return undefined;
    }
    const [, digits, separator] = REPLY_LINE.exec(line) ?? [];
    const code = Number(digits);
    if (digits === undefined) this.#malformed = `“${line.slice(0, 80)}”`;
    else if (this.#lines.length > 0 && code !== this.#code) this.#malformed = `a reply with two codes, ${this.#code} and ${code}`;
    else if (this.#lines.length >= MOST_LINES) this.#malformed = 'a reply without an end';
    if (this.#malformed !== undefined) return undefined;
    this.#code = code;
    this.#lines.push(line);
    if (separator === '-') return undefined;
    const text = this.#lines.join('\n');
    this.#lines = [];
    this.#replyBytes = 0;
    return { code, text };
  }
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const REPLY_LINE = /^([2-5]\d\d)(?:([ -])|$)/;

/** The text of a reply has no charset of its own: UTF-8 where it is that, else byte for byte. */
function decoded(line: Buffer): string {
  const bytes = line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  const text = bytes.toString('utf8');
  return text.includes('\uFFFD') ? bytes.toString('latin1') : text;
}
