import { Box, Text } from 'ink';
import type { Paint } from './paint.ts';

/** Painted lines, one a row; none is wider than `columns`. Rows that are not filled stay empty. */
export function Lines({ paint, lines, rows, columns }: { paint: Paint; lines: readonly string[]; rows: number; columns: number }) {
  const signs = lines.slice(0, rows).map((line) => paint.rows.signFor(line));
  return (
    <Box height={rows} width={columns} flexShrink={0}>
      <Text>{signs.join('\n')}</Text>
    </Box>
  );
}
