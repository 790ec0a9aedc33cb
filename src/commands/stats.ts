import { type Command, Option } from 'commander';
import type { App } from '../app/app.ts';
import type { DayTally, Statistics, Tally } from '../app/statistics.ts';
import { bar } from '../terminal/bars.ts';
import { cell, number, type Output, plural } from '../terminal/output.ts';
import { type Context, command, sinceIn, sinceOption, type Use, wholeNumber } from './context.ts';

/** Days with a line of their own; earlier ones are summed. */
const MOST_DAYS = 30;
/** Bars shorter or longer than this tell nothing more. */
const NARROWEST_BAR = 6;
const WIDEST_BAR = 40;
/** A terminal below this shows what was sent, and nothing that comes after it. */
const ROOM_FOR_ALL = 60;
const GAP = 2;

interface StatsOptions {
  readonly since?: string;
  readonly days?: number;
  readonly top: number;
}

export function statsCommand(use: Use): Command {
  return command('stats', 'Count what became of mails: in all, by day, by sender and by recipient domain.', [
    'stats',
    'stats hello --days 7',
    'stats --since 2026-11-01 --json',
  ])
    .argument('[campaign]', 'one campaign (default: all)')
    .addOption(sinceOption('what happened since'))
    .addOption(
      new Option('--days <n>', 'the last days, today included').argParser(wholeNumber('a number of days above 0')).conflicts('since'),
    )
    .addOption(new Option('--top <n>', 'domains with a line of their own').argParser(wholeNumber('a number above 0')).default(10))
    .action(use(stats));
}

async function stats(context: Context, campaign: string | undefined, options: StatsOptions): Promise<undefined> {
  const { output } = context;
  const app = await context.app();
  const { lastDays, readStatistics } = await import('../app/statistics.ts');
  const now = Date.now();
  const since = await periodOf(app, options, now);
  const found = await readStatistics(app, { campaign, since, top: options.top, now });
  output.object(found);
  if (output.json) return;
  const { localDay, localTime } = await import('../domain/localDay.ts');
  const today = since === undefined ? undefined : localDay(app.pace.timezone, now).date;
  const period = since === undefined ? '' : `, since ${localTime(app.pace.timezone, since)}`;
  new Page(context).print(found, period, lastDays(found, MOST_DAYS, today));
}

/** Undefined: everything. */
export async function periodOf(app: App, { since, days }: Pick<StatsOptions, 'since' | 'days'>, now: number): Promise<number | undefined> {
  if (days === undefined) return sinceIn(app, since);
  const { firstOfDays } = await import('../domain/since.ts');
  return firstOfDays(days, app.pace.timezone, now);
}

/** One line of a table; `value` is what its bar shows. */
interface Line {
  readonly name: string;
  readonly value: number;
  readonly numbers: readonly (number | undefined)[];
}

/** Tables whose last column is a bar, as wide as the terminal leaves room for. */
class Page {
  readonly #output: Output;
  readonly #width: number | undefined;
  readonly #blocks: boolean;

  constructor({ output, env }: Context) {
    this.#output = output;
    this.#width = output.columns;
    this.#blocks = output.unicode && env.TERM !== 'dumb';
  }

  print(found: Statistics, period: string, { earlier, days }: { earlier: Tally | undefined; days: readonly DayTally[] }): void {
    const { campaign, timezone, totals, by_sender, by_domain, other_domains } = found;
    const output = this.#output;
    const whose = campaign === null ? 'All campaigns' : `Campaign ${cell(campaign)}`;
    output.line(`${output.colour.bold(whose)}${period}; days of ${timezone}`);
    output.line();
    if (totals.total === 0) {
      output.line(`No mails yet.\n\nNext: outreach import leads.csv${campaign === null ? '' : ` --campaign ${cell(campaign)}`}`);
      return;
    }
    this.#table(['', ''], totalLines(found));
    const dayLines = days.map((day) => ({ ...lineOf(day.date, day), numbers: [day.drafted, ...numbersOf(day)] }));
    const before = earlier === undefined ? [] : [{ ...sumOf('earlier', earlier), numbers: [undefined, ...numbersOf(earlier)] }];
    this.#table(this.#narrow ? ['DAY', 'DRAFTED', 'SENT'] : ['DAY', 'DRAFTED', ...TALLY], [...before, ...dayLines]);
    const tally = this.#narrow ? ['SENT'] : TALLY;
    this.#table(
      ['SENDER', ...tally],
      by_sender.map((each) => lineOf(cell(each.sender, 30), each)),
    );
    const { domains, ...others } = other_domains;
    const rest = Object.values(others).every((n) => n === 0) ? [] : [sumOf(nameOthers(domains), others)];
    this.#table(['DOMAIN', ...tally], [...by_domain.map((each) => lineOf(cell(each.domain, 40), each)), ...rest]);
    output.line(`Next: ${nextStep(found)}`);
  }

  get #narrow(): boolean {
    return this.#width !== undefined && this.#width < ROOM_FOR_ALL;
  }

  #table(head: readonly string[], lines: readonly Line[]): void {
    if (lines.length === 0) return;
    const { colour } = this.#output;
    const rows = lines.map(({ name, numbers }) => [name, ...numbers.slice(0, head.length - 1).map(shown)]);
    const taken = head.map((title, index) => Math.max(title.length, ...rows.map((cells) => [...(cells[index] ?? '')].length)) + GAP);
    const room = Math.min(WIDEST_BAR, (this.#width ?? 0) - taken.reduce((sum, each) => sum + each, 0));
    // A bar needs a terminal: elsewhere its length means nothing.
    const most = room < NARROWEST_BAR ? 0 : Math.max(...lines.map(({ value }) => value));
    const painted = rows.map((cells, index) => [
      ...cells.map((text, column) => (TROUBLE.includes(head[column] ?? '') && text !== '0' ? colour.yellow(text) : text)),
      ...(most === 0 ? [] : [colour.cyan(bar(lines[index]?.value ?? 0, most, room, this.#blocks))]),
    ]);
    const right = head.map((_, column) => column).slice(1);
    this.#output.table(most === 0 ? head : [...head, ''], painted, right, [0, head.length]);
    this.#output.line();
  }
}

const TROUBLE = ['BOUNCED', 'UNCERTAIN', 'FAILED'];
const TALLY = ['SENT', ...TROUBLE];

function numbersOf({ sent, bounced, uncertain, failed }: Tally): number[] {
  return [sent, bounced, uncertain, failed];
}

function lineOf(name: string, tally: Tally): Line {
  return { name, value: tally.sent, numbers: numbersOf(tally) };
}

/** Without a bar: it would dwarf all others. */
function sumOf(name: string, tally: Tally): Line {
  return { ...lineOf(name, tally), value: 0 };
}

function totalLines({ totals, since }: Statistics): Line[] {
  const now = since === null ? '' : ' now';
  const lines: [string, number][] = [
    [`mails${now}`, totals.total],
    ['drafted', totals.drafted],
    ['sent', totals.sent],
    ['bounced', totals.bounced],
    ['complained', totals.complained],
    ['uncertain', totals.uncertain],
    ['failed', totals.failed],
    ['suppressed', totals.suppressed],
    ['cancelled', totals.cancelled],
    [`waiting${now}`, totals.waiting],
    [`review${now}`, totals.review],
  ];
  return lines.map(([name, n]) => ({ name, value: name.endsWith(' now') ? 0 : n, numbers: [n] }));
}

function nameOthers(domains: number): string {
  return domains === 0 ? 'forgotten people' : plural(domains, 'other domain');
}

function shown(value: number | undefined): string {
  return value === undefined ? '' : number(value);
}

function nextStep({ campaign, totals }: Statistics): string {
  if (totals.uncertain > 0) return 'outreach messages --state uncertain    (then outreach resolve ID)';
  if (totals.review > 0) return 'outreach messages --state review    (then outreach show ID)';
  return campaign === null ? 'outreach report CAMPAIGN --out report.html' : `outreach report ${cell(campaign)} --out report.html`;
}
