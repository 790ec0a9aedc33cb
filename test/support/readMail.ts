import { headOf } from './mail.ts';

interface Part {
  readonly type: string;
  /** The multipart types around it, outermost first. */
  readonly inside: readonly string[];
  readonly disposition: string | undefined;
  readonly filename: string | undefined;
  readonly cid: string | undefined;
  readonly content: Buffer;
}

interface OpenedMail {
  readonly text: string;
  readonly html: string;
  readonly files: readonly Part[];
}

/** A mail as a mail program sees it: its two texts, with \n line ends, and everything else. */
export function readMail(bytes: Buffer): OpenedMail {
  const parts = partsOf(bytes, []);
  const textOf = (type: string) =>
    parts
      .find((part) => part.type === type && part.disposition !== 'attachment')
      ?.content.toString('utf8')
      .replaceAll('\r\n', '\n') ?? '';
  const files = parts.filter(({ disposition }) => disposition !== undefined);
  return { text: textOf('text/plain'), html: textOf('text/html'), files };
}

/** A header's value with its folds and encoded words read (RFC 2047). */
export function headerOf(bytes: Buffer, name: string): string | undefined {
  const value = fieldOf(bytes, name);
  return value === undefined ? undefined : decoded(value);
}

/** The one mailbox of a header: From, To, Reply-To. */
export function mailboxOf(bytes: Buffer, name: string): { readonly name: string; readonly email: string } | undefined {
  const value = fieldOf(bytes, name);
  if (value === undefined) return undefined;
  const [, phrase = '', email = value] = /^(.*?) *<([^<>]*)>$/.exec(value) ?? [];
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(phrase)?.[1];
  // RFC 2047 §5 (3) forbids words in quotes; most readers decode them all the same.
  return { name: decoded(quoted?.replace(/\\(.)/g, '$1') ?? phrase), email };
}

function fieldOf(bytes: Buffer, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(headOf(bytes))?.[1];
}

/**
 * As lenient readers do: a word counts wherever it begins, in any letter case, with spaces in it, and its bytes are joined with those of
 * the next one before they are read as letters. White space between two words is none (RFC 2047 §6.2).
 */
function decoded(value: string): string {
  const letters = value
    .replace(/(=\?[^?]*\?[bq]\?[^?]*\?=)\s+(?==\?[^?]*\?[bq]\?[^?]*\?=)/gi, '$1')
    .replace(/=\?[^?]*\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toUpperCase() === 'B' ? Buffer.from(word, 'base64').toString('latin1') : unescaped(word.replaceAll('_', ' '), '='),
    );
  return Buffer.from(letters, 'latin1').toString('utf8');
}

function partsOf(bytes: Buffer, inside: readonly string[]): Part[] {
  const head = headOf(bytes);
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1];
  const type = /^[^;\s]+/.exec(field('content-type') ?? 'text/plain')?.[0] ?? '';
  const body = bytes.toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n');
  const boundary = parameter(field('content-type') ?? '', 'boundary');
  if (boundary !== undefined) {
    const pieces = `\r\n${body}`.split(`\r\n--${boundary}`).slice(1, -1);
    return pieces.flatMap((piece) => partsOf(Buffer.from(piece.replace(/^\r\n/, ''), 'latin1'), [...inside, type]));
  }
  const disposition = field('content-disposition');
  const cid = field('content-id')?.replace(/[<>]/g, '');
  const content = contentOf(body, field('content-transfer-encoding') ?? '7bit');
  const filename = disposition === undefined ? undefined : parameter(disposition, 'filename');
  return [{ type, inside, disposition: disposition?.split(';')[0], filename, cid, content }];
}

function contentOf(body: string, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  return Buffer.from(encoding === 'quoted-printable' ? unescaped(body.replace(/=\r\n/g, ''), '=') : body, 'latin1');
}

/** `name="value"`, or the pieces of RFC 2231: `name*0*=utf-8''%C3%A4; name*1*=…`. */
function parameter(field: string, name: string): string | undefined {
  const plain = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(field);
  const pieces = [...field.matchAll(new RegExp(`;\\s*${name}\\*(?:\\d+\\*?)?=("[^"]*"|[^;\\s]*)`, 'gi'))];
  if (pieces.length === 0) return plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2];
  const joined = pieces.map(([, piece]) => piece?.replaceAll('"', '') ?? '').join('');
  return Buffer.from(unescaped(joined.replace(/^utf-8''/i, ''), '%'), 'latin1').toString('utf8');
}

function unescaped(text: string, sign: '=' | '%'): string {
  return text.replace(new RegExp(`${sign}([0-9A-F]{2})`, 'gi'), (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
