/** Eighths of a cell, from the left (Unicode block elements, U+2588 to U+258F). */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of at most `width` columns; whatever is more than nothing is seen. */
export function bar(value: number, most: number, width: number, blocks: boolean): string {
  if (value <= 0 || most <= 0 || width <= 0) return '';
  const cells = (Math.min(value, most) / most) * width;
  if (!blocks) return '#'.repeat(Math.max(1, Math.round(cells)));
  const eighths = Math.max(1, Math.round(cells * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
