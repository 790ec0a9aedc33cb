import { columnsOf } from '../terminal/columns.ts';
import { cell, plural } from '../terminal/output.ts';
import { Lines } from './lines.tsx';
import type { Need } from './needs.ts';
import { type Paint, row, title, toneOf } from './paint.ts';

/** What only a person can do, the worst first. */
export function Needs({ paint, needs, rows, columns }: { paint: Paint; needs: readonly Need[]; rows: number; columns: number }) {
  const lines: string[] = [];
  let left = needs.length;
  for (const need of needs) {
    const words = wordsOf(paint, need, columns);
    // The last row says how many have none.
    if (lines.length + words.length > rows - (left > 1 ? 1 : 0)) break;
    lines.push(...words);
    left--;
  }
  if (left > 0) lines.push(paint.colour.dim(`  and ${plural(left, 'thing')} more: outreach status`));
  if (needs.length === 0) lines.push(paint.colour.dim('Nothing. It goes by itself.'));
  return <Lines paint={paint} lines={[title(paint, 'Needs you', columns), ...lines]} rows={rows + 1} columns={columns} />;
}

/** In one row, or with what is to be typed in a row of its own: it is never cut for what is wrong. */
function wordsOf(paint: Paint, { tone, what, how }: Need, columns: number): string[] {
  const sign = `${toneOf(paint, tone)(paint.signs.dot)} `;
  const wrong = cell(what, 200);
  if (how === '') return [`${sign}${row([wrong, columns - 2])}`];
  const beside = columns - 2 - columnsOf(how) - 1;
  if (columnsOf(wrong) <= beside) return [`${sign}${row([wrong, beside], [how, columnsOf(how), paint.colour.bold])}`];
  return [`${sign}${row([wrong, columns - 2])}`, `  ${row([how, columns - 2, paint.colour.bold])}`];
}
