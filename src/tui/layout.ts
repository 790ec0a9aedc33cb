/** Who gets how many rows. They depend on the terminal and the number of jobs and senders alone, so that nothing jumps when something happens. */
export interface Layout {
  readonly columns: number;
  readonly rows: number;
  readonly tooSmall: boolean;
  /** The feed stands beside everything else, this wide; 0 when it stands below. */
  readonly feedColumns: number;
  readonly jobs: number;
  /** Senders and needs, side by side. */
  readonly middle: number;
  readonly feed: number;
  /** Of what waits in review, and of the mail that is read below it. */
  readonly review: number;
  readonly reading: number;
  /** Between header and keys. */
  readonly body: number;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const SMALLEST: Size = { columns: 50, rows: 14 };
/** Every cell costs at each of four updates a second, and no eye takes in more than this. */
const MOST: Size = { columns: 180, rows: 60 };
const MOST_FEED = 24;
const HEADER = 3;
const KEYS = 2;
/** A title and a row of air before it. */
const TITLE = 2;

export function layoutOf(terminal: Size, jobs: number, senders: number): Layout {
  const columns = Math.min(terminal.columns, MOST.columns);
  const rows = Math.min(terminal.rows, MOST.rows);
  const body = Math.max(0, rows - HEADER - KEYS);
  const wide = columns >= 150;
  const middle = rows < 20 ? 2 : Math.max(4, Math.min(senders, rows < 30 ? 4 : rows < 45 ? 6 : 12));
  // Beside the middle, and the jobs' title with the names of their columns.
  const rest = Math.max(0, body - TITLE - (middle + TITLE));
  const most = wide ? rest : Math.max(2, rest - TITLE - Math.floor(rest * 0.4));
  const jobRows = Math.max(Math.min(2, rest), Math.min(most, Math.max(3, jobs)));
  const feed = wide ? body - 1 : Math.max(0, rest - jobRows - TITLE);
  const review = Math.max(3, Math.floor(body * 0.3));
  return {
    columns,
    rows,
    tooSmall: terminal.columns < SMALLEST.columns || terminal.rows < SMALLEST.rows,
    feedColumns: wide ? Math.floor(columns * 0.42) : 0,
    jobs: jobRows,
    middle,
    feed: Math.min(feed, MOST_FEED),
    review,
    // Beside the names of columns.
    reading: Math.max(1, body - review - TITLE - TITLE),
    body,
  };
}
