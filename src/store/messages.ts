import { type Expression, type SqlBool, sql } from 'kysely';
import type { MessageState } from '../domain/message.ts';
import type { Db, MessageRow, Tx } from './schema.ts';
import { type Blanks, changed, statement } from './statement.ts';

/**
 * Every move of a message, each one compare-and-set: it names the state it leaves and, where a
 * worker acts, the worker and token that must still hold it. A move that finds the row changed
 * does nothing and says so.
 */

/** A worker's hold on one message. */
export interface Hold {
  readonly id: number;
  readonly worker: string;
  readonly token: number;
}

export interface Claimed {
  readonly id: number;
  readonly token: number;
  readonly campaign_id: number;
  readonly prospect_id: number;
}

/** pending → drafting; among `ids` if they are given. */
export function claimForDrafting(
  tx: Tx,
  claim: {
    readonly jobId: number;
    readonly worker: string;
    readonly deadlineAt: number;
    readonly now: number;
    readonly limit: number;
    readonly ids: readonly number[] | undefined;
  },
): Promise<Claimed[]> {
  return tx
    .updateTable('messages')
    .set({
      state: 'drafting',
      worker_id: claim.worker,
      token: sql<number>`token + 1`,
      deadline_at: claim.deadlineAt,
      state_at: claim.now,
      reason: null,
    })
    .where('id', 'in', (query) =>
      query
        .selectFrom('messages')
        .select('id')
        .where('job_id', '=', claim.jobId)
        .where('state', '=', 'pending')
        .$if(claim.ids !== undefined, (chosen) => chosen.where('id', 'in', claim.ids ?? []))
        .orderBy('id')
        .limit(claim.limit),
    )
    .where('state', '=', 'pending')
    .returning(['id', 'token', 'campaign_id', 'prospect_id'])
    .execute();
}

/** drafting → review or ready, with the content the draft was made from. */
export async function finishDraft(tx: Tx, hold: Hold, end: DraftEnd): Promise<boolean> {
  return changed(await updateToDrafted(tx, { ...hold, ...end }));
}

interface DraftEnd {
  readonly state: 'review' | 'ready';
  readonly contentHash: string | null;
  readonly frozen: string | null;
  readonly reason: string | null;
  readonly now: number;
}

const updateToDrafted = statement((db, value: Blanks<Hold & DraftEnd>) =>
  db
    .updateTable('messages')
    .set({
      ...RELEASED,
      state: value('state'),
      state_at: value('now'),
      content_hash: value('contentHash'),
      frozen_sha256: value('frozen'),
      reason: value('reason'),
    })
    .where('id', '=', value('id'))
    .where('state', '=', sql.lit('drafting' as const))
    .where('worker_id', '=', value('worker'))
    .where('token', '=', value('token')),
);

/** drafting → pending: nothing of the draft is kept. */
export function abandonDraft(tx: Tx, hold: Hold, now: number): Promise<boolean> {
  return moved(tx, heldRow(hold), 'pending', now, UNDRAFTED);
}

/** drafting → suppressed, in the claim's own transaction: no other reader ever sees it held. */
export async function withdrawClaim(tx: Tx, hold: Hold, reason: string, now: number): Promise<void> {
  await moved(tx, heldRow(hold), 'suppressed', now, { ...RELEASED, reason });
}

/** Moves by a person or a changed campaign; each takes only rows that stand in `from`. Returns the ids that moved. */
export async function moveByHand(
  tx: Tx,
  ids: readonly number[],
  from: readonly MessageState[],
  to: MessageState,
  change: { now: number; reason: string | null; dueAt?: number; tries?: number },
): Promise<number[]> {
  const rows = await tx
    .updateTable('messages')
    .set({
      state: to,
      state_at: change.now,
      reason: change.reason,
      ...(to === 'pending' ? UNDRAFTED : RELEASED),
      armed: 0,
      ...(change.dueAt === undefined ? {} : { due_at: change.dueAt }),
      ...(change.tries === undefined ? {} : { tries: change.tries, first_try_at: null }),
    })
    .where('id', 'in', ids)
    .where('state', 'in', from)
    .returning('id')
    .execute();
  return rows.map(({ id }) => id);
}

export interface Selection {
  readonly ids?: readonly number[];
  readonly jobId?: number;
}

/** Ids of messages in one state, in order, after `after`: for work in batches. */
export async function idsInState(
  db: Db,
  states: readonly MessageState[],
  selection: Selection,
  after: number,
  limit: number,
): Promise<number[]> {
  let query = db.selectFrom('messages').select('id').where('state', 'in', states).where('id', '>', after).orderBy('id').limit(limit);
  if (selection.ids !== undefined) query = query.where('id', 'in', selection.ids);
  if (selection.jobId !== undefined) query = query.where('job_id', '=', selection.jobId);
  return (await query.execute()).map(({ id }) => id);
}

/** Drafts of this campaign made from other content than the campaign has now. */
export async function staleDrafts(db: Db, jobId: number, contentHash: string, state: 'ready' | 'review', limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('messages')
    .select('id')
    .where('job_id', '=', jobId)
    .where('state', '=', state)
    .where(({ or, eb }) => or([eb('content_hash', 'is', null), eb('content_hash', '<>', contentHash)]))
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

export async function findMessage(db: Db, id: number): Promise<MessageRow | undefined> {
  return (await selectMessage(db, { id })).rows[0];
}

const selectMessage = statement((db, value: Blanks<{ id: number }>) => db.selectFrom('messages').selectAll().where('id', '=', value('id')));

/** When the next ready message of a job is due; null when none is ready. */
export async function nextDueAt(db: Db, jobId: number, order: 'asc' | 'desc' = 'asc'): Promise<number | null> {
  const row = await db
    .selectFrom('messages')
    .select('due_at')
    .where('job_id', '=', jobId)
    .where('state', '=', sql.lit('ready' as const))
    .orderBy('due_at', order)
    .orderBy('id', order)
    .limit(1)
    .executeTakeFirst();
  return row?.due_at ?? null;
}

/** When the first and the last ready message of a job are due; null without any. Two seeks in the index of the claim. */
export async function dueSpan(db: Db, jobId: number): Promise<{ first: number; last: number } | null> {
  const [first, last] = [await nextDueAt(db, jobId), await nextDueAt(db, jobId, 'desc')];
  return first === null || last === null ? null : { first, last };
}

/** Puts deferred messages of a job, after `after`, where they would be due without their recipients' gates; returns the last id seen. */
export async function undoDeferrals(tx: Tx, jobId: number, after: number, limit: number): Promise<number | undefined> {
  const rows = await tx
    .selectFrom('messages')
    .select(['id', 'deferred_from'])
    .where('job_id', '=', jobId)
    .where('state', '=', sql.lit('ready' as const))
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  for (const { id, deferred_from } of rows) {
    if (deferred_from !== null)
      await tx.updateTable('messages').set({ due_at: deferred_from, deferred_from: null }).where('id', '=', id).execute();
  }
  return rows.at(-1)?.id;
}

export const RELEASED = { worker_id: null, deadline_at: null } as const;
/** An approval is of one frozen mail, and goes with it. */
export const UNDRAFTED = {
  ...RELEASED,
  armed: 0,
  attempt_id: null,
  content_hash: null,
  frozen_sha256: null,
  approved_sha256: null,
} as const;

function heldRow(hold: Hold): Expression<SqlBool> {
  return sql<SqlBool>`id = ${hold.id} and state = 'drafting' and worker_id = ${hold.worker} and token = ${hold.token}`;
}

export async function moved(
  tx: Tx,
  row: Expression<SqlBool>,
  to: MessageState,
  now: number,
  set: Record<string, unknown>,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('messages')
    .set({ ...set, state: to, state_at: now })
    .where(row)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
