/**
 * Whether the terminal reads UTF-8: by the first of LC_ALL, LC_CTYPE and LANG that is set (POSIX.1-2017, 8.2). None is
 * set in cron and in most containers, whose readers do.
 */
export function speaksUnicode(env: NodeJS.ProcessEnv): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}

/** https://no-color.org, and a terminal that would print the codes. */
export function showsColour({ NO_COLOR, TERM }: NodeJS.ProcessEnv): boolean {
  return (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}

/** A dumb terminal knows no way back, and the log of a CI run would hold every step of the bar. */
export function canRedraw({ TERM, CI }: NodeJS.ProcessEnv): boolean {
  return TERM !== 'dumb' && (CI ?? '') === '';
}

/** Whether a person can be asked: never in a CI run, which may have a terminal and nobody in front of it. */
export function canAsk({ CI }: NodeJS.ProcessEnv, input: { readonly isTTY?: boolean | undefined }): boolean {
  return input.isTTY === true && (CI ?? '') === '';
}

/** Lines, blocks and typographic signs in ASCII, also those within people's words. Letters stay as they are: there is nothing better for them. */
export function inAscii(text: string): string {
  return text.replace(SIGNS, (sign) => IN_ASCII[sign] ?? '#');
}

const IN_ASCII: Readonly<Record<string, string>> = {
  '…': '...',
  '→': '->',
  '←': '<-',
  '↑': '^',
  '↓': 'v',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '—': '-',
  '·': '-',
  '•': '*',
  '×': 'x',
  '≥': '>=',
  '≤': '<=',
  '§': 'section ',
  '✓': 'ok',
  '✗': 'x',
  '│': '|',
  '─': '-',
  '░': '.',
  '⟨': '<',
  '⟩': '>',
};

/** The signs above, and every line, block and braille dot of boxes, bars and curves (U+2500–259F, U+2800–28FF). */
const SIGNS = /[…→←↑↓’‘“”–—·•×≥≤§✓✗⟨⟩\u2500-\u259f\u2800-\u28ff]/gu;
