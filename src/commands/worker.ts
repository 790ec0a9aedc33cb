import { type Command, Option } from 'commander';
import { formatDuration, HOUR, parseDuration } from '../domain/duration.ts';
import { OutreachError } from '../domain/errors.ts';
import { iso, moment, number, type Output, plural } from '../terminal/output.ts';
import { Signals } from '../terminal/signals.ts';
import type { WorkerEnd } from '../worker/end.ts';
import type { Unreturned } from '../worker/leave.ts';
import type { WorkerMode } from '../worker/worker.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';

interface Options {
  readonly drain?: boolean;
  readonly for?: number;
  readonly untilDone?: boolean;
  readonly only?: 'generate' | 'send';
  readonly concurrency: number;
}

export function workerCommand(use: Use): Command {
  return command('worker', 'Write and send what is due, until told to stop.', [
    'worker',
    'worker --drain    # from cron: what is due now, then exit',
    'worker --until-done --only generate',
  ])
    .optionsGroup('When to end (default: on SIGTERM or Ctrl-C):')
    .addOption(new Option('--drain', 'after what is due at the start').conflicts(['for', 'untilDone']))
    .addOption(new Option('--for <time>', 'after this long: 55m, 2h').argParser(duration).conflicts(['untilDone']))
    .option('--until-done', 'when nothing is left to write or send')
    .optionsGroup('What to do:')
    .addOption(new Option('--only <stage>', 'one stage alone').choices(['generate', 'send']))
    .addOption(
      new Option('--concurrency <n>', 'mails on the wire at a time (calls to a model: ai.concurrency)')
        .argParser(wholeNumber('a number above 0'))
        .default(4),
    )
    .action(use(runWorker));
}

async function runWorker(context: Context, options: Options): Promise<number> {
  const { output, env } = context;
  const signals = new Signals();
  const app = await context.app();
  const { openLog, LOG_LEVELS } = await import('../terminal/log.ts');
  const { workerParts } = await import('../app/parts.ts');
  const { partsAgain } = await import('../app/reload.ts');
  const { Relay } = await import('../worker/relay.ts');
  const level = LOG_LEVELS.find((known) => known === env.OUTREACH_LOG) ?? 'info';
  const log = await openLog(level, output.stderr, output.talkColour.level > 0);
  const store = await app.openStore();
  store.whenWaiting({
    waits: (sentence) => log.warn({}, `waiting: ${sentence}`),
    over: (ms) => log.info({ waited_s: Math.round(ms / 1_000) }, 'the database works again'),
  });
  const first = await workerParts(app, store, log, env, options);
  const again = () => partsAgain(app, first, log, env, options);
  const relay = new Relay(again, { mode: modeOf(options), only: options.only, concurrency: options.concurrency }, log);
  try {
    signals.listen({
      stop() {
        log.info({}, 'stopping: finishing the mails on the wire, again to leave at once');
        relay.stop();
      },
      reload: () => relay.reload(),
    });
    const end = await relay.run(first);
    report(context, options, end);
    return exitCode(options, end, signals.stopped);
  } finally {
    signals.forget();
  }
}

/** 3 and 4 only where the worker ended by itself, so that cron can tell "done" from "a person is needed". */
function exitCode(options: Options, end: WorkerEnd, signalled: boolean): number {
  const bounded = options.drain === true || options.for !== undefined || options.untilDone === true;
  if (end.unreturned !== undefined) return 1;
  if (!bounded || signalled) return 0;
  if (end.held.length > 0) return 2;
  if (end.needPerson > 0) return 3;
  if (options.untilDone !== true) return 0;
  if (end.stopped.length > 0 || end.stuck.some(({ why }) => why === 'final')) return 1;
  return end.quotaOnly || end.stuck.length > 0 ? 4 : 0;
}

function report({ output }: Context, options: Options, end: WorkerEnd): void {
  const { generated, accepted, failed, uncertain, deferred } = end.tally;
  output.object({
    generated,
    accepted,
    failed,
    uncertain,
    deferred,
    waiting: end.waiting,
    next_due_at: end.waiting === 0 ? null : iso(end.nextDueAt),
    drips: dripsOf(options, end),
    unreturned: end.unreturned === undefined ? 0 : end.unreturned.mails,
  });
  const parts = [
    [generated, 'written'],
    [accepted, 'accepted'],
    [failed, 'failed'],
    [uncertain, 'uncertain'],
    [deferred, 'put off'],
    [end.waiting, 'waiting'],
  ] as const;
  output.line(
    parts
      .filter(([count, name]) => count > 0 || name === 'accepted')
      .map(([count, name]) => `${number(count)} ${name}`)
      .join(', '),
  );
  if (options.drain === true) drainReport(output, options, end);
  if (end.unreturned !== undefined) output.line(unreturnedLine(end.unreturned));
  for (const { job, reason } of end.held) output.line(`Job ${job} is held back: ${reason}`);
  for (const job of end.paused) output.line(`Job ${job} is paused: outreach resume ${job}`);
  for (const job of end.importing) output.line(`Job ${job} waits for its import: the same import command completes it.`);
  for (const { job, reason } of end.stuck) output.line(`Job ${job} waits for its texts: ${reason}`);
  for (const job of end.stopped) output.line(`Job ${job} waits for its sender, which was stopped: outreach senders`);
  if (end.quotaOnly) output.line('The monthly limit is reached (limits.emails_per_month); the rest goes out in the next period.');
  if (end.needPerson > 0) output.line(`${plural(end.needPerson, 'mail')} ${end.needPerson === 1 ? 'needs' : 'need'} you: outreach status`);
}

/** What a worker says that had to end with mails in its hands. */
export function unreturnedLine({ mails, trouble }: Unreturned): string {
  const what = mails === null ? 'Mails that it held' : plural(mails, 'mail');
  return `${what} could not be given back: ${trouble}. The next worker takes over what is still held, at its start.`;
}

/** Two drains closer than this were started by hand and say nothing of cron, in ms. */
const SHORTEST_INTERVAL = 30_000;

interface DripReport {
  readonly job: number;
  /** Mails an hour, as planned. */
  readonly rate: number;
  /** Mails an hour that this cron interval gives; null where it says nothing. */
  readonly real_rate: number | null;
}

/** What cron really gives: a drain sends at most one mail of each drip. */
function dripsOf({ drain }: Options, { drips, sinceLastStart }: WorkerEnd): DripReport[] {
  const known = drain === true && sinceLastStart !== null && sinceLastStart >= SHORTEST_INTERVAL;
  return drips.map(({ job, rate }) => ({ job, rate, real_rate: known ? Math.min(rate, HOUR / sinceLastStart) : null }));
}

function drainReport(output: Output, options: Options, end: WorkerEnd): void {
  if (end.nextDueAt !== null && end.waiting > 0) output.line(`Next mail due: ${moment(end.nextDueAt)}`);
  for (const { job, rate, real_rate } of dripsOf(options, end)) {
    if (real_rate === null || end.sinceLastStart === null) continue;
    output.line(
      `Job ${job}: a drain every ${formatDuration(end.sinceLastStart)} gives ${real_rate.toFixed(1)} of the ${rate} mails an hour planned`,
    );
  }
}

function modeOf(options: Options): WorkerMode {
  if (options.drain === true) return { kind: 'drain' };
  if (options.for !== undefined) return { kind: 'for', until: Date.now() + options.for };
  return options.untilDone === true ? { kind: 'until_done' } : { kind: 'forever' };
}

function duration(value: string): number {
  const ms = parseDuration(value);
  if (ms !== undefined && ms > 0) return ms;
  throw new OutreachError('usage', `--for ${value}: write 55m or 2h`);
}
