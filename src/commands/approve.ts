import { type Command, Option } from 'commander';
import { actorName } from '../app/actor.ts';
import type { App } from '../app/app.ts';
import { OutreachError } from '../domain/errors.ts';
import { hashProblem, isHash, shortHash } from '../domain/reviewHash.ts';
import type { Approval, Shown } from '../pipeline/approveMessages.ts';
import type { Store } from '../store/database.ts';
import type { Selection } from '../store/messages.ts';
import { canAsk } from '../terminal/abilities.ts';
import { number, plural } from '../terminal/output.ts';
import { type Context, command, type SelectionOptions, selectionOf, type Use, withSelection } from './context.ts';
import { voidedAsJson, voidedWords } from './voided.ts';

interface Options extends SelectionOptions {
  readonly list?: string;
  readonly unseen?: boolean;
}

export function approveCommand(use: Use): Command {
  return withSelection(
    command('approve', 'Release mails that wait in review: on a terminal each is shown, elsewhere hashes say what was.', [
      'approve 42 43',
      'approve 42@3f2a9c81d0b4',
      'approve --job 1 --list 5c0de1a7b2f4',
      'approve --job 3 --unseen',
    ]),
    'message ids; ID@HASH says which draft you have read',
  )
    .addOption(new Option('--list <hash>', 'as messages --state review showed them, by the hash of its list').conflicts('unseen'))
    .option('--unseen', 'without having seen them')
    .action(use(approve));
}

async function approve(context: Context, words: string[], options: Options): Promise<number | undefined> {
  const typed = words.map(parted);
  const selection = selectionOf(
    typed.map(({ id }) => id),
    options,
  );
  checkFlags(selection, typed, options);
  const app = await context.app();
  const store = await context.storeToWrite(app);
  try {
    const { refreshCampaigns } = await import('../app/campaigns.ts');
    await refreshCampaigns(app, store);
    const { checkSelection } = await import('../pipeline/checkSelection.ts');
    await checkSelection(store, selection, 'review');
    return report(context, store, selection, await decide(context, app, store, selection, typed, options));
  } catch (error) {
    // What was voided meanwhile may be why a mail is not there any more.
    if (error instanceof OutreachError) await sayVoided(context, store, selection);
    throw error;
  }
}

/** `12@3f2a9c81d0b4` */
interface Typed {
  readonly id: string;
  readonly digits: string | undefined;
}

function parted(word: string): Typed {
  const at = word.indexOf('@');
  return at === -1 ? { id: word, digits: undefined } : { id: word.slice(0, at), digits: word.slice(at + 1) };
}

function checkFlags({ ids }: Selection, typed: readonly Typed[], { list, unseen }: Options): void {
  if (ids !== undefined && (list !== undefined || unseen === true)) {
    throw new OutreachError('usage', `${list === undefined ? '--unseen' : '--list'} goes with --job ID or --all`, {
      hint: 'Of single mails say which draft you have read: outreach approve ID@HASH',
    });
  }
  const of = (what: string, digits: string | undefined, kind: 'mail' | 'list') => {
    const problem = digits === undefined ? undefined : hashProblem(digits, kind);
    if (problem !== undefined) throw new OutreachError('usage', `${what} ${problem}`, { hint: HASH_FROM[kind] });
  };
  for (const { id, digits } of typed) of(`${id}@${digits}`, digits, 'mail');
  of(`--list ${list}`, list, 'list');
}

const HASH_FROM = {
  mail: 'It is what outreach show ID prints.',
  list: 'It stands below the list of outreach messages --state review.',
};

interface Decided extends Omit<Approval, 'voided'> {
  /** A person was asked, and left these in review. */
  readonly left: readonly number[];
  /** They broke off before the last one. */
  readonly interrupted: boolean;
  /** Mails in review beyond those that the list showed. */
  readonly beyond: number;
}

async function decide(
  context: Context,
  app: App,
  store: Store,
  selection: Selection,
  typed: readonly Typed[],
  { list, unseen }: Options,
): Promise<Decided> {
  const { approveMessages } = await import('../pipeline/approveMessages.ts');
  const { reviewList } = await import('../pipeline/reviewList.ts');
  const actor = actorName();
  const approval = async (shown: Shown | undefined, beyond = 0): Promise<Decided> => ({
    ...(await approveMessages(store, selection, Date.now, { actor, ...(shown === undefined ? {} : { shown }) })),
    left: [],
    interrupted: false,
    beyond,
  });
  const ask = async (ids: readonly number[]): Promise<Decided> => {
    const { askApproval } = await import('./askApproval.ts');
    return { ...(await askApproval(context.output, app, store, ids, actor)), beyond: 0 };
  };
  if (selection.ids !== undefined) {
    const shown = await namedDrafts(store, typed);
    if (typed.every(({ digits }) => digits !== undefined)) return approval(shown);
    if (!asks(context)) throw bareIds(typed);
    const asked = await ask(selection.ids.filter((id) => !shown.has(id)));
    return shown.size === 0 || asked.interrupted ? asked : joined(asked, await approval(shown));
  }
  if (unseen === true) return approval(undefined);
  const { length, hash, shown } = await reviewList(store, selection, list);
  if (list !== undefined) {
    if (shown === undefined) throw listChanged(selection, list, length);
    return approval(shown, length - shown.size);
  }
  if (length === 0) return { ...NOTHING, beyond: 0 };
  if (!asks(context)) throw unlisted(selection, length, hash);
  const { idsInState } = await import('../store/messages.ts');
  return ask(await idsInState(store.db, ['review'], selection, 0, length));
}

const NOTHING = { approved: 0, without_draft: 0, changed: 0, left: [], interrupted: false };

function joined(one: Decided, other: Decided): Decided {
  return {
    ...one,
    approved: one.approved + other.approved,
    without_draft: one.without_draft + other.without_draft,
    changed: one.changed + other.changed,
  };
}

/** Both ends must be a person's: what is shown to a file nobody has read. */
function asks({ env, output }: Context): boolean {
  return output.terminal && !output.json && canAsk(env, process.stdin);
}

/** The drafts that were named by their hashes; refuses all when one of them is not the draft of now. */
async function namedDrafts(store: Store, typed: readonly Typed[]): Promise<Map<number, string>> {
  const { findMessage } = await import('../store/messages.ts');
  const shown = new Map<number, string>();
  const changed: number[] = [];
  for (const { id, digits } of typed) {
    if (digits === undefined) continue;
    const row = await findMessage(store.db, Number(id));
    const hash = row?.frozen_sha256 ?? null;
    if (isHash(hash, digits)) shown.set(Number(id), hash);
    else changed.push(Number(id));
  }
  const [first, ...others] = changed;
  if (first === undefined) return shown;
  const what =
    others.length === 0
      ? `message ${first} is not the draft of that hash`
      : `messages ${changed.join(', ')} are not the drafts of those hashes`;
  throw new OutreachError('refused', `${what}, or not any more; nothing was approved`, { hint: `Look again: outreach show ${first}` });
}

function bareIds(typed: readonly Typed[]): OutreachError {
  const first = typed.find(({ digits }) => digits === undefined)?.id ?? 'ID';
  return new OutreachError('usage', `message ${first}: say which draft you have read, for there is no terminal to show it on`, {
    hint: `Read it: outreach show ${first}\nThen, with the hash that it prints: outreach approve ${first}@HASH`,
  });
}

function unlisted(selection: Selection, length: number, hash: string): OutreachError {
  const which = flagOf(selection);
  const those = length === 1 ? '1 mail waits' : `${number(length)} mails wait`;
  return new OutreachError(
    'usage',
    `${those} in review; say what you have seen, for there is no terminal to show ${length === 1 ? 'it' : 'them'} on`,
    {
      hint: `Read: outreach messages --state review${listFlag(selection)} --limit ${length}    (and outreach show ID)
Then: outreach approve ${which} --list ${shortHash(hash)}
Or, without having seen them: outreach approve ${which} --unseen`,
    },
  );
}

function listChanged(selection: Selection, digits: string, length: number): OutreachError {
  const now = length === 0 ? 'nothing waits now' : `${plural(length, 'mail')} ${length === 1 ? 'waits' : 'wait'} now`;
  return new OutreachError('refused', `what waits in review is not the list ${digits} any more: ${now}; nothing was approved`, {
    hint: `Look again: outreach messages --state review${listFlag(selection)}`,
  });
}

function flagOf({ jobId }: Selection): string {
  return jobId === undefined ? '--all' : `--job ${jobId}`;
}

function listFlag({ jobId }: Selection): string {
  return jobId === undefined ? '' : ` --job ${jobId}`;
}

async function sayVoided({ output }: Context, store: Store, selection: Selection): Promise<void> {
  const { voidedDrafts } = await import('../store/review.ts');
  for (const voided of await voidedDrafts(store.db, selection)) output.talk(voidedWords(voided));
}

async function report({ output }: Context, store: Store, selection: Selection, decided: Decided): Promise<number> {
  const { tellVoided } = await import('../pipeline/tellVoided.ts');
  const { approved, without_draft, changed, left, interrupted, beyond } = decided;
  const voided = await tellVoided(store, selection);
  output.object({ approved, without_draft, changed, ...voidedAsJson(voided) });
  output.line(`${plural(approved, 'mail')} approved.`);
  if (left.length > 0)
    output.line(
      `${plural(left.length, 'mail')} left in review. To drop what is not wanted: outreach reject ${left.length > MOST_NAMED ? 'ID' : left.join(' ')}`,
    );
  if (without_draft > 0)
    output.line(
      `${plural(without_draft, 'mail')} left in review: there is no draft to send. Mend the lead and import it again with --update, or reject it.`,
    );
  if (changed > 0) output.line(`${plural(changed, 'mail')} left in review: written anew since they were shown.`);
  if (beyond > 0) output.line(`${plural(beyond, 'mail')} more in review, which the list did not show.`);
  for (const one of voided) output.line(voidedWords(one));
  const toSend = approved + voided.length > 0;
  output.line(`\nNext: ${toSend ? 'outreach worker' : 'outreach messages --state review'}`);
  if (interrupted) return 130;
  return changed > 0 || (selection.ids !== undefined && approved === 0 && left.length === 0) ? 1 : 0;
}

/** More ids than that are no command that anybody would type. */
const MOST_NAMED = 8;
