import type { MessageStory } from '../store/progress.ts';
import { cell } from '../terminal/output.ts';
import { Lines } from './lines.tsx';
import { type Paint, row, title, toneOf } from './paint.ts';
import { mailLines, storyLines } from './story.ts';
import { hintLines } from './uncertain.tsx';
import { hold, type Picture } from './views.ts';

/** A measure that is read with ease. */
const MEASURE = 100;

/** One mail: where it stands, every try, and its text. */
export function Message({ paint, picture, story }: { paint: Paint; picture: Picture; story: MessageStory }) {
  const { columns, body } = picture.layout;
  const { summary } = story;
  const measure = Math.min(columns, MEASURE);
  const state = `${summary.state}${summary.reason === null ? '' : `: ${cell(summary.reason, 200)}`}`;
  const lines = [
    row(['to', 8, paint.colour.dim], [cell(summary.email, 200), columns - 9]),
    row(['state', 8, paint.colour.dim], [state, columns - 9, toneOf(paint, summary.state)]),
    row(['job', 8, paint.colour.dim], [`${summary.job}, campaign ${cell(summary.campaign, 60)}`, columns - 9]),
    '',
    ...hintLines(paint, picture.hints, columns),
    title(paint, 'Tries', columns, 'and what else happened'),
    ...storyLines(paint, story, columns),
    '',
    title(paint, 'Mail', columns),
    ...mailLines(paint, story, measure),
  ];
  const rows = body - 1;
  const { place } = picture;
  // Here a place is the first line shown.
  hold(place, Math.max(1, lines.length - rows + 1), 1);
  const more = lines.length > rows ? `lines ${place.at + 1} to ${Math.min(lines.length, place.at + rows)} of ${lines.length}` : '';
  return (
    <Lines
      paint={paint}
      lines={[title(paint, `Message ${summary.id}`, columns, more), ...lines.slice(place.at)]}
      rows={body}
      columns={columns}
    />
  );
}
