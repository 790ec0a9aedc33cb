import { OutreachError } from '../domain/errors.ts';
import type { MessageState } from '../domain/message.ts';
import { FORGOTTEN } from '../domain/personKey.ts';
import { usagePeriod } from '../domain/usage.ts';
import { barOf, type Verdict, type VerdictBar, verdictWords } from '../domain/verdict.ts';
import { attemptsOf, stillOpenUntil } from '../store/attempts.ts';
import type { Store } from '../store/database.ts';
import { eventsOf, hasEvent, noteEvent } from '../store/events.ts';
import { jobNow } from '../store/jobs.ts';
import { findMessage, moveByHand } from '../store/messages.ts';
import { prospectById } from '../store/prospects.ts';
import type { AttemptRow, Db, MessageRow, Tx } from '../store/schema.ts';
import { suppressionOf } from '../store/suppressions.ts';
import { releaseUsage, takeUsage } from '../store/usage.ts';

export interface Ruling {
  readonly id: number;
  readonly verdict: Verdict;
  /** What it rests on, where that is not the person alone: `by provider.csv, line 14: delivered`. */
  readonly source?: string;
  /** Where it stood when a person chose it: what was settled meanwhile must not be taken for a verdict to be corrected. */
  readonly seen?: MessageState;
}

/** Who rules, and when. */
export interface Ruler {
  readonly actor: string | null;
  now(): number;
}

/** What became of one ruling. */
export interface Ruled {
  readonly id: number;
  readonly email: string;
  readonly verdict: Verdict;
  /** Where the message stands now. */
  readonly state: MessageState;
  /** Why it was left as it was, to follow the words "message 7"; null when the verdict was recorded. */
  readonly left: string | null;
}

const BATCH = 500;

/** T4 and T5 by hand, and corrections of either. Each message is judged and moved in one commit, by what is known of it then. */
export async function resolveMessages(store: Store, rulings: readonly Ruling[], ruler: Ruler): Promise<Ruled[]> {
  const ruled: Ruled[] = [];
  for (let from = 0; from < rulings.length; from += BATCH) {
    const batch = rulings.slice(from, from + BATCH);
    const done = await store.write(async (tx) => {
      const ends: Ruled[] = [];
      for (const ruling of batch) ends.push(await rule(tx, ruling, ruler));
      return ends;
    });
    ruled.push(...done);
  }
  return ruled;
}

/** The same for one message; refuses with the reason. Returns its new state. */
export function resolveMessage(
  store: Store,
  id: number,
  verdict: Verdict,
  now: number,
  actor: string | null = null,
): Promise<MessageState> {
  return store.write(async (tx) => {
    const left = await leftOf(tx, await existing(tx, id), verdict, now);
    if (left !== undefined) throw refusal(id, left);
    return (await rule(tx, { id, verdict }, { actor, now: () => now })).state;
  });
}

/** Refuses all of them before any is judged, when one would be left as it is or is not there. */
export async function checkRulings(store: Store, ids: readonly number[], verdict: Verdict, now: number): Promise<void> {
  for (const id of ids) {
    const left = await leftOf(store.db, await existing(store.db, id), verdict, now);
    if (left !== undefined) throw refusal(id, ids.length > 1 ? { ...left, words: `${left.words}; nothing was changed` } : left);
  }
}

/** Why a message is left as it is, to follow the words "message 7", and what to do. */
interface Left {
  readonly words: string;
  readonly hint: string;
}

function refusal(id: number, { words, hint }: Left): OutreachError {
  return new OutreachError('refused', `message ${id} ${words}`, { hint });
}

async function existing(db: Db, id: number): Promise<MessageRow> {
  const row = await findMessage(db, id);
  if (row === undefined) throw new OutreachError('not_found', `there is no message ${id}`, { hint: 'outreach messages --state uncertain' });
  return row;
}

async function rule(tx: Tx, { id, verdict, source, seen }: Ruling, { actor, now: clock }: Ruler): Promise<Ruled> {
  const now = clock();
  const row = await existing(tx, id);
  const { email } = await prospectById(tx, row.prospect_id);
  const settled = seen !== undefined && seen !== row.state ? { words: `is ${row.state} now: it was settled meanwhile` } : undefined;
  const left = settled ?? (await leftOf(tx, row, verdict, now));
  if (left !== undefined) return { id, email, verdict, state: row.state, left: left.words };
  const state = await move(tx, row, verdict, now);
  await noteEvent(tx, id, 'resolved', now, verdictWords(verdict, source), actor);
  return { id, email, verdict, state, left: null };
}

const NOT_SENT = 'a person says it was not sent';

/** A corrected verdict takes the message's place in the month's count again, or gives it back. */
async function move(tx: Tx, row: MessageRow, verdict: Verdict, now: number): Promise<MessageState> {
  const { id, state } = row;
  switch (verdict) {
    case 'sent':
      await moveByHand(tx, [id], [state], 'accepted', { now, reason: null });
      // In the month in which it was sent; it has kept its place unless it was said not to be sent.
      await takeUsage(tx, id, usagePeriod((await lastTry(tx, row))?.started_at ?? now), now);
      return 'accepted';
    case 'not_sent':
      await moveByHand(tx, [id], [state], 'failed', { now, reason: NOT_SENT });
      await releaseUsage(tx, id, now);
      return 'failed';
    case 'resend':
      if (state === 'accepted') await moveByHand(tx, [id], ['accepted'], 'failed', { now, reason: NOT_SENT });
      await moveByHand(tx, [id], ['uncertain', 'failed'], 'ready', { now, reason: null, dueAt: now });
      return 'ready';
  }
}

async function lastTry(db: Db, { id, attempt_id }: MessageRow): Promise<AttemptRow | undefined> {
  return (await attemptsOf(db, id)).find((attempt) => attempt.id === attempt_id);
}

/** Undefined when the verdict is taken. */
async function leftOf(db: Db, row: MessageRow, verdict: Verdict, now: number): Promise<Left | undefined> {
  const facts = { ...row, attempts: await attemptsOf(db, row.id), events: await eventsOf(db, row.id) };
  const bar = barOf(facts, verdict);
  if (bar !== undefined) return { words: BARS[bar](row.state), hint: `Its story: outreach show ${row.id}` };
  return verdict === 'resend' ? unsafeResend(db, row, now) : undefined;
}

const BARS: Readonly<Record<VerdictBar, (state: MessageState) => string>> = {
  not_uncertain: (state) => `is ${state}; only uncertain ones are resolved, and verdicts corrected while nothing was sent since`,
  stands_already: (state) => `is ${state} by the same verdict already`,
  accepted_by_server: () => 'is known to be accepted by its server, so nobody can judge otherwise',
  refused_by_server: () => 'was refused by its server after the verdict, so it was not sent',
  came_back: () => 'came back or was complained of, so it was sent',
};

/** T5 only when nothing of the uncertain attempt can still arrive, and the mail is still wanted. */
async function unsafeResend(db: Db, row: MessageRow, now: number): Promise<Left | undefined> {
  const deadline = await stillOpenUntil(db, row);
  if (deadline > now)
    return { words: `may still be accepted until ${new Date(deadline).toISOString()}`, hint: 'Run the same command after that.' };
  const unwanted = await whyUnwanted(db, row);
  return unwanted === undefined ? undefined : { words: `${unwanted}, so it is not sent again`, hint: 'Use --sent or --not-sent.' };
}

async function whyUnwanted(db: Db, row: MessageRow): Promise<string | undefined> {
  if ((await jobNow(db, row.job_id)).cancelled_at !== null) return `is of job ${row.job_id}, which is cancelled`;
  const { email_key } = await prospectById(db, row.prospect_id);
  if (email_key.startsWith(FORGOTTEN)) return 'is of a person who was forgotten';
  const suppressed = await suppressionOf(db, email_key);
  if (suppressed !== undefined) return `goes to a suppressed address (${suppressed})`;
  return (await hasEvent(db, row.id, 'sent already')) ? 'stands on a list of what was sent' : undefined;
}
