import { Token } from 'liquidjs';

/** Where the lines of the text begin that was asked about last. */
let lines: { readonly text: string; readonly starts: readonly number[] } = { text: '', starts: [0] };

/**
 * Liquid counts the lines before a token anew for each place that it is asked for, and asks for that of every variable: ten times the
 * template took a hundred times as long. From the first call on the lines of a template are counted once.
 */
export function countLinesOnce(): void {
  Token.prototype.getPosition = function getPosition(): [number, number] {
    if (lines.text !== this.input) lines = { text: this.input, starts: startsOf(this.input) };
    const { starts } = lines;
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= this.begin) low = middle;
      else high = middle;
    }
    return [low + 1, this.begin - (starts[low] ?? 0) + 1];
  };
}

function startsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
