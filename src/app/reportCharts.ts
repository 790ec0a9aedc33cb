import { DAY } from '../domain/duration.ts';
import { number } from '../terminal/output.ts';
import { type Html, html } from './reportHtml.ts';
import { type DayTally, sumTallies, type Tally } from './statistics.ts';

/** Bars narrower than this are no bars: more days than this are drawn as weeks. */
const MOST_BARS = 92;
const WIDTH = 720;
const HEIGHT = 240;
const LEFT = 48;
const TOP = 12;
const BOTTOM = 28;

/** `note` stands behind the number. */
type Step = readonly [name: string, value: number, note: string];

/** Horizontal bars, each one a part of the first. */
export function funnelChart(steps: readonly Step[]): Html {
  const most = Math.max(1, ...steps.map(([, value]) => value));
  const row = 34;
  const bars = steps.map(([name, value, note], index) => {
    const y = index * row;
    const width = round((value / most) * 440);
    return html`<text x="0" y="${y + 20}">${name}</text><rect class="track" x="110" y="${y + 4}" width="440" height="24" /><rect class="sent" x="110" y="${y + 4}" width="${width}" height="24" /><text x="560" y="${y + 20}">${number(value)} ${note}</text>`;
  });
  const spoken = steps.map(([name, value, note]) => `${name}: ${number(value)} ${note}`.trim()).join('; ');
  return figure('funnel', 'From lead to accepted mail', spoken, steps.length * row, bars);
}

/** Stacked bars, a day (or a week) each. The table beside it holds the same figures. */
export function dayChart(days: readonly DayTally[]): Html {
  const weeks = days.length > MOST_BARS;
  const bars = weeks ? byWeek(days) : days.map((day) => ({ name: day.date, tally: day }));
  const most = niceMost(Math.max(1, ...bars.map(({ tally }) => heightOf(tally))));
  const step = (WIDTH - LEFT) / Math.max(1, bars.length);
  const scale = (value: number) => (value / most) * (HEIGHT - TOP - BOTTOM);
  const drawn = bars.map(({ name, tally }, index) => {
    const x = round(LEFT + index * step + step * 0.1);
    const width = round(Math.min(step * 0.8, 48));
    let base = HEIGHT - BOTTOM;
    const parts = (['sent', 'uncertain', 'failed'] as const).flatMap((kind) => {
      // One failed mail among thousands is still seen.
      const height = tally[kind] === 0 ? 0 : Math.max(1, scale(tally[kind]));
      base -= height;
      return height === 0 ? [] : [html`<rect class="${kind}" x="${x}" y="${round(base)}" width="${width}" height="${round(height)}" />`];
    });
    return html`<g><title>${name}: ${number(tally.sent)} sent, ${number(tally.uncertain)} uncertain, ${number(tally.failed)} failed</title>${parts}</g>`;
  });
  const [first] = bars;
  const last = bars.at(-1);
  const total = sumTallies(days);
  const spoken = `${weeks ? 'One bar a week' : 'One bar a day'}, ${first?.name ?? ''} to ${last?.name ?? ''}: ${number(total.sent)} sent, ${number(total.uncertain)} uncertain, ${number(total.failed)} failed. The highest bar is ${number(Math.max(0, ...bars.map(({ tally }) => heightOf(tally))))}.`;
  return figure('days', weeks ? 'Mails by week' : 'Mails by day', spoken, HEIGHT, [
    ...gridLines(most, scale),
    ...drawn,
    ...labels(
      bars.map(({ name }) => name),
      step,
    ),
  ]);
}

/** A bar for a table's cell: the number stands beside it. */
export function shareBar(value: number, most: number): Html {
  const width = most === 0 ? 0 : round((value / most) * 100);
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="sent" x="0" y="0" width="${width}" height="10" /></svg>`;
}

export function legend(): Html {
  const entries = ['sent', 'uncertain', 'failed'].map(
    (kind) =>
      html`<li><svg viewBox="0 0 10 10" aria-hidden="true" focusable="false"><rect class="${kind}" x="0" y="0" width="10" height="10" /></svg>${kind}</li>`,
  );
  return html`<ul class="legend">${entries}</ul>`;
}

function figure(id: string, title: string, spoken: string, height: number, parts: readonly Html[]): Html {
  return html`<figure><svg role="img" aria-labelledby="${id}-title ${id}-desc" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${spoken}</desc>
${parts}
</svg></figure>`;
}

function gridLines(most: number, scale: (value: number) => number): Html[] {
  const steps = Math.min(most, 4);
  return Array.from({ length: steps + 1 }, (_, index) => {
    const value = (most / steps) * index;
    const y = round(HEIGHT - BOTTOM - scale(value));
    return html`<line class="grid" x1="${LEFT}" y1="${y}" x2="${WIDTH}" y2="${y}" /><text class="quiet" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${number(value)}</text>`;
  });
}

/** As many dates as fit without touching. */
function labels(names: readonly string[], step: number): Html[] {
  const every = Math.max(1, Math.ceil(84 / step));
  return names.flatMap((name, index) =>
    index % every === 0 && LEFT + index * step + 70 <= WIDTH
      ? [html`<text class="quiet" x="${round(LEFT + index * step + step * 0.1)}" y="${HEIGHT - 8}">${name}</text>`]
      : [],
  );
}

function byWeek(days: readonly DayTally[]): { name: string; tally: Tally }[] {
  const weeks = new Map<string, DayTally[]>();
  for (const day of days) {
    const at = Date.parse(day.date);
    // Weeks begin on Mondays; day 0 of the epoch was a Thursday.
    const monday = new Date(at - ((Math.floor(at / DAY) + 3) % 7) * DAY).toISOString().slice(0, 10);
    weeks.set(monday, [...(weeks.get(monday) ?? []), day]);
  }
  return [...weeks].map(([name, of]) => ({ name, tally: sumTallies(of) }));
}

function heightOf({ sent, uncertain, failed }: Tally): number {
  return sent + uncertain + failed;
}

/** The next of 1, 2, 3, 4, 8, 12, 20, 40, 60 … : what the grid's lines divide evenly. */
function niceMost(value: number): number {
  if (value <= 4) return value;
  const power = 10 ** Math.floor(Math.log10(value / 4));
  const step = [1, 2, 3, 5, 10].find((each) => each * power * 4 >= value) ?? 10;
  return step * power * 4;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
