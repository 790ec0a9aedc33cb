/** Lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Tells the places of offsets that only grow, in one pass over the text, which begins at `first` in its file. */
export function placesIn(text: string, first: Place): (offset: number) => Place {
  let [line, start, end] = [first.line, 1 - first.column, endOfLine(text, 0)];
  return (offset) => {
    while (end < offset) {
      line++;
      start = end + 1;
      end = endOfLine(text, start);
    }
    return { line, column: offset - start + 1 };
  };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

/** From the top of the file. */
export function inOrder<Placed extends Place>(those: readonly Placed[]): Placed[] {
  return those.toSorted((one, other) => one.line - other.line || one.column - other.column);
}
