import { Box, Text } from 'ink';
import type { Board } from './board.ts';
import { Feed } from './feed.tsx';
import { Jobs } from './jobs.tsx';
import { Needs } from './needsCorner.tsx';
import type { Paint } from './paint.ts';
import { Senders } from './senders.tsx';
import type { Picture } from './views.ts';

const GAP = 3;

/** The first screen: jobs, below them senders and what needs a person, and the feed below or beside. */
export function Overview({ paint, picture, board }: { paint: Paint; picture: Picture; board: Board }) {
  const { layout, place } = picture;
  const { columns, feedColumns } = layout;
  const main = feedColumns === 0 ? columns : columns - feedColumns - GAP;
  const half = Math.floor((main - GAP) / 2);
  const feed = (
    <Feed paint={paint} lines={board.feed} rows={layout.feed} columns={feedColumns === 0 ? columns : feedColumns} now={picture.now} />
  );
  return (
    <Box columnGap={GAP}>
      <Box flexDirection="column" width={main}>
        <Jobs paint={paint} board={board} place={place} rows={layout.jobs} columns={main} />
        <Text> </Text>
        <Box columnGap={GAP}>
          <Senders paint={paint} senders={board.senders} rows={layout.middle} columns={half} />
          <Needs paint={paint} needs={board.needs} rows={layout.middle} columns={main - GAP - half} />
        </Box>
        {feedColumns === 0 && layout.feed > 0 && (
          <Box flexDirection="column">
            <Text> </Text>
            {feed}
          </Box>
        )}
      </Box>
      {feedColumns > 0 && feed}
    </Box>
  );
}
