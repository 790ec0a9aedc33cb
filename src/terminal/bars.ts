/** Eighths of a cell, from the left (Unicode block elements, U+2588 to U+258F). */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Whether this terminal draws block elements: a real one, with a locale of UTF-8. Windows has no locale in its environment, and draws them. */
export function drawsBlocks(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (env.TERM === 'dumb') return false;
  if (platform === 'win32') return true;
  // The first that is set decides, as for the C library.
  return /utf-?8/i.test([env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '') ?? '');
}

/** A bar of at most `width` columns; whatever is more than nothing is seen. */
export function bar(value: number, most: number, width: number, blocks: boolean): string {
  if (value <= 0 || most <= 0 || width <= 0) return '';
  const cells = (Math.min(value, most) / most) * width;
  if (!blocks) return '#'.repeat(Math.max(1, Math.round(cells)));
  const eighths = Math.max(1, Math.round(cells * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
