import { cell, number } from '../terminal/output.ts';
import type { SenderLine } from './desk.ts';
import { Lines } from './lines.tsx';
import { type Paint, row, title, toneOf } from './paint.ts';

const COUNT = 10;

/** Each sender: how it is, and how much of today's cap is used. */
export function Senders({
  paint,
  senders,
  rows,
  columns,
}: {
  paint: Paint;
  senders: readonly SenderLine[];
  rows: number;
  columns: number;
}) {
  const name = Math.max(4, Math.min(16, columns - 30, ...[Math.max(...senders.map((sender) => sender.name.length), 4)]));
  const gauge = Math.max(0, Math.min(10, columns - name - COUNT - 14));
  const shown = senders.length > rows ? [...senders].sort((a, b) => RANK[a.health] - RANK[b.health]) : senders;
  const lines = shown.map((sender) => {
    const tone = toneOf(paint, sender.health);
    const rest = columns - 2 - name - 1 - (gauge === 0 ? 0 : gauge + 1) - COUNT - 1;
    return `${tone(paint.signs.dot)} ${row([cell(sender.name, name), name])} ${gauge === 0 ? '' : `${gaugeOf(paint, sender, gauge)} `}${row(
      [countOf(sender), COUNT, undefined, 'right'],
      [sender.health === 'ok' ? dayOf(sender, rest) : sender.says, rest, sender.health === 'ok' ? paint.colour.dim : tone],
    )}`;
  });
  const hidden = senders.length - rows;
  return (
    <Lines
      paint={paint}
      lines={[title(paint, 'Senders', columns, hidden > 0 ? `${rows} of ${senders.length}` : 'last 24 h'), ...lines]}
      rows={rows + 1}
      columns={columns}
    />
  );
}

const RANK = { stopped: 0, resting: 1, warned: 2, ok: 3 };

function gaugeOf({ colour, signs }: Paint, { sent, cap }: SenderLine, columns: number): string {
  if (cap === null || cap === 0) return colour.dim(signs.none.repeat(columns));
  const full = Math.min(columns, sent === 0 ? 0 : Math.max(1, Math.round((sent / cap) * columns)));
  const paint = sent >= cap ? colour.yellow : colour.green;
  return paint(signs.bar.sent.repeat(full)) + colour.dim(signs.bar.rest.repeat(columns - full));
}

function countOf({ sent, cap }: SenderLine): string {
  return cap === null ? number(sent) : `${number(sent)}/${number(cap)}`;
}

function dayOf({ warmUpDay }: SenderLine, columns: number): string {
  if (warmUpDay === null) return 'ok';
  return columns < 15 ? `day ${warmUpDay}` : `warm-up day ${warmUpDay}`;
}
