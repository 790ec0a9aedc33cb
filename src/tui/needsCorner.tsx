import { columnsOf } from '../terminal/columns.ts';
import { cell, plural } from '../terminal/output.ts';
import { Lines } from './lines.tsx';
import type { Need } from './needs.ts';
import { type Paint, row, title, toneOf } from './paint.ts';

/** What only a person can do, the worst first. */
export function Needs({ paint, needs, rows, columns }: { paint: Paint; needs: readonly Need[]; rows: number; columns: number }) {
  const shown = needs.length > rows ? needs.slice(0, rows - 1) : needs;
  const lines = shown.map(({ tone, what, how }) => {
    // What is to be typed stays whole for as long as it leaves room for what is wrong.
    const how_ = Math.min(columnsOf(how), Math.floor((columns - 3) * 0.55));
    return `${toneOf(paint, tone)(paint.signs.dot)} ${row([cell(what, 200), columns - 2 - (how_ === 0 ? 0 : how_ + 1)], [how, how_, paint.colour.bold])}`;
  });
  if (needs.length > rows) lines.push(paint.colour.dim(`  and ${plural(needs.length - shown.length, 'thing')} more: outreach status`));
  if (needs.length === 0) lines.push(paint.colour.dim('Nothing. It goes by itself.'));
  return <Lines paint={paint} lines={[title(paint, 'Needs you', columns), ...lines]} rows={rows + 1} columns={columns} />;
}
