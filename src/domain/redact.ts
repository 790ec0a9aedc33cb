/**
 * Secrets that this process has read, and the only place that knows them all. Servers echo what they
 * are sent, libraries put it into their errors: whatever goes to a log, a screen or the database
 * from there passes `redact`.
 */
const wholes = new Map<string, RegExp>();
const longSecrets = new Map<string, ReadonlySet<string>>();
/** Of all long ones; made anew when they change. */
let pieces: ReadonlySet<string> | undefined;

/** Shorter values would take whole words out of every sentence. */
const SHORTEST = 6;
/** A longer value is told by its pieces alone: an expression for it would be longer than the engine takes. */
const LONGEST_WHOLE = 200;
/** From so many characters on a secret is told by any piece of it, too: servers cut, break and quote what they repeat. */
const SHORTEST_LONG = 24;
const PIECE = 12;
const HIDDEN = '[redacted]';

/**
 * From now on `redact` takes this value out, as it is, URL- or JSON-encoded, and inside base64 (AUTH PLAIN, AUTH LOGIN, Basic); of a
 * token, key or other long word each piece of twelve characters as well.
 */
export function rememberSecret(value: string): void {
  for (const form of [value, value.trim()]) {
    if (form.length < SHORTEST) continue;
    if (form.length <= LONGEST_WHOLE && !wholes.has(form)) wholes.set(form, new RegExp([written(form), ...inBase64(form)].join('|'), 'g'));
    if (form.length >= SHORTEST_LONG && !longSecrets.has(form)) {
      longSecrets.set(form, piecesOf(form));
      pieces = undefined;
    }
  }
}

/** Of a token that has ended and opens nothing any more: a worker that runs for months has thousands of them. */
export function forgetSecret(value: string): void {
  wholes.delete(value);
  if (longSecrets.delete(value)) pieces = undefined;
}

/** The text without any secret of this process. Ask it before a text is shortened: a short end of a secret is not recognised. */
export function redact(text: string): string {
  let clean = text;
  const longestFirst = [...wholes].sort(([left], [right]) => right.length - left.length);
  for (const [, whole] of longestFirst) clean = clean.replace(whole, HIDDEN);
  return longSecrets.size === 0 ? clean : withoutPieces(clean);
}

/** Every run of characters that consists of pieces is hidden as one. */
function withoutPieces(text: string): string {
  pieces ??= new Set([...longSecrets.values()].flatMap((set) => [...set]));
  const kept: string[] = [];
  let [from, hiddenTo] = [0, 0];
  for (let at = 0; at + PIECE <= text.length; at++) {
    if (!pieces.has(text.slice(at, at + PIECE))) continue;
    if (at >= hiddenTo) kept.push(text.slice(from, at), HIDDEN);
    hiddenTo = at + PIECE;
    from = hiddenTo;
  }
  return from === 0 ? text : [...kept, text.slice(from)].join('');
}

/** Of each long word, and of its base64 at any offset and in either alphabet. A key's first and last line are no secret. */
function piecesOf(value: string): Set<string> {
  const words = value.split(/\s+/).filter((word) => word.length >= SHORTEST_LONG && !word.startsWith('-----'));
  const encoded = words.flatMap((word) => [0, 1, 2].map((offset) => base64At(word, offset)));
  const found = new Set<string>();
  for (const text of [...words, ...encoded, ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))])
    for (let at = 0; at + PIECE <= text.length; at++) found.add(text.slice(at, at + PIECE));
  return found;
}

/** Each character as itself or as URLs, JSON and HTML write it; encoders differ in what they leave alone. */
function written(value: string): string {
  return [...value]
    .map((character) => {
      const forms = new Set([
        escaped(character),
        escaped(JSON.stringify(character).slice(1, -1)),
        [...Buffer.from(character)].map((byte) => `%${anyCase(hex(byte, 2))}`).join(''),
        ...(character.length === 1 ? [`\\\\u${anyCase(hex(character.charCodeAt(0), 4))}`] : []),
        ...(character === ' ' ? ['\\+'] : []),
        ...(HTML[character] === undefined ? [] : [HTML[character]]),
      ]);
      return `(?:${[...forms].join('|')})`;
    })
    .join('');
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#0?39;' };

function inBase64(value: string): string[] {
  return [0, 1, 2].map((offset) => base64At(value, offset).replaceAll('+', '[+-]').replaceAll('/', '[/_]'));
}

/**
 * A text inside base64 stands at one of three offsets. Only the characters that hold nothing but its
 * own bits are the same in every surrounding, so `user\0password` is found by its password alone.
 */
function base64At(value: string, offset: number): string {
  const bytes = Buffer.from(value);
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replaceAll('=', '');
  const shared = (offset + bytes.length) % 3 === 0 ? 0 : 1;
  return text.slice(offset === 0 ? 0 : offset + 1, text.length - shared);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function anyCase(digits: string): string {
  return digits.replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
