import type { FeedLine } from '../store/dashboard.ts';
import { cell } from '../terminal/output.ts';
import { Lines } from './lines.tsx';
import { type Paint, row, title, toneOf } from './paint.ts';

const KIND = 17;
const TIME = 8;

/** What happened last, newest first. */
export function Feed(props: { paint: Paint; lines: readonly FeedLine[]; rows: number; columns: number; now: number }) {
  const { paint, lines, rows, columns, now } = props;
  const job = Math.max(3, ...lines.map((line) => String(line.job).length));
  const kind = columns < 70 ? 12 : KIND;
  const email = Math.max(10, Math.min(34, Math.floor((columns - TIME - job - kind - 4) * 0.6)));
  const detail = columns - TIME - job - kind - email - 4;
  const shown = lines.map((line) =>
    row(
      [clock(line.at, now), TIME, paint.colour.dim],
      [String(line.job), job, paint.colour.dim, 'right'],
      [line.kind.replaceAll('_', ' '), kind, toneOf(paint, line.kind)],
      [cell(line.email), email],
      [cell(line.detail, 200), detail, paint.colour.dim],
    ),
  );
  if (lines.length === 0) shown.push(paint.colour.dim('Nothing yet.'));
  return <Lines paint={paint} lines={[title(paint, 'Live', columns), ...shown]} rows={rows + 1} columns={columns} />;
}

/** The time of day; the date of another day. */
export function clock(at: number, now: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  if (date.toDateString() !== new Date(now).toDateString()) return `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
