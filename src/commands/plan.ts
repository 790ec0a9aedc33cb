import type { Command } from 'commander';
import type { Plan, PlannedJob } from '../app/plan.ts';
import { DAY } from '../domain/duration.ts';
import { OutreachError } from '../domain/errors.ts';
import { cell, moment, number, type Output, plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';
import { CONFIG_FIRST } from './status.ts';

const LONGEST = 366 * DAY;
/** Jobs with a column of their own; 80 columns hold no more. */
const MOST_COLUMNS = 4;

export function planCommand(use: Use): Command {
  return command('plan', 'Forecast how many mails leave on each day, by the gates that the worker asks.', [
    'plan',
    'plan --until friday',
    'plan --until 2026-12-31 --json',
  ])
    .option('--until <when>', 'a weekday, today, tomorrow, a date such as 2026-12-31, or a duration such as 10d', '7d')
    .action(use(plan));
}

async function plan({ app: open, output, env }: Context, options: { until: string }): Promise<undefined> {
  const app = await open();
  const { parseUntil } = await import('../domain/until.ts');
  const { readPlan } = await import('../app/plan.ts');
  const now = Date.now();
  const until = parseUntil(options.until, app.pace.timezone, now);
  if (until === undefined)
    throw new OutreachError('usage', `--until ${options.until} is no time; write friday, tomorrow, 2026-12-31 or 10d`);
  if (until <= now) throw new OutreachError('usage', `--until ${options.until} is over`);
  if (until > now + LONGEST) throw new OutreachError('usage', `--until ${options.until} is more than a year away`);
  const found = await readPlan(app, { from: now, until }, env);
  output.object(found);
  if (!output.json) print(output, found);
}

function print(output: Output, plan: Plan): void {
  const { until, timezone, days, jobs, total, refuses, worker_refuses } = plan;
  if (jobs.length === 0) {
    output.line('Nothing waits.\n\nNext: outreach import leads.csv');
    return;
  }
  const standstill =
    refuses !== null ? `Nothing is sent: ${refuses}` : worker_refuses !== null ? `No worker starts: ${worker_refuses}` : null;
  if (standstill !== null) output.line(`${output.colour.red(`${standstill}.`)}\nOnce that is mended:\n`);
  const columns = jobs.filter(({ mails }) => mails > 0);
  const own = columns.length > MOST_COLUMNS ? columns.slice(0, MOST_COLUMNS - 1) : columns;
  const others = columns.slice(own.length);
  const inRow = (counts: (id: number) => number) => [
    ...own.map(({ id }) => number(counts(id))),
    ...(others.length === 0 ? [] : [number(others.reduce((sum, { id }) => sum + counts(id), 0))]),
  ];
  if (days.length > 0) {
    const head = ['DAY', ...own.map(nameOf), ...(others.length === 0 ? [] : [`${others.length} OTHER JOBS`]), 'ALL'];
    const rows = days.map((day) => [
      dayName(day.date),
      ...inRow((id) => day.jobs.find((job) => job.id === id)?.mails ?? 0),
      number(day.total),
    ]);
    const sum = (of: (job: PlannedJob) => number) => number(jobs.reduce((all, job) => all + of(job), 0));
    rows.push(['all', ...inRow((id) => jobs.find((job) => job.id === id)?.mails ?? 0), number(total)]);
    rows.push(['left', ...inRow((id) => jobs.find((job) => job.id === id)?.left ?? 0), sum(({ left }) => left)]);
    output.table(
      head,
      rows,
      head.slice(1).map((_, index) => index + 1),
    );
    output.line();
  } else output.line('No mail leaves by then.');
  for (const job of jobs) output.line(outlook(job));
  output.line(
    output.colour.dim(
      `\nUntil ${moment(Date.parse(until))}, days of ${timezone}; if a worker runs, texts are written in time and every mail is accepted.`,
    ),
  );
  output.line(`\nNext: ${nextStep(plan)}`);
}

function nameOf({ id, campaign }: PlannedJob): string {
  return cell(`${id} ${campaign}`, 16);
}

function outlook({ id, campaign, mails, left, ends_at, review, uncertain, held_by, problem }: PlannedJob): string {
  const name = `Job ${id} (${cell(campaign, 30)})`;
  if (problem !== null) return `${name} is held back: ${problem}`;
  const waits = [
    ...(review === 0 ? [] : [`${number(review)} to approve`]),
    ...(uncertain === 0 ? [] : [`${number(uncertain)} uncertain to resolve`]),
  ];
  const rest = waits.length === 0 ? '' : `; besides ${waits.join(', ')}`;
  if (held_by.length > 0) return `${name}: ${plural(left, 'mail')} held by ${held_by.join(', ')}${rest}`;
  if (ends_at !== null) return `${name} is done ${moment(Date.parse(ends_at))}${rest}`;
  if (mails === 0 && left === 0) return `${name}: nothing to send${rest}`;
  return `${name}: ${number(left)} left after that${rest}`;
}

function nextStep({ jobs, refuses, worker_refuses }: Plan): string {
  if (refuses !== null) return 'outreach reconcile';
  if (worker_refuses !== null) return CONFIG_FIRST;
  const held = jobs.find(({ held_by, left }) => left > 0 && held_by.length > 0);
  if (held !== undefined) return `outreach status    (what holds job ${held.id}, and how to let it go on)`;
  const review = jobs.find((job) => job.review > 0);
  if (review !== undefined) return `outreach messages --job ${review.id} --state review`;
  return 'outreach why EMAIL    (when one of them leaves, and what it waits for)';
}

/** `Wed 2026-11-25` */
function dayName(date: string): string {
  const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][new Date(`${date}T12:00:00Z`).getUTCDay()];
  return `${day} ${date}`;
}
