import { escapeInvisible, markInvisible } from './invisible.ts';

/**
 * Lead data is hostile. These functions make any string safe for one kind of place.
 * Controls are C0, DEL and C1 (ECMA-48); what else nobody sees is told in `invisible.ts`.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this pattern removes
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this pattern removes
const CONTROLS_BUT_LINES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this pattern removes
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g;
const LEFT_BY_JSON = /[\u007f-\u009f\u2028\u2029]/g;

/** For a header value or any single line: escapes gone, each run of controls one space, trimmed. */
export function oneLine(value: string): string {
  return value.replace(ESCAPES, '').replace(CONTROLS, ' ').trim();
}

/** For a terminal cell: one line, nothing that can move the cursor, and every invisible character by its number. */
export function forTerminal(value: string): string {
  return oneLine(markInvisible(value));
}

/** For several lines shown on a terminal. */
export function blockForTerminal(value: string): string {
  return bodyText(markInvisible(value));
}

/** JSON for a terminal: what JSON itself leaves as it is, C1 controls and invisible characters, stands as \uXXXX. */
export function jsonForTerminal(value: unknown, indent?: number): string {
  return escapedJson(JSON.stringify(value, null, indent));
}

/** The same for JSON that is text already. */
export function escapedJson(text: string): string {
  return escapeInvisible(text).replace(LEFT_BY_JSON, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** For a mail's text: line ends become \n, every other control but the tab goes. */
export function bodyText(value: string): string {
  return value
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(ESCAPES, '')
    .replace(CONTROLS_BUT_LINES, '');
}

export function escapeHtml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/** `1,234,567`. Intl would do it too, and load its 30 MB of tables for it: 36 ms of every short command. */
export function number(value: number): string {
  // eslint-disable-next-line regexp/no-super-linear-move -- a number has 21 digits at most
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Words as a POSIX shell takes them from a line. */
export function asTyped(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** Longer words are not typed; and what is compared costs time by the length of both. */
const LONGEST_TYPED = 100;

/** The closest of `candidates` to `word`, if it is close enough to be a slip of the finger. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LONGEST_TYPED) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    // No fewer edits than that would do, and a column's name may be a page long.
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Optimal string alignment: Levenshtein with neighbouring letters swapped counted once. */
function editDistance(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let cost = Math.min(cell(rows, i - 1, j) + 1, (row[j - 1] ?? 0) + 1, cell(rows, i - 1, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        cost = Math.min(cost, cell(rows, i - 2, j - 2) + 1);
      }
      row.push(cost);
    }
    rows.push(row);
  }
  return cell(rows, left.length, right.length);
}

function cell(rows: number[][], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}
