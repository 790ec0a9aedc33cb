import { Box, Text } from 'ink';
import { cell } from '../terminal/output.ts';
import type { JobLine } from './board.ts';
import { jobFacts } from './jobFacts.ts';
import { Lines } from './lines.tsx';
import { MessageRows } from './messageRows.tsx';
import { bar, type Paint, row, title } from './paint.ts';
import type { Page, Picture } from './views.ts';

/** One job: what it is, how far it is, and its mails, those that need a person first. */
export function Job({ paint, picture, job, page }: { paint: Paint; picture: Picture; job: JobLine; page: Page }) {
  const { columns, body } = picture.layout;
  const facts = jobFacts(job, picture.now);
  const name = `Job ${job.job.id}  ${cell(job.job.campaign, 40)}`;
  const progress = Math.min(40, Math.floor(columns / 3));
  const lines = [
    `${title(paint, name, columns - progress - 1, job.status)} ${bar(paint, job.counts, progress)}`,
    ...facts.map(([what, says]) => row([what, 8, paint.colour.dim], [says, columns - 9, what === '' ? paint.colour.yellow : undefined])),
  ];
  return (
    <Box flexDirection="column">
      <Lines paint={paint} lines={lines} rows={lines.length} columns={columns} />
      <Text> </Text>
      <MessageRows
        paint={paint}
        name="Mails"
        page={page}
        place={picture.place}
        rows={Math.max(1, body - facts.length - 4)}
        columns={columns}
        now={picture.now}
        empty={picture.place.filter === '' ? 'None.' : 'No state and no address begins like that. Esc shows all.'}
      />
    </Box>
  );
}
