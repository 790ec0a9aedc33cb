import { Box, Text } from 'ink';
import type { MessageStory } from '../store/progress.ts';
import { cell } from '../terminal/output.ts';
import { Lines } from './lines.tsx';
import { MessageRows } from './messageRows.tsx';
import { type Paint, title } from './paint.ts';
import { mailLines } from './story.ts';
import type { Page, Picture } from './views.ts';

const MEASURE = 100;

/** What waits for approval, and below it the chosen mail as it would be sent. */
export function Review({ paint, picture, page, story }: { paint: Paint; picture: Picture; page: Page; story: MessageStory | undefined }) {
  const { columns, review, reading } = picture.layout;
  const lines = story === undefined ? [] : mailLines(paint, story, Math.min(columns, MEASURE));
  const hidden = lines.length - reading;
  const shown = hidden > 0 ? [...lines.slice(0, reading - 1), paint.colour.dim(`${hidden + 1} lines more: enter`)] : lines;
  return (
    <Box flexDirection="column">
      <MessageRows
        paint={paint}
        name="Review"
        page={page}
        place={picture.place}
        rows={review}
        columns={columns}
        now={picture.now}
        subjects
        empty="Nothing waits for your approval."
      />
      <Text> </Text>
      <Lines
        paint={paint}
        lines={[title(paint, story === undefined ? 'Mail' : `Mail to ${cell(story.summary.email, 60)}`, columns), ...shown]}
        rows={reading + 1}
        columns={columns}
      />
    </Box>
  );
}
