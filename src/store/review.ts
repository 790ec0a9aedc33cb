import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Listed } from '../domain/reviewHash.ts';
import { isUnfinished } from './jobs.ts';
import type { Selection } from './messages.ts';
import type { Db, Tx } from './schema.ts';

/** What waits for a person's word: mails in review, approvals, and drafts that were voided before anybody gave theirs. */

/** Mails in review in the order of their ids, after `after`: as `messages --state review` lists them. */
export function reviewPage(db: Db, { jobId }: Pick<Selection, 'jobId'>, after: number, limit: number): Promise<Listed[]> {
  let query = db
    .selectFrom('messages')
    .select(['id', 'frozen_sha256 as hash'])
    .where('state', '=', 'review')
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit);
  if (jobId !== undefined) query = query.where('job_id', '=', jobId);
  return query.execute();
}

/** review → ready, each approved as it is frozen in this transaction. Returns those that moved. */
export async function approveDrafts(tx: Tx, ids: readonly number[], now: number): Promise<{ id: number; hash: string }[]> {
  if (ids.length === 0) return [];
  const rows = await tx
    .updateTable('messages')
    .set({ state: 'ready', state_at: now, reason: null, approved_sha256: sql.ref('frozen_sha256') })
    .where('id', 'in', ids)
    .where('state', '=', 'review')
    .where('frozen_sha256', 'is not', null)
    .returning(['id', 'frozen_sha256'])
    .execute();
  return rows.map(({ id, frozen_sha256 }) => ({ id, hash: frozen_sha256 ?? '' }));
}

const isUnapproved: RawBuilder<SqlBool> = sql`approved_sha256 is not frozen_sha256`;

/**
 * Whether any of the mails at either end of a job's line has no approval: those that leave next, and those that came last. Two seeks
 * in the index of the claim, however long the line is.
 */
export async function hasUnapproved(db: Db, jobId: number, looked: number): Promise<boolean> {
  for (const order of ['asc', 'desc'] as const) {
    const row = await db
      .selectFrom((query) =>
        query
          .selectFrom('messages')
          .select(['id', 'frozen_sha256', 'approved_sha256'])
          .where('job_id', '=', jobId)
          .where('state', '=', sql.lit('ready' as const))
          .orderBy('due_at', order)
          .orderBy('id', order)
          .limit(looked)
          .as('line'),
      )
      .select('line.id')
      .where(isUnapproved)
      .limit(1)
      .executeTakeFirst();
    if (row !== undefined) return true;
  }
  return false;
}

/** Ready mails of a job without an approval, after `after`. */
export async function unapprovedReady(db: Db, jobId: number, after: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('messages')
    .select('id')
    .where('job_id', '=', jobId)
    .where('state', '=', 'ready')
    .where('id', '>', after)
    .where(isUnapproved)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** Drafts of a job that waited in review and were voided since a person last decided there. */
export interface VoidedDrafts {
  readonly job: number;
  readonly count: number;
  readonly at: number;
  readonly reason: string;
}

/** Those among `ids` that wait in review with a draft, by job. */
export function reviewedDrafts(db: Db, ids: readonly number[]): Promise<{ job: number; count: number }[]> {
  return db
    .selectFrom('messages')
    .select(({ fn }) => ['job_id as job', fn.countAll<number>().as('count')])
    .where('id', 'in', ids)
    .where('state', '=', 'review')
    .where('frozen_sha256', 'is not', null)
    .groupBy('job_id')
    .execute();
}

export async function noteVoided(tx: Tx, { job, count, at, reason }: VoidedDrafts): Promise<void> {
  const known = (await tx.selectFrom('jobs').select('voided_reason').where('id', '=', job).executeTakeFirst())?.voided_reason ?? null;
  const voided_reason = known === null || known.includes(reason) ? (known ?? reason) : `${known}, and ${reason}`;
  await tx
    .updateTable('jobs')
    .set({ voided: sql<number>`voided + ${count}`, voided_at: at, voided_reason })
    .where('id', '=', job)
    .execute();
}

/** Of one job, of the jobs that these messages are of, or of all; of finished ones nobody need know. */
export async function voidedDrafts(db: Db, { ids, jobId }: Selection): Promise<VoidedDrafts[]> {
  let query = db
    .selectFrom('jobs')
    .select(['id', 'voided', 'voided_at', 'voided_reason'])
    .where('voided', '>', 0)
    .where('cancelled_at', 'is', null)
    .where(isUnfinished)
    .orderBy('id');
  if (jobId !== undefined) query = query.where('id', '=', jobId);
  if (ids !== undefined) query = query.where('id', 'in', db.selectFrom('messages').select('job_id').where('id', 'in', ids));
  return (await query.execute()).flatMap((row) => voidedOf(row) ?? []);
}

export function voidedOf(row: {
  readonly id: number;
  readonly voided: number;
  readonly voided_at: number | null;
  readonly voided_reason: string | null;
}): VoidedDrafts | null {
  const { id, voided, voided_at, voided_reason } = row;
  return voided === 0 || voided_at === null ? null : { job: id, count: voided, at: voided_at, reason: voided_reason ?? '' };
}

/** A person was told; what was voided since then stays to be said. */
export async function forgetVoided(tx: Tx, { job, count }: VoidedDrafts): Promise<void> {
  const rest = sql<number>`voided - ${count}`;
  await tx
    .updateTable('jobs')
    .set({
      voided: rest,
      voided_at: sql<number | null>`case when voided > ${count} then voided_at end`,
      voided_reason: sql<string | null>`case when voided > ${count} then voided_reason end`,
    })
    .where('id', '=', job)
    .where('voided', '>=', count)
    .execute();
}
