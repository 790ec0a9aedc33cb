import { formatDuration } from '../domain/duration.ts';
import { OPEN_STATES, sumOf } from '../domain/message.ts';
import { cell, number } from '../terminal/output.ts';
import { type Board, type JobLine, timeLeft } from './board.ts';
import { Lines } from './lines.tsx';
import { bar, chosen, type Paint, row, title, toneOf } from './paint.ts';
import type { Place } from './views.ts';

interface Widths {
  readonly id: number;
  readonly campaign: number;
  readonly status: number;
  readonly bar: number;
  readonly sent: number;
  readonly failed: number;
  readonly you: number;
  readonly rate: number;
  readonly left: number;
}

/** Jobs with their progress; `place` says which one is chosen, and from which on they are shown. */
export function Jobs(props: { paint: Paint; board: Board; place: Place; rows: number; columns: number }) {
  const { paint, board, place, rows, columns } = props;
  const widths = widthsFor(columns, board);
  const { length } = board.order;
  const position = length > rows ? `${place.at + 1} of ${number(length)}` : length === 0 ? '' : number(length);
  const lines = [
    title(
      paint,
      'Jobs',
      columns,
      place.filter === '' ? position : `${position === '' ? 'none' : position} with “${cell(place.filter, 20)}”`,
    ),
    paint.colour.dim(head(widths)),
    ...board.jobs.map((job) => {
      const line = jobRow(paint, job, widths, board.at, job.job.id === place.chosen);
      return job.job.id === place.chosen ? chosen(paint, line, columns) : line;
    }),
  ];
  if (length === 0)
    lines.push(
      place.filter === ''
        ? '  None yet. They come with: outreach import leads.csv'
        : '  No campaign, file or number like that. Esc shows all.',
    );
  return <Lines paint={paint} lines={lines} rows={rows + 2} columns={columns} />;
}

function widthsFor(columns: number, { jobs, at }: Board): Widths {
  const wide = columns >= 96;
  const longest = (of: (job: JobLine) => string, least: number) => Math.max(least, ...jobs.map((job) => of(job).length));
  const fixed = {
    id: longest(({ job }) => String(job.id), 3),
    status: wide ? 10 : 0,
    sent: longest(sentOf, 4),
    failed: longest(({ counts }) => number(counts.failed), 4),
    you: longest((job) => number(waitsForYou(job)), 3),
    rate: columns < 64 ? 0 : longest(rateOf, 6),
    left: columns < 70 ? 0 : longest((job) => leftOf(job, at), 9),
  };
  const taken = Object.values(fixed).filter((width) => width > 0);
  // The sign before, and one column between any two.
  const room = columns - 2 - taken.reduce((sum, width) => sum + width + 1, 0) - 1;
  const campaign = Math.max(6, Math.min(28, Math.floor(room * 0.45)));
  return { ...fixed, campaign, bar: Math.max(4, Math.min(48, room - campaign)) };
}

function head(widths: Widths): string {
  return `  ${row(
    ['ID', widths.id, undefined, 'right'],
    ['CAMPAIGN', widths.campaign],
    ['STATUS', widths.status],
    ['PROGRESS', widths.bar],
    ['SENT', widths.sent, undefined, 'right'],
    ['FAIL', widths.failed, undefined, 'right'],
    ['YOU', widths.you, undefined, 'right'],
    ['MAIL/H', widths.rate, undefined, 'right'],
    ['LEFT', widths.left, undefined, 'right'],
  )}`;
}

function jobRow(paint: Paint, line: JobLine, widths: Widths, now: number, isChosen: boolean): string {
  const { colour, signs } = paint;
  const { job, status, counts } = line;
  const tone = toneOf(paint, status);
  const you = waitsForYou(line);
  const sign = isChosen ? signs.chosen : tone(signs.dot);
  return `${sign} ${row(
    [String(job.id), widths.id, undefined, 'right'],
    [cell(job.campaign, widths.campaign), widths.campaign],
    [status, widths.status, tone],
  )} ${bar(paint, counts, widths.bar)} ${row(
    [sentOf(line), widths.sent, undefined, 'right'],
    [number(counts.failed), widths.failed, counts.failed > 0 ? colour.red : colour.dim, 'right'],
    [number(you), widths.you, you > 0 ? colour.yellow : colour.dim, 'right'],
    [rateOf(line), widths.rate, line.rate < 0.5 ? colour.dim : undefined, 'right'],
    [leftOf(line, now), widths.left, status === 'processing' ? undefined : tone, 'right'],
  )}`;
}

function sentOf({ counts, total }: JobLine): string {
  return `${number(counts.accepted)}/${number(total)}`;
}

function waitsForYou({ job, counts }: JobLine): number {
  return job.cancelled_at === null ? counts.review + counts.uncertain : 0;
}

function rateOf({ rate, outlook }: JobLine): string {
  const planned = outlook?.plannedRate;
  return planned == null ? number(Math.round(rate)) : `${number(Math.round(rate))}/${number(Math.round(planned))}`;
}

/** How long it takes still, or in a word why nobody can say. */
function leftOf(line: JobLine, now: number): string {
  const { job, status, counts, outlook } = line;
  if (['completed', 'failed', 'cancelled', 'paused'].includes(status)) return status === 'completed' ? 'done' : status;
  if (job.imported_at === null) return 'importing';
  if (outlook?.problem != null) return 'held';
  if (job.cancelled_at === null && sumOf(counts, OPEN_STATES) === 0) return 'needs you';
  const left = timeLeft(line, now);
  return left === null ? '' : formatDuration(left);
}
