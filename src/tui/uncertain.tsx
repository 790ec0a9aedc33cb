import { Box, Text } from 'ink';
import { wrap } from '../terminal/columns.ts';
import { cell } from '../terminal/output.ts';
import type { Hints } from './desk.ts';
import { Lines } from './lines.tsx';
import { MessageRows } from './messageRows.tsx';
import { type Paint, title } from './paint.ts';
import { storyLines } from './story.ts';
import type { Page, Picture } from './views.ts';

const MEASURE = 100;

/** Mails whose end nobody knows, and below them what helps to say it of the chosen one. */
export function Uncertain({ paint, picture, page }: { paint: Paint; picture: Picture; page: Page }) {
  const { place, story, hints, layout } = picture;
  const { columns, review, reading } = layout;
  const known = story === undefined ? [] : [...hintLines(paint, hints, columns), ...storyLines(paint, story, columns)];
  const hidden = known.length - reading;
  const shown = hidden > 0 ? [...known.slice(0, reading - 1), paint.colour.dim(`${hidden + 1} lines more: enter`)] : known;
  return (
    <Box flexDirection="column">
      <MessageRows
        paint={paint}
        name={place.id === 0 ? 'Uncertain' : `Uncertain, job ${place.id}`}
        page={page}
        place={place}
        rows={review}
        columns={columns}
        now={picture.now}
        marked={place.marked}
        empty="Nothing is uncertain."
      />
      <Text> </Text>
      <Lines
        paint={paint}
        lines={[title(paint, story === undefined ? 'What is known' : `Mail to ${cell(story.summary.email, 60)}`, columns), ...shown]}
        rows={reading + 1}
        columns={columns}
      />
    </Box>
  );
}

/** How far a mail got and where to look, with a row of air behind; none where its end is known. */
export function hintLines(paint: Paint, hints: Hints | undefined, columns: number): string[] {
  if (hints === undefined) return [];
  const measure = Math.min(columns, MEASURE);
  const places = hints.places.flatMap((place, index) =>
    wrap(cell(place, 300), measure - 3).map((line, row) => `${row === 0 ? `${index + 1}.` : '  '} ${line}`),
  );
  return [...wrap(hints.progress, measure), paint.colour.dim('Where to look, the best place first:'), ...places, ''];
}
