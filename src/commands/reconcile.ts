import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { describeFinding, type Finding } from '../domain/guard.ts';
import type { StateCounts } from '../domain/message.ts';
import type { Held, MarkedSent } from '../pipeline/reconcile.ts';
import type { JobProgress } from '../store/progress.ts';
import { cell, number, plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

interface Options {
  readonly yes?: boolean;
  readonly moved?: boolean;
  readonly sent?: string;
}

export function reconcileCommand(use: Use): Command {
  return command('reconcile', 'After a restored or copied database: see what may have been sent already, and let it send again.', [
    'reconcile                   # what was found; changes nothing',
    'reconcile --sent sent.csv   # people who have their mail already',
    'reconcile --yes             # take it over; its jobs are paused',
    'reconcile --moved           # it moved here; the old place is shut',
  ])
    .option('--yes', 'take this database over, and pause its unfinished jobs')
    .addOption(new Option('--moved', 'take it over as it is: the old place sends no more').conflicts(['yes', 'sent']))
    .option('--sent <file>', 'never mail these people what waits for them: one address a line, or a CSV')
    .action(use(reconcile));
}

async function reconcile(context: Context, options: Options): Promise<undefined> {
  const app = await context.app();
  const { output } = context;
  const { readGuard, moveHere, holdHere, markPeople } = await import('../app/reconcile.ts');
  const { store, guard, finding } = await readGuard(app, context.env);
  if (options.moved === true) {
    await moveHere(store, guard, finding);
    output.object({ found: finding?.kind ?? null, moved: true });
    output.line('This database sends from here now; where it came from must send no more.\n\nNext: outreach worker');
    return;
  }
  const marked =
    options.sent === undefined ? undefined : await markPeople(store, resolve(context.cwd, options.sent), basename(options.sent));
  const held = options.yes === true && finding !== undefined ? await holdHere(store, guard, finding) : undefined;
  const { jobsProgress } = await import('../store/progress.ts');
  const jobs = (await jobsProgress(store.db)).filter(({ status, counts }) => status !== 'cancelled' && unfinished(counts) > 0);
  output.object({
    found: finding?.kind ?? null,
    taken_over: held !== undefined,
    marked_sent: marked?.messages ?? 0,
    unknown_people: marked?.unknown.length ?? 0,
    now_uncertain: held?.uncertain ?? 0,
    jobs: jobs.map(({ job, status, counts }) => ({
      id: job.id,
      campaign: job.campaign,
      status,
      waiting: waiting(counts),
      uncertain: counts.uncertain,
    })),
  });
  if (!output.json) print(context, options, { path: store.path, finding, marked, held, jobs });
}

interface Outcome {
  readonly path: string;
  readonly finding: Finding | undefined;
  readonly marked: MarkedSent | undefined;
  readonly held: Held | undefined;
  readonly jobs: readonly JobProgress[];
}

function print(context: Context, { sent }: Options, { path, finding, marked, held, jobs }: Outcome): void {
  const { output } = context;
  if (marked !== undefined) tellMarked(context, sent ?? '', marked);
  if (finding === undefined) {
    output.line('This database is the one that was last sent with from here; nothing stands in its way.\n\nNext: outreach status');
    return;
  }
  output.line(`${path} ${describeFinding(finding)}.`);
  table(context, jobs);
  if (held === undefined) explain(context, finding, marked !== undefined);
  else tellHeld(context, held, jobs[0]);
}

function tellMarked({ output }: Context, file: string, { messages, busy, unknown }: MarkedSent): void {
  output.line(`${plural(messages, 'mail')} to the people in ${file} will not be sent.`);
  if (busy > 0) output.line(`${plural(busy, 'mail')} more in a worker's hands: run the same command again when it has stopped.`);
  if (unknown.length === 0) return;
  const some = unknown
    .slice(0, 3)
    .map((who) => cell(who))
    .join(', ');
  output.line(
    `${number(unknown.length)} of the addresses ${unknown.length === 1 ? 'is no lead' : 'are no leads'} here (${some}${unknown.length > 3 ? ', …' : ''}): leave them out if you import their file again.`,
  );
}

function tellHeld({ output }: Context, held: Held, first: JobProgress | undefined): void {
  if (held.uncertain > 0)
    output.line(`${plural(held.uncertain, 'mail')} on the way back then, uncertain now: outreach messages --state uncertain`);
  if (first === undefined) {
    output.line('It sends again from now on.\n\nNext: outreach worker');
    return;
  }
  const { id } = first.job;
  output.line(`${plural(held.jobs.length, 'job')} paused: what waits there may have been sent already. New imports go out as ever.`);
  output.line(
    `Compare with your Sent folder or your provider’s log; outreach reconcile --sent FILE takes out who has it.\n\nNext: outreach messages --job ${id}, then outreach resume ${id} or outreach cancel ${id}`,
  );
}

function table({ output }: Context, jobs: readonly JobProgress[]): void {
  if (jobs.length === 0) {
    output.line('No job has anything left to send.');
    return;
  }
  output.line('What may have been sent since, for all that this database knows:');
  output.table(
    ['JOB', 'CAMPAIGN', 'STATUS', 'ACCEPTED', 'WAITING', 'UNCERTAIN'],
    jobs.map(({ job, status, counts }) => [
      String(job.id),
      cell(job.campaign),
      status,
      number(counts.accepted),
      number(waiting(counts)),
      number(counts.uncertain),
    ]),
    [3, 4, 5],
  );
}

function explain({ output }: Context, finding: Finding, listed: boolean): void {
  output.line('\nNothing was sent, and nothing is sent until you choose:');
  if (!listed)
    output.line('  outreach reconcile --sent FILE   takes out the people who have their mail, from your provider’s log or Sent folder');
  output.line(
    '  outreach reconcile --yes         takes this database over; its unfinished jobs are paused until you resume them one by one',
  );
  if (finding.kind === 'other_machine' || finding.kind === 'copy')
    output.line('  outreach reconcile --moved       takes it over as it is, if the old place sent nothing since and never will again');
  if (finding.kind === 'behind' || finding.kind === 'replaced') output.line('  Or put the newer database back, if you still have it.');
  output.line(`\nNext: ${listed ? 'outreach reconcile --yes' : 'outreach reconcile --sent FILE, then outreach reconcile --yes'}`);
}

function waiting(counts: StateCounts): number {
  return counts.pending + counts.drafting + counts.review + counts.ready + counts.sending;
}

function unfinished(counts: StateCounts): number {
  return waiting(counts) + counts.uncertain;
}
