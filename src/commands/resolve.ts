import { type Command, Option } from 'commander';
import { OutreachError } from '../domain/errors.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Ruled, Ruler } from '../pipeline/resolveMessage.ts';
import type { Store } from '../store/database.ts';
import { cell, plural } from '../terminal/output.ts';
import { askFirst } from './askFirst.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';

export interface ResolveOptions {
  readonly sent?: boolean;
  readonly notSent?: boolean;
  readonly resend?: boolean;
  readonly job?: number;
  readonly from?: string;
  readonly yes?: boolean;
}

export function resolveCommand(use: Use): Command {
  return command('resolve', 'Say what became of uncertain mails, or correct what you said.', [
    'resolve 42 43 --sent',
    'resolve 42 --resend',
    'resolve --job 3 --not-sent',
    'resolve --from provider-log.csv',
  ])
    .argument('[ids...]', 'message ids')
    .optionsGroup('What became of them:')
    .addOption(new Option('--sent', 'it arrived: count it as accepted').conflicts(['notSent', 'resend']))
    .addOption(new Option('--not-sent', 'it did not arrive: count it as failed, and as not used').conflicts(['resend']))
    .addOption(new Option('--resend', 'send it again, knowing that it may arrive twice').conflicts('from'))
    .optionsGroup('Which:')
    .addOption(new Option('--job <id>', 'every uncertain one of this job').argParser(wholeNumber('a job id')).conflicts('from'))
    .option('--from <file>', "those that a provider's CSV or a mail server's log tells of, - for standard input; what it says decides")
    .optionsGroup('Options:')
    .option('--yes', 'do not ask first; needed with --from, and for --job with --resend, where there is no terminal')
    .action(use(resolve));
}

async function resolve(context: Context, ids: string[], options: ResolveOptions): Promise<number | undefined> {
  const ways = [ids.length > 0, options.job !== undefined, options.from !== undefined].filter(Boolean).length;
  if (ways !== 1)
    throw new OutreachError('usage', `say which mails${ways > 1 ? ' in one way only' : ''}: ids, --job ID or --from FILE`, {
      hint: 'See them with: outreach messages --state uncertain',
    });
  const verdict: Verdict | undefined = options.sent ? 'sent' : options.notSent ? 'not_sent' : options.resend ? 'resend' : undefined;
  if (options.from !== undefined) {
    const { resolveFrom } = await import('./resolveFrom.ts');
    return resolveFrom(context, options.from, verdict === 'resend' ? undefined : verdict, options.yes === true);
  }
  if (verdict === undefined)
    throw new OutreachError('usage', 'say what became of it: --sent, --not-sent or --resend', {
      hint: `See its story first: outreach show ${ids[0] ?? 'ID'}`,
    });
  const store = await context.storeToWrite();
  const { actorName } = await import('../app/actor.ts');
  const ruler = { actor: actorName(), now: Date.now };
  const numbers = ids.map(wholeNumber('a message id'));
  if (options.job !== undefined) return resolveJob(context, store, { job: options.job, verdict, yes: options.yes === true }, ruler);
  return numbers.length === 1
    ? resolveOne(context, store, numbers[0] ?? 0, verdict, ruler)
    : resolveSeveral(context, store, numbers, verdict, ruler);
}

async function resolveOne({ output }: Context, store: Store, id: number, verdict: Verdict, { actor, now }: Ruler): Promise<undefined> {
  const { resolveMessage } = await import('../pipeline/resolveMessage.ts');
  const state = await resolveMessage(store, id, verdict, now(), actor);
  output.object({ id, state });
  output.line(`Message ${id} is ${state} now.\n\nNext: ${nextAfter(verdict, 1)}`);
}

async function resolveSeveral(context: Context, store: Store, ids: readonly number[], verdict: Verdict, ruler: Ruler): Promise<number> {
  const { checkRulings, resolveMessages } = await import('../pipeline/resolveMessage.ts');
  const chosen = [...new Set(ids)];
  await checkRulings(store, chosen, verdict, ruler.now());
  const ruled = await resolveMessages(
    store,
    chosen.map((id) => ({ id, verdict })),
    ruler,
  );
  tell(context, ruled, verdict);
  return ruled.some(({ left }) => left === null) ? 0 : 1;
}

interface OfJob {
  readonly job: number;
  readonly verdict: Verdict;
  readonly yes: boolean;
}

/** What is uncertain when the command begins; those for which the verdict is not safe are left and named. */
async function resolveJob(context: Context, store: Store, { job, verdict, yes }: OfJob, ruler: Ruler): Promise<number | undefined> {
  const { requireJob } = await import('../pipeline/steerJob.ts');
  const { idsInState } = await import('../store/messages.ts');
  const { resolveMessages } = await import('../pipeline/resolveMessage.ts');
  await requireJob(store, job);
  const ids = await idsInState(store.db, ['uncertain'], { jobId: job }, 0, Number.MAX_SAFE_INTEGER);
  if (ids.length === 0) {
    context.output.line(`Job ${job} has no uncertain mails.\n\nNext: outreach status`);
    return;
  }
  const question = `Send ${plural(ids.length, 'uncertain mail')} of job ${job} again? Whoever has theirs already gets it twice.`;
  if (verdict === 'resend' && !yes && !(await askFirst(context, question, `outreach resolve --job ${job} --resend --yes`))) {
    context.output.talk('Nothing is changed.');
    return;
  }
  tell(
    context,
    await resolveMessages(
      store,
      ids.map((id) => ({ id, verdict, seen: 'uncertain' as const })),
      ruler,
    ),
    verdict,
  );
}

/** One line a message, and how many of each end. */
function tell({ output }: Context, ruled: readonly Ruled[], verdict: Verdict): void {
  for (const { id, state, left } of ruled) output.object({ id, state, left });
  const done = ruled.filter(({ left }) => left === null);
  const left = ruled.flatMap(({ id, email, left: why }) => (why === null ? [] : [{ id, email, why }]));
  if (done.length > 0)
    output.table(
      ['ID', 'TO', 'NOW'],
      done.map(({ id, email, state }) => [String(id), cell(email, 40), state]),
      [0],
    );
  for (const { id, email, why } of left) output.line(`Left: message ${id} to ${cell(email, 60)} ${cell(why, 200)}.`);
  output.line(`\n${plural(done.length, 'mail')} resolved${left.length === 0 ? '' : `, ${left.length} left as they were`}.`);
  output.line(`\nNext: ${nextAfter(verdict, done.length)}`);
}

function nextAfter(verdict: Verdict, done: number): string {
  if (done === 0) return 'outreach messages --state uncertain';
  return verdict === 'resend' ? 'outreach worker' : 'outreach status';
}
