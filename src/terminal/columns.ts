import { stripVTControlCharacters } from 'node:util';

/**
 * How many columns of a terminal a text takes, and texts cut and filled to so many. East Asian wide
 * characters and emoji take two (Unicode UAX #11, UTS #51), marks and joiners none.
 */

/** Latin, punctuation, blocks, lines and arrows: one column each. */
const NARROW = /^[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc]*$/;
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}])|\ufe0f/u;
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]*$/u;

let graphemes: Intl.Segmenter | undefined;

export function columnsOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let columns = 0;
  for (const part of partsOf(text)) columns += widthOf(part);
  return columns;
}

/** Of a text with colours in it. */
export function visibleColumns(text: string): number {
  return columnsOf(stripVTControlCharacters(text));
}

/** Exactly `columns` wide: cut with a dot-dot-dot, or filled with spaces on the other side of `align`. */
export function fill(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  if (columns <= 0) return '';
  const shown = cutTo(text, columns);
  const room = ' '.repeat(Math.max(0, columns - columnsOf(shown)));
  return align === 'left' ? `${shown}${room}` : `${room}${shown}`;
}

/** At most `columns` wide; where something was left out stands a dot-dot-dot. */
export function cutTo(text: string, columns: number, sign = '…'): string {
  return columnsOf(text) > columns ? `${headOf(text, columns - sign.length)}${sign}` : text;
}

/** Lines of at most `columns`, broken between words where there are any. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line.replaceAll('\t', '  ').trimEnd(), columns));
}

function wrapLine(line: string, columns: number): string[] {
  if (columnsOf(line) <= columns) return [line];
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/(?<= )/)) {
    if (current !== '' && columnsOf(current + word.trimEnd()) > columns) {
      lines.push(current.trimEnd());
      current = '';
    }
    current += word;
    while (columnsOf(current.trimEnd()) > columns) {
      const head = headOf(current, columns);
      lines.push(head);
      current = current.slice(head.length);
    }
  }
  return [...lines, current.trimEnd()];
}

/** As much of the beginning as fits, and at least one character. */
function headOf(text: string, columns: number): string {
  let head = '';
  let width = 0;
  for (const part of partsOf(text)) {
    width += widthOf(part);
    if (width > columns && (head !== '' || columns < 1)) break;
    head += part;
    if (width >= columns) break;
  }
  return head;
}

function* partsOf(text: string): Generator<string> {
  graphemes ??= new Intl.Segmenter();
  for (const { segment } of graphemes.segment(text)) yield segment;
}

function widthOf(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2;
  return NOTHING.test(grapheme) ? 0 : 1;
}
