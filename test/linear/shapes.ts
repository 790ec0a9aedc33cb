/** Texts of about `n` characters that make a careless reader work hard. */
export interface Shape {
  readonly name: string;
  make(n: number): string;
}

/** What a reader of text takes for something special, and texts that it understands. */
export interface Language {
  /** Characters and words with a meaning. */
  readonly tokens: readonly string[];
  readonly texts: readonly string[];
}

/** What means something to nearly every reader. */
const COMMON = [' ', '\t', '\n', '\r\n', 'a', 'A', '1', '0', '.', 'é', 'e\u0301', '\u200d', '\u202e', '\u{1f600}', '\u001b', '\u001b['];
/** What is put into an understood text, between any two of its characters. */
const RUNS = [' ', '\n', 'a', '1', '.'];
const BRACKETS = [
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['<', '>'],
] as const;

/**
 * The hostile shapes of a language: each token again and again, alone and with something in front of it or behind it; each two tokens by
 * turns; brackets in brackets; quotes that are never closed; a text that is understood, many times over, and with a long run within it.
 */
export function shapesOf({ tokens, texts }: Language): Shape[] {
  const all = [...new Set([...tokens, ...COMMON])];
  return [
    ...all.flatMap((token) => [
      shape(`${token} repeated`, (n) => repeated(token, n)),
      shape(`x, ${token} repeated, x`, (n) => `x${repeated(token, n)}x`),
      shape(`${token} and a long word, repeated`, (n) => repeated(`${token}${'a'.repeat(50)}`, n)),
      shape(`${token}, and then one word`, (n) => `${token}${'a'.repeat(n)}`),
      shape(`${token}, and then spaces`, (n) => `${token}${' '.repeat(n)}${token}`),
    ]),
    ...tokens.flatMap((one, index) =>
      tokens.slice(index + 1).map((other) => shape(`${one} and ${other} by turns`, (n) => repeated(one + other, n))),
    ),
    ...tokens.map((token) => shape(`${token} before each line`, (n) => repeated(`${token}\n`, n))),
    ...BRACKETS.map(([open, close]) => shape(`${open} in ${open}`, (n) => open.repeat(n / 2) + close.repeat(n / 2))),
    ...["'", '"', '`'].map((quote) => shape(`${quote} that is never closed`, (n) => `${quote}${'a, '.repeat(n / 3)}`)),
    ...texts.flatMap((text) => [
      shape(`${text} repeated`, (n) => repeated(text, n)),
      shape(`${text} on each line`, (n) => repeated(`${text}\n`, n)),
      ...places(text).flatMap((at) =>
        RUNS.map((run) => shape(`${text} with ${run} repeated at ${at}`, (n) => text.slice(0, at) + run.repeat(n) + text.slice(at))),
      ),
    ]),
  ];
}

function shape(name: string, make: (n: number) => string): Shape {
  return { name: JSON.stringify(name), make };
}

function repeated(token: string, n: number): string {
  return token.repeat(Math.ceil(n / token.length));
}

/** At most so many places of a text. */
const MOST_PLACES = 6;

function places(text: string): number[] {
  const step = Math.max(1, Math.ceil(text.length / MOST_PLACES));
  return Array.from({ length: Math.floor(text.length / step) + 1 }, (_, index) => index * step);
}
