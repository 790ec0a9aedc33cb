import type { MessageSummary } from '../store/progress.ts';
import { columnsOf } from '../terminal/columns.ts';
import { cell, number } from '../terminal/output.ts';
import { clock } from './feed.tsx';
import { Lines } from './lines.tsx';
import { chosen, type Paint, row, title, toneOf } from './paint.ts';
import type { Page, Place } from './views.ts';

/** A list of mails, whatever its length. */
export function MessageRows(props: {
  paint: Paint;
  name: string;
  page: Page;
  place: Place;
  rows: number;
  columns: number;
  now: number;
  empty: string;
  /** What is said of each: its subject, or why it is where it is. */
  subjects?: boolean;
  /** A sign stands before those that are marked. */
  marked?: ReadonlySet<number>;
}) {
  const { paint, page, place, rows, columns, now } = props;
  const id = Math.max(4, ...page.rows.map((message) => String(message.id).length));
  const when = columns < 70 ? 0 : 8;
  const rest = columns - 2 - id - 1 - 10 - 1 - (when === 0 ? 0 : when + 1) - 6;
  const longest = Math.max(12, ...page.rows.map((message) => columnsOf(cell(message.email))));
  const email = Math.min(longest, 40, Math.max(12, Math.floor(rest * 0.6)));
  const says = Math.max(6, rest - email - 1);
  const filter = place.filter === '' ? '' : ` with “${cell(place.filter, 20)}”`;
  const length = page.more === true ? `the first ${number(page.length)}` : number(page.length);
  const marks = (props.marked?.size ?? 0) === 0 ? '' : ` · ${number(props.marked?.size ?? 0)} marked`;
  const position = page.length === 0 ? 'none' : page.length > rows ? `${number(place.at + 1)} of ${length}` : length;
  const words = ({ reason, subject }: MessageSummary) => (props.subjects === true ? (subject ?? reason) : (reason ?? subject));
  const lines = page.rows.map((message) => {
    const isChosen = message.id === place.chosen;
    const mark = props.marked?.has(message.id) === true ? paint.signs.dot : ' ';
    const line = `${isChosen ? paint.signs.chosen : ' '}${mark}${row(
      [String(message.id), id, undefined, 'right'],
      [message.state, 10, toneOf(paint, message.state)],
      [cell(message.email), email],
      [message.attempts === 0 ? '' : String(message.attempts), 5, paint.colour.dim, 'right'],
      [clock(message.state_at, now), when, paint.colour.dim],
      [cell(words(message), 200), says],
    )}`;
    return isChosen ? chosen(paint, line, columns) : line;
  });
  if (page.length === 0) lines.push(`  ${props.empty}`);
  const head = `  ${row(['ID', id, undefined, 'right'], ['STATE', 10], ['TO', email], ['TRIES', 5], ['SINCE', when], [props.subjects === true ? 'SUBJECT' : 'REASON OR SUBJECT', says])}`;
  return (
    <Lines
      paint={paint}
      lines={[title(paint, props.name, columns, `${position}${filter}${marks}`), paint.colour.dim(head), ...lines]}
      rows={rows + 2}
      columns={columns}
    />
  );
}
