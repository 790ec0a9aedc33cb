import type { Command } from 'commander';
import { type App, sleep } from '../app/app.ts';
import { readStatus, type Status } from '../app/status.ts';
import { formatDuration } from '../domain/duration.ts';
import type { PauseReason } from '../domain/job.ts';
import { cell, moment, number, type Output, plural, roughly, tellsForeignTimes } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';
import { voidedWords } from './voided.ts';

const WATCH_EVERY_MS = 1_000;

export function statusCommand(use: Use): Command {
  return command('status', 'Show jobs, senders, workers, and what needs you.', ['status', 'status --watch', 'status --json'])
    .option('--watch', 'show it again every second until Ctrl-C')
    .action(use(status));
}

async function status(context: Context, options: { watch?: boolean }): Promise<undefined> {
  const app = await context.app();
  if (options.watch !== true) {
    await show(context, app);
    return;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
  while (!stop.signal.aborted) {
    // Home and clear: the screen is redrawn in place. Not into a pipe, and never with --json.
    if (context.output.redraws && !context.output.json) process.stdout.write('\u001b[H\u001b[2J');
    await show(context, app);
    await Promise.race([sleep(WATCH_EVERY_MS), stopped]);
  }
}

async function show({ output, env }: Context, app: App): Promise<void> {
  const status = await readStatus(app, env);
  output.object(status);
  if (!output.json) print(output, status, app.pace.timezone);
}

function print(output: Output, status: Status, zone: string): void {
  const { colour } = output;
  if (status.jobs.length === 0) output.line('No jobs yet.');
  else {
    output.table(
      ['JOB', 'CAMPAIGN', 'STATUS', 'MODE', 'SENT', 'FAILED', 'LEFT', 'NEEDS YOU', 'DONE BY'],
      status.jobs.map((job) => [
        String(job.id),
        cell(job.campaign),
        paint(output, job.status),
        modeOf(job),
        `${number(job.succeeded)}/${number(job.total)}`,
        number(job.failed),
        number(waiting(job.states)),
        needs(job) === 0 ? '0' : colour.yellow(number(needs(job))),
        job.eta === null ? '' : roughly(Date.parse(job.eta)),
      ]),
      [4, 5, 6, 7],
      [2],
      [3],
    );
  }
  if (status.refuses !== null) output.line(colour.red(`Nothing is sent: ${status.refuses}.`));
  if (status.worker_refuses !== null) output.line(colour.red(`No worker starts: ${status.worker_refuses}.`));
  for (const line of status.jobs.flatMap(troubles)) output.line(line);
  output.line();
  for (const sender of status.senders) {
    const cap = sender.cap_today === null ? '' : ` of ${number(sender.cap_today)}`;
    const state = stateOf(sender);
    const rest = state === 'ok' ? '' : colour[sender.stopped_at === null ? 'yellow' : 'red'](`  ${state}`);
    output.line(
      `Sender ${sender.name} (${sender.type}): ${sender.sent_24h === 1 && cap === '' ? '1 try' : `${number(sender.sent_24h)}${cap} tries`} in the last 24 h${warmingUp(sender)}${rest}${sender.warning === null ? '' : colour.yellow(`  ${sender.warning}`)}`,
    );
  }
  for (const { name, since, reason } of status.refusing_providers)
    output.line(`AI provider ${name} ${colour.red(`refuses since ${moment(Date.parse(since))}: ${cell(reason, 120)}`)}`);
  for (const { name, rest_until, reason } of status.resting_providers)
    output.line(`AI provider ${name} ${colour.yellow(`rests until ${moment(Date.parse(rest_until))}: ${cell(reason, 120)}`)}`);
  const limit = status.usage.limit === null ? '' : ` of ${number(status.usage.limit)}`;
  // A mail that may have been accepted takes its place in the limit.
  const counted = status.jobs.some(({ states }) => states.uncertain > 0) ? 'sent or uncertain' : 'sent';
  output.line(`This month (${status.usage.month}): ${number(status.usage.sent)}${limit} ${counted}`);
  const alive = status.workers.filter(({ alive: runs }) => runs);
  output.line(
    alive.length === 0
      ? 'No worker is running.'
      : `${plural(alive.length, 'worker')} running: ${alive.map(({ pid, started_at }) => `pid ${pid} for ${formatDuration(Date.now() - Date.parse(started_at))}`).join(', ')}`,
  );
  if (tellsForeignTimes()) output.line(colour.dim(`Times are those of ${zone}.`));
  output.line(`\nNext: ${nextStep(status, alive.length)}`);
}

/** What a person should know of a job, in words: what was voided, and what keeps it. The pace of a drip or a sender's gap is no news. */
export function troubles(job: Status['jobs'][number]): string[] {
  if (job.status === 'cancelled') return [];
  return [...(job.voided === null ? [] : [voidedWords({ job: job.id, ...job.voided, at: Date.parse(job.voided.at) })]), ...kept(job)];
}

function kept(job: Status['jobs'][number]): string[] {
  if (job.problem !== null) return [`Job ${job.id} is held back: ${job.problem}`];
  if (!job.import_complete) {
    return [
      `Job ${job.id}: its import is not complete, so nothing is sent. The same import command continues it; outreach cancel ${job.id} drops it.`,
    ];
  }
  const { writing } = job;
  const left = abandonedLines(job);
  const budget =
    writing?.budget_reached === true && job.states.pending > 0
      ? [
          `Job ${job.id}: $${writing.spent_usd.toFixed(2)} of ai.budget_usd is spent; nothing more is written. Raise it and start the worker again.`,
        ]
      : [];
  if (job.paused_reason !== null)
    return [...left, ...budget, `Job ${job.id} is paused: ${WHY_PAUSED[job.paused_reason]}. To go on: outreach resume ${job.id}`];
  const news = job.waits_for.filter(({ gate }) => !['drip', 'sender gap', 'paused'].includes(gate));
  return [
    ...left,
    ...budget,
    ...news.map(
      ({ gate, opens_at }) => `Job ${job.id} waits: ${gate}${opens_at === null ? '' : `, until ${moment(Date.parse(opens_at))}`}`,
    ),
  ];
}

/** What nobody works on, though its state says so. */
function abandonedLines({ id, abandoned }: Status['jobs'][number]): string[] {
  const parts = Object.entries(abandoned).flatMap(([state, n]) =>
    n > 0 ? [`${number(n)} ${state}${state === 'uncertain' ? '' : ' again'}`] : [],
  );
  if (parts.length === 0) return [];
  return [`Job ${id}: a worker that is gone still holds mails; the next one takes them over at its start (${parts.join(', ')}).`];
}

const WHY_PAUSED: Record<PauseReason, string> = {
  overdue: 'its start was over a day ago when a worker came to it, so it may be out of date',
  canary: 'more of its first mails came back than canary.max_bounces allows',
  restored: 'its database was restored or copied, and some of its mails may have left already',
};

export function warmingUp({ cap_today, daily_cap }: Status['senders'][number]): string {
  return cap_today === null || cap_today === daily_cap ? '' : `, warming up to ${number(daily_cap ?? 0)}`;
}

/** One line: what keeps it, and until when. */
export function stateOf({ stopped_at, rest_until, reason }: Status['senders'][number]): string {
  if (stopped_at !== null) return `stopped: ${cell(reason ?? '', 100)}`;
  return rest_until === null ? 'ok' : `rests until ${moment(Date.parse(rest_until))}: ${cell(reason ?? '', 100)}`;
}

function nextStep(status: Status, workers: number): string {
  if (status.refuses !== null) return 'outreach reconcile';
  const still = status.senders.find(({ stopped_at }) => stopped_at !== null);
  if (still !== undefined) return `outreach senders resume ${still.name}    (once what stopped it is mended)`;
  const first = (has: (job: Status['jobs'][number]) => boolean) => status.jobs.find((job) => job.status !== 'cancelled' && has(job));
  const held = first((job) => job.paused_reason !== null);
  if (held !== undefined) return `outreach resume ${held.id}    (or outreach cancel ${held.id})`;
  const uncertain = first((job) => job.states.uncertain > 0);
  if (uncertain !== undefined) return `outreach messages --job ${uncertain.id} --state uncertain    (then outreach resolve ID)`;
  const review = first((job) => job.states.review > 0);
  if (review !== undefined) return `outreach messages --job ${review.id} --state review    (then outreach show ID)`;
  if (status.jobs.length === 0) return 'outreach import leads.csv';
  const stopped = first((job) => !job.import_complete);
  if (stopped !== undefined) return `outreach import ${stopped.source}    (continues; or outreach cancel ${stopped.id})`;
  const open = (job: Status['jobs'][number]) => waiting(job.states) > 0;
  if (workers === 0 && first((job) => open(job) && job.status !== 'paused') !== undefined)
    return status.worker_refuses === null ? 'outreach worker' : CONFIG_FIRST;
  const paused = first((job) => open(job) && job.status === 'paused');
  if (paused !== undefined) return `outreach resume ${paused.id}    (or outreach cancel ${paused.id})`;
  return workers > 0 ? 'outreach status --watch' : 'outreach messages    or    outreach import more.csv';
}

/** Where a worker would not start. */
export const CONFIG_FIRST = 'outreach config check    (no worker starts before that is mended)';

function waiting(states: Status['jobs'][number]['states']): number {
  return states.pending + states.drafting + states.ready + states.sending;
}

function needs(job: Status['jobs'][number]): number {
  return job.status === 'cancelled' ? 0 : job.states.review + job.states.uncertain;
}

function modeOf(job: Status['jobs'][number]): string {
  if (job.send_mode === 'drip') return `drip ${job.send_rate}/h`;
  return job.send_mode === 'scheduled' && job.scheduled_for !== null ? `at ${roughly(Date.parse(job.scheduled_for))}` : job.send_mode;
}

export function paint(output: Output, status: string): string {
  const { colour } = output;
  if (['completed', 'accepted'].includes(status)) return colour.green(status);
  if (['failed', 'uncertain'].includes(status)) return colour.red(status);
  return ['paused', 'review', 'suppressed'].includes(status) ? colour.yellow(status) : status;
}
