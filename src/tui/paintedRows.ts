import { visibleColumns } from '../terminal/columns.ts';

/** The beginning of Unicode's private use area; Ink is shown nothing else that stands there. */
const FIRST = 0xe000;
const SIGNS = /[\ue000-\uf8fe]/g;
/** Where it stands, as many rows stay empty as bring what follows down to the bottom: each empty cell costs Ink what a full one does. */
export const FILLER = '\uf8ff';

/**
 * Painted lines on their way past Ink, which lays out a sign for each. At every picture Ink takes each
 * character of each line apart with its colours and puts them together again: 13 of 16 ms for 80 columns
 * and 24 rows (measured), four times a second for lines that come out as they went in.
 */
export class PaintedRows {
  readonly #unicode: boolean;
  #rows: { line: string; columns: number }[] = [];

  constructor(unicode: boolean) {
    this.#unicode = unicode;
  }

  /** A new picture: the signs of the last one mean nothing any more. */
  begin(): void {
    this.#rows = [];
  }

  signFor(line: string): string {
    this.#rows.push({ line: this.#unicode ? line : line.replace(/[·…×“”]/g, (sign) => PLAIN[sign] ?? '?'), columns: visibleColumns(line) });
    return String.fromCharCode(FIRST + this.#rows.length - 1);
  }

  /** Ink's picture with the lines where their signs stand, as high as the terminal. */
  put(picture: string, height: number): string {
    const rows = picture.split('\n');
    return rows
      .flatMap((row) => (row === FILLER ? Array.from({ length: Math.max(0, height - rows.length + 1) }, () => '') : [row]))
      .map((row) => {
        let put = '';
        let column = 0;
        for (const sign of row.matchAll(SIGNS)) {
          const held = this.#rows[sign[0].charCodeAt(0) - FIRST];
          put += `${' '.repeat(Math.max(0, sign.index - column))}${held?.line ?? ''}`;
          column = sign.index + (held?.columns ?? 0);
        }
        return put;
      })
      .join('\n');
  }
}

/** Our own signs, for terminals that show no Unicode; each as wide. A lead's name is shown as it is. */
const PLAIN: Readonly<Record<string, string>> = { '·': '-', '…': '~', '×': 'x', '“': '"', '”': '"' };
