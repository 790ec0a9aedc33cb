import { type Command, Option } from 'commander';
import { formatUsd, NANO_PER_USD } from '../domain/aiCost.ts';
import { OutreachError } from '../domain/errors.ts';
import { number, plural } from '../terminal/output.ts';
import type { DraftChoice } from '../worker/draftStage.ts';
import type { WorkerEnd } from '../worker/end.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';
import { unreturnedLine } from './worker.ts';

interface Options {
  readonly campaign?: string;
  readonly job?: number;
  readonly lead?: string;
  readonly limit?: number;
  readonly again?: boolean;
}

export function generateCommand(use: Use): Command {
  return command('generate', 'Write the waiting mails now, in the foreground; nothing is sent.', [
    'generate --campaign hello --limit 5',
    'generate --lead grace@harbour.example --again',
  ])
    .optionsGroup('What to write (default: everything that waits):')
    .addOption(new Option('--campaign <name>', 'the leads of this campaign'))
    .addOption(new Option('--job <id>', 'the leads of this job').argParser(wholeNumber('a job id')).conflicts('campaign'))
    .addOption(new Option('--lead <email>', 'this lead'))
    .addOption(new Option('--limit <n>', 'no more than this many').argParser(wholeNumber('a number above 0')))
    .option('--again', 'with --lead: drop what was written for it, and write (and pay) anew')
    .action(use(generate));
}

async function generate(context: Context, options: Options): Promise<number> {
  const { output, env } = context;
  if (options.again === true && options.lead === undefined) throw new OutreachError('usage', '--again goes with --lead');
  const app = await context.app();
  const { chooseDrafts, dropDrafts, spentOn } = await import('../app/drafting.ts');
  const { workerParts } = await import('../app/parts.ts');
  const { openLog } = await import('../terminal/log.ts');
  const { progressBar } = await import('../terminal/progressBar.ts');
  const { Worker } = await import('../worker/worker.ts');
  const store = await context.storeToWrite(app);
  const { choice, waiting: pending } = await chooseDrafts(store, options);
  const waiting = options.again === true ? await dropDrafts(store, options.lead ?? '', choice) : pending;
  const before = await spentOn(store, choice);
  // A bar and a log do not share one terminal.
  const log = await openLog(output.stderrIsTerminal ? 'silent' : 'warn', output.stderr, false);
  const worker = new Worker(await workerParts(app, store, log, env, { only: 'generate', concurrency: 4 }), {
    mode: { kind: 'until_done' },
    only: 'generate',
    concurrency: 4,
    choice,
  });
  const total = Math.min(waiting, options.limit ?? waiting);
  const bar = progressBar(output.stderr, total);
  const ticking = setInterval(() => {
    const { generated, held } = worker.tally;
    bar.update(generated + held, `${number(generated + held)} of ${number(total)} written`);
  }, 100);
  let signals = 0;
  const onSignal = () => (++signals > 1 ? process.exit(130) : worker.stop());
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  let end: WorkerEnd;
  try {
    end = await worker.run();
  } finally {
    clearInterval(ticking);
    bar.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
  const cost = (await spentOn(store, choice)) - before;
  report(context, choice, end, { cost, waiting: (await chooseDrafts(store, options)).waiting });
  return signals > 0 && end.unreturned === undefined ? 130 : exitCode(end);
}

function exitCode(end: WorkerEnd): number {
  if (end.unreturned !== undefined) return 1;
  if (end.held.length > 0) return 2;
  if (end.stuck.some(({ why }) => why === 'final')) return 1;
  return end.stuck.length > 0 ? 4 : 0;
}

function report({ output }: Context, choice: DraftChoice, end: WorkerEnd, { cost, waiting }: { cost: number; waiting: number }): void {
  const { generated, held } = end.tally;
  output.object({ generated, held, waiting, cost_usd: cost / NANO_PER_USD });
  if (generated + held + waiting === 0 && end.held.length === 0) {
    output.line('Nothing waits to be written.\n\nNext: outreach status');
    return;
  }
  if (end.unreturned !== undefined) output.line(unreturnedLine(end.unreturned));
  const parts = [`${number(generated)} written`];
  if (held > 0) parts.push(`${number(held)} held for review: they could not be written to`);
  if (waiting > 0) parts.push(`${number(waiting)} waiting`);
  output.line(`${parts.join(', ')}${cost > 0 ? `; cost ${formatUsd(cost)}` : ''}`);
  for (const { job, reason } of end.held) output.line(`Job ${job} is held back: ${reason}`);
  for (const { job, reason } of end.stuck) output.line(`Job ${job} waits for its texts: ${reason}`);
  if (end.needPerson > 0) output.line(`${plural(end.needPerson, 'mail')} ${end.needPerson === 1 ? 'needs' : 'need'} you.`);
  const job = choice.jobIds?.length === 1 ? ` --job ${choice.jobIds[0]}` : '';
  output.line(`\nNext: ${end.needPerson > 0 ? `outreach messages${job} --state review    (then outreach show ID)` : 'outreach worker'}`);
}
