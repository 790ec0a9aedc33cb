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

/** The first ready message of a job that is due, with all that its claim must know. */
export async function firstDue(tx: Tx, due: { readonly jobId: number; readonly dueBy: number }) {
  return (await selectFirstDue(tx, due)).rows[0];
}

export type DueMessage = NonNullable<Awaited<ReturnType<typeof firstDue>>>;

const selectFirstDue = statement((db, value: Blanks<{ jobId: number; dueBy: number }>) =>
  db
    // One seek on the index of ready messages; the rest is looked up for that row alone.
    .selectFrom((query) =>
      query
        .selectFrom('messages')
        .select(['id', 'token', 'campaign_id', 'prospect_id', 'content_hash', 'frozen_sha256'])
        .where('job_id', '=', value('jobId'))
        .where('state', '=', sql.lit('ready' as const))
        .where('due_at', '<=', value('dueBy'))
        .orderBy('due_at')
        .orderBy('id')
        .limit(sql.lit(1))
        .as('due'),
    )
    .innerJoin('prospects', 'prospects.id', 'due.prospect_id')
    .innerJoin('campaigns', 'campaigns.id', 'due.campaign_id')
    .leftJoin('suppressions', 'suppressions.email_key', 'prospects.email_key')
    .leftJoin('drafts', 'drafts.message_id', 'due.id')
    .select(['due.id', 'due.token', 'due.content_hash', 'due.frozen_sha256', 'prospects.version', 'suppressions.reason as suppressed'])
    .select(['campaigns.content_hash as campaign_content', 'drafts.lead_version', 'drafts.header_message_id'])
    .select(['drafts.envelope_from', 'drafts.envelope_to', 'drafts.bytes']),
);

interface ReadyClaim {
  readonly id: number;
  readonly token: number;
  readonly worker: string;
  readonly attemptId: number;
  readonly deadlineAt: number;
  readonly now: number;
}

/** ready → sending, unarmed (T1), for whoever saw it with this token. */
export async function claimReady(tx: Tx, claim: ReadyClaim): Promise<boolean> {
  return changed(await updateToSending(tx, claim));
}

const updateToSending = statement((db, value: Blanks<ReadyClaim>) =>
  db
    .updateTable('messages')
    .set({
      state: 'sending',
      worker_id: value('worker'),
      token: sql<number>`token + 1`,
      deadline_at: value('deadlineAt'),
      state_at: value('now'),
      reason: null,
      armed: sql.lit(0),
      attempt_id: value('attemptId'),
    })
    .where('id', '=', value('id'))
    .where('state', '=', sql.lit('ready' as const))
    .where('token', '=', value('token')),
);

/** drafting → review or ready, with the content the draft was made from. */
export function finishDraft(
  tx: Tx,
  hold: Hold,
  end: { state: 'review' | 'ready'; contentHash: string | null; frozen: string | null; reason: string | null; now: number },
): Promise<boolean> {
  return moved(tx, heldRow(hold), end.state, end.now, {
    ...RELEASED,
    content_hash: end.contentHash,
    frozen_sha256: end.frozen,
    reason: end.reason,
  });
}

/** drafting → pending: nothing of the draft is kept. */
export function abandonDraft(tx: Tx, hold: Hold, now: number): Promise<boolean> {
  return moved(tx, heldRow(hold), 'pending', now, UNDRAFTED);
}

interface Arm extends Hold {
  readonly now: number;
  readonly deadlineAt: number;
}

/** T2: unarmed → armed, while this worker still holds it, its deadline has not passed and its job goes on. */
export async function armMessage(tx: Tx, hold: Hold, times: { now: number; deadlineAt: number }): Promise<boolean> {
  return changed(await updateToArmed(tx, { ...hold, ...times }));
}

const updateToArmed = statement((db, value: Blanks<Arm>) =>
  db
    .updateTable('messages')
    .set({ armed: sql.lit(1), deadline_at: value('deadlineAt') })
    .where('id', '=', value('id'))
    .where('state', '=', sql.lit('sending' as const))
    .where('worker_id', '=', value('worker'))
    .where('token', '=', value('token'))
    .where('armed', '=', sql.lit(0))
    .where('deadline_at', '>', value('now'))
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
    ),
);

export interface SendEnd {
  readonly state: 'accepted' | 'failed' | 'ready' | 'uncertain' | 'cancelled';
  readonly now: number;
  readonly reason: string | null;
  readonly dueAt?: number;
  readonly tries?: number;
  readonly firstTryAt?: number;
}

/** T3 (and T4 for a late reply). Only a complete reply may move a message out of `uncertain`. */
export async function finishSending(tx: Tx, hold: Hold, attemptId: number, end: SendEnd): Promise<boolean> {
  const { dueAt = null, tries = null, firstTryAt = null } = end;
  const armed = end.state === 'uncertain' ? 1 : 0;
  return changed(await updateToEnd(tx, { ...hold, ...end, attemptId, armed, dueAt, tries, firstTryAt }));
}

interface FilledEnd extends Hold {
  readonly attemptId: number;
  readonly state: SendEnd['state'];
  readonly now: number;
  readonly armed: number;
  readonly reason: string | null;
  /** Null keeps what the row has. */
  readonly dueAt: number | null;
  readonly tries: number | null;
  readonly firstTryAt: number | null;
}

/**
 * The row an attempt's outcome belongs to: still held, or given up as uncertain by somebody else
 * while the reply was on its way (T4). The token keeps an older attempt away from a newer one.
 */
const updateToEnd = statement((db, value: Blanks<FilledEnd>) =>
  db
    .updateTable('messages')
    .set({
      ...RELEASED,
      state: value('state'),
      state_at: value('now'),
      armed: value('armed'),
      reason: value('reason'),
      due_at: sql<number>`coalesce(${value('dueAt')}, due_at)`,
      tries: sql<number>`coalesce(${value('tries')}, tries)`,
      first_try_at: sql<number>`coalesce(${value('firstTryAt')}, first_try_at)`,
    })
    .where('id', '=', value('id'))
    .where('token', '=', value('token'))
    .where('attempt_id', '=', value('attemptId'))
    .where(({ or, and, eb }) =>
      or([
        and([eb('state', '=', sql.lit('sending' as const)), eb('worker_id', '=', value('worker'))]),
        eb('state', '=', sql.lit('uncertain' as const)),
      ]),
    ),
);

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
