/** Lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Tells the places of offsets that only grow, in one pass over the text, which begins at `first` in its file. */
export function placesIn(text: string, first: Place): (offset: number) => Place {
  let [line, start, at] = [first.line, 1 - first.column, 0];
  return (offset) => {
    for (let end = text.indexOf('\n', at); end !== -1 && end < offset; end = text.indexOf('\n', at)) {
      line++;
      at = end + 1;
      start = at;
    }
    return { line, column: offset - start + 1 };
  };
}

/** From the top of the file. */
export function inOrder<Placed extends Place>(those: readonly Placed[]): Placed[] {
  return those.toSorted((one, other) => one.line - other.line || one.column - other.column);
}
