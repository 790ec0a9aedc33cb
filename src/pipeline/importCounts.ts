import type { ImportTally } from '../store/imports.ts';
import type { LeadEnd } from './takeLead.ts';

/** A tally while its rows are being counted. */
export type Counting = { -readonly [Name in keyof Omit<ImportTally, 'suppressed_by' | 'repeated_lines'>]: number } & {
  suppressed_by: Record<string, number>;
  repeated_lines: number[];
};

/** So many lines are kept of those that lost to an earlier row. */
const MOST_LINES = 100;

export function countingFrom(tally: ImportTally): Counting {
  return { ...tally, suppressed_by: { ...tally.suppressed_by }, repeated_lines: [...tally.repeated_lines] };
}

/** Somebody whom an earlier row of the file had brought is suppressed by a later one. */
export function countUndone(tally: Counting, by: string): void {
  tally.imported--;
  tally.suppressed++;
  tally.suppressed_by[by] = (tally.suppressed_by[by] ?? 0) + 1;
}

export function countLead(tally: Counting, { end, by, withdrawn, repeated, undone }: LeadEnd, line: number): void {
  tally[end]++;
  if (undone !== undefined) countUndone(tally, undone);
  if (end === 'reimported') tally.imported++;
  if (by !== undefined) tally.suppressed_by[by] = (tally.suppressed_by[by] ?? 0) + 1;
  if (withdrawn === true) tally.withdrawn++;
  if (repeated !== true) return;
  tally.repeated++;
  if (tally.repeated_lines.length < MOST_LINES) tally.repeated_lines.push(line);
}
