import { type Expression, type SqlBool, sql } from 'kysely';
import type { MessageState } from '../domain/message.ts';
import type { Db, MessageRow, Tx } from './schema.ts';

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
  readonly job_id: number;
  readonly campaign_id: number;
  readonly prospect_id: number;
  readonly content_hash: string | null;
  readonly frozen_sha256: string | null;
}

const CLAIMED = ['id', 'token', 'job_id', 'campaign_id', 'prospect_id', 'content_hash', 'frozen_sha256'] as const;

interface ClaimFor {
  readonly jobId: number;
  readonly worker: string;
  readonly deadlineAt: number;
  readonly now: number;
}

/** pending → drafting; among `ids` if they are given. */
export function claimForDrafting(
  tx: Tx,
  claim: ClaimFor & { readonly limit: number; readonly ids: readonly number[] | undefined },
): Promise<Claimed[]> {
  return tx
    .updateTable('messages')
    .set(heldBy(claim, 'drafting'))
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
    .returning(CLAIMED)
    .execute();
}

/** ready → sending, unarmed (T1). `dueBy` is the moment the message must have been due at. */
export function claimReady(tx: Tx, claim: ClaimFor & { readonly dueBy: number }): Promise<Claimed | undefined> {
  return tx
    .updateTable('messages')
    .set({ ...heldBy(claim, 'sending'), armed: 0, attempt_id: null })
    .where('id', 'in', (query) =>
      query
        .selectFrom('messages')
        .select('id')
        .where('job_id', '=', claim.jobId)
        .where('state', '=', sql.lit('ready' as const))
        .where('due_at', '<=', claim.dueBy)
        .orderBy('due_at')
        .orderBy('id')
        .limit(1),
    )
    .where('state', '=', 'ready')
    .returning(CLAIMED)
    .executeTakeFirst();
}

function heldBy(claim: ClaimFor, state: 'drafting' | 'sending') {
  return {
    state,
    worker_id: claim.worker,
    token: sql<number>`token + 1`,
    deadline_at: claim.deadlineAt,
    state_at: claim.now,
    reason: null,
  };
}

/** drafting → review or ready, with the content the draft was made from. */
export function finishDraft(
  tx: Tx,
  hold: Hold,
  end: { state: 'review' | 'ready'; contentHash: string | null; frozen: string | null; reason: string | null; now: number },
): Promise<boolean> {
  return moved(tx, heldRow(hold, 'drafting'), end.state, end.now, {
    ...RELEASED,
    content_hash: end.contentHash,
    frozen_sha256: end.frozen,
    reason: end.reason,
  });
}

/** drafting → pending: nothing of the draft is kept. */
export function abandonDraft(tx: Tx, hold: Hold, now: number): Promise<boolean> {
  return moved(tx, heldRow(hold, 'drafting'), 'pending', now, UNDRAFTED);
}

export async function bindAttempt(tx: Tx, hold: Hold, attemptId: number): Promise<void> {
  await tx.updateTable('messages').set({ attempt_id: attemptId }).where(heldRow(hold, 'sending')).execute();
}

/** T2: unarmed → armed, while this worker still holds it, its deadline has not passed and its job goes on. */
export async function armMessage(tx: Tx, hold: Hold, times: { now: number; deadlineAt: number }): Promise<boolean> {
  const { numUpdatedRows: armed } = await tx
    .updateTable('messages')
    .set({ armed: 1, deadline_at: times.deadlineAt })
    .where(heldRow(hold, 'sending'))
    .where('armed', '=', 0)
    .where('deadline_at', '>', times.now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('jobs')
            .select('jobs.id')
            .whereRef('jobs.id', '=', 'messages.job_id')
            .where(({ or, eb }) => or([eb('paused_at', 'is not', null), eb('cancelled_at', 'is not', null)])),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('suppressions')
            .innerJoin('prospects', 'prospects.email_key', 'suppressions.email_key')
            .select('suppressions.email_key')
            .whereRef('prospects.id', '=', 'messages.prospect_id'),
        ),
      ),
    )
    .executeTakeFirst();
  return armed > 0n;
}

/**
 * The row an attempt's outcome belongs to: still held, or given up as uncertain by somebody else
 * while the reply was on its way (T4). The token keeps an older attempt away from a newer one.
 */
function attemptRow(hold: Hold, attemptId: number): Expression<SqlBool> {
  return sql<SqlBool>`id = ${hold.id} and token = ${hold.token} and attempt_id = ${attemptId}
    and ((state = 'sending' and worker_id = ${hold.worker}) or state = 'uncertain')`;
}

export interface SendEnd {
  readonly state: 'accepted' | 'failed' | 'ready' | 'uncertain' | 'cancelled';
  readonly now: number;
  readonly reason: string | null;
  readonly dueAt?: number;
  readonly tries?: number;
  readonly firstTryAt?: number;
}

/** T3 (and T4 for a late reply). Only a complete reply may move a message out of `uncertain`. */
export function finishSending(tx: Tx, hold: Hold, attemptId: number, end: SendEnd): Promise<boolean> {
  return moved(tx, attemptRow(hold, attemptId), end.state, end.now, {
    ...RELEASED,
    armed: end.state === 'uncertain' ? 1 : 0,
    reason: end.reason,
    ...(end.dueAt === undefined ? {} : { due_at: end.dueAt }),
    ...(end.tries === undefined ? {} : { tries: end.tries }),
    ...(end.firstTryAt === undefined ? {} : { first_try_at: end.firstTryAt }),
  });
}

/** What a claim found to be unsendable, in the claim's own transaction: no other reader ever sees it held. */
export async function withdrawClaim(
  tx: Tx,
  hold: Hold,
  from: 'drafting' | 'sending',
  to: 'suppressed' | 'pending',
  reason: string,
  now: number,
): Promise<void> {
  const kept = to === 'pending' ? UNDRAFTED : RELEASED;
  await moved(tx, heldRow(hold, from), to, now, { ...kept, reason });
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

export function findMessage(db: Db, id: number): Promise<MessageRow | undefined> {
  return db.selectFrom('messages').selectAll().where('id', '=', id).executeTakeFirst();
}

/** When the next ready message of a job is due; null when none is ready. */
export async function nextDueAt(db: Db, jobId: number): Promise<number | null> {
  const row = await db
    .selectFrom('messages')
    .select('due_at')
    .where('job_id', '=', jobId)
    .where('state', '=', sql.lit('ready' as const))
    .orderBy('due_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.due_at ?? null;
}

export const RELEASED = { worker_id: null, deadline_at: null } as const;
export const UNDRAFTED = { ...RELEASED, armed: 0, attempt_id: null, content_hash: null, frozen_sha256: null } as const;

function heldRow(hold: Hold, state: 'drafting' | 'sending'): Expression<SqlBool> {
  return sql<SqlBool>`id = ${hold.id} and state = ${state} and worker_id = ${hold.worker} and token = ${hold.token}`;
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
