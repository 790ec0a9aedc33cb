import { Box, Text } from 'ink';

/** Finished lines, one a row. Each is a text of its own: one that is wider than it says is cut, and takes none of the others along. */
export function Lines({ lines, rows, columns }: { lines: readonly string[]; rows: number; columns: number }) {
  return (
    <Box flexDirection="column" height={rows} width={columns} flexShrink={0}>
      {lines.slice(0, rows).map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
        <Text key={row} wrap="truncate">
          {line === '' ? ' ' : line}
        </Text>
      ))}
    </Box>
  );
}
