import { stripVTControlCharacters } from 'node:util';
import { Box, Text } from 'ink';
import { fill, visibleColumns } from '../terminal/columns.ts';
import type { Paint } from './paint.ts';

/** Painted lines, one a row. What is wider than `columns` after all is cut, and loses its colours. Rows that are not filled stay empty. */
export function Lines({ paint, lines, rows, columns }: { paint: Paint; lines: readonly string[]; rows: number; columns: number }) {
  const signs = lines.slice(0, rows).map((line) => {
    const fits = visibleColumns(line) <= columns;
    return paint.rows.signFor(fits ? line : fill(stripVTControlCharacters(line), columns));
  });
  return (
    <Box height={rows} width={columns} flexShrink={0}>
      <Text>{signs.join('\n')}</Text>
    </Box>
  );
}
