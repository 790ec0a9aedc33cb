/**
 * Secrets that this process has read, and the only place that knows them all. Servers echo what they
 * are sent, libraries put it into their errors: whatever goes to a log, a screen or the database
 * from there passes `redact`.
 */
const sources = new Map<string, string>();
let matcher: RegExp | undefined;

/** Shorter values would take whole words out of every sentence. */
const SHORTEST = 6;
const HIDDEN = '[redacted]';

/** From now on `redact` takes this value out, as it is, URL- or JSON-encoded, and inside base64 (AUTH PLAIN, AUTH LOGIN, Basic). */
export function rememberSecret(value: string): void {
  for (const form of [value, value.trim()]) {
    if (form.length < SHORTEST || sources.has(form)) continue;
    sources.set(form, [written(form), ...inBase64(form)].join('|'));
    compile();
  }
}

/** Of a token that has ended and opens nothing any more: a worker that runs for months has thousands of them. */
export function forgetSecret(value: string): void {
  if (sources.delete(value)) compile();
}

function compile(): void {
  const longestFirst = [...sources].sort(([left], [right]) => right.length - left.length);
  matcher = sources.size === 0 ? undefined : new RegExp(longestFirst.map(([, source]) => source).join('|'), 'g');
}

/** The text without any secret of this process. Ask it before a text is shortened: half a secret is not recognised. */
export function redact(text: string): string {
  return matcher === undefined ? text : text.replace(matcher, HIDDEN);
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

/**
 * A text inside base64 stands at one of three offsets. Only the characters that hold nothing but its
 * own bits are the same in every surrounding, so `user\0password` is found by its password alone.
 */
function inBase64(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const shared = (offset + bytes.length) % 3 === 0 ? 0 : 1;
    const own = text.slice(offset === 0 ? 0 : offset + 1, text.length - shared);
    return own.replaceAll('+', '[+-]').replaceAll('/', '[/_]');
  });
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
