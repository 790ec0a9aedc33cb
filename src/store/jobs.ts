import { type SqlBool, sql } from 'kysely';
import type { PauseReason, SendMode } from '../domain/job.ts';
import { emptyCounts, type MessageState, OPEN_STATES, type StateCounts } from '../domain/message.ts';
import type { Db, JobRow, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

export interface NewJob {
  readonly campaignId: number;
  readonly source: string;
  readonly mode: SendMode;
  readonly rate: number | null;
  readonly scheduledFor: number | null;
  readonly now: number;
}

export async function createJob(tx: Tx, job: NewJob): Promise<number> {
  const { id } = await tx
    .insertInto('jobs')
    .values({
      campaign_id: job.campaignId,
      source: job.source,
      send_mode: job.mode,
      send_rate: job.rate,
      scheduled_for: job.scheduledFor,
      created_at: job.now,
      imported_at: null,
      paused_at: null,
      cancelled_at: null,
      pause_reason: null,
      started_at: null,
      canary_at: null,
      canary_passed_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export type NamedJob = JobRow & { readonly campaign: string };

export function findJob(db: Db, id: number): Promise<NamedJob | undefined> {
  return namedJobs(db).where('jobs.id', '=', id).executeTakeFirst();
}

export function listJobs(db: Db): Promise<NamedJob[]> {
  return namedJobs(db).orderBy('jobs.id').execute();
}

/** Jobs that a worker may have work for: complete, not cancelled, with messages on the way. Paused ones included. */
export function openJobs(db: Db): Promise<NamedJob[]> {
  return namedJobs(db)
    .where('jobs.cancelled_at', 'is', null)
    .where('jobs.imported_at', 'is not', null)
    .where(isUnfinished)
    .orderBy('jobs.id')
    .execute();
}

/** Some message of the job is on its way, or waits for a person. */
export const isUnfinished = sql<SqlBool>`exists (select 1 from job_counts where job_counts.job_id = jobs.id
  and job_counts.n > 0 and job_counts.state in (${sql.join([...OPEN_STATES, 'review', 'uncertain'])}))`;

/** Cancelled jobs that a killed `cancel` left unswept. */
export async function cancelledWithOpenMessages(db: Db): Promise<number[]> {
  const rows = await db
    .selectFrom('jobs')
    .innerJoin('job_counts', 'job_counts.job_id', 'jobs.id')
    .select('jobs.id')
    .distinct()
    .where('jobs.cancelled_at', 'is not', null)
    .where('job_counts.n', '>', 0)
    .where('job_counts.state', 'in', ['pending', 'drafting', 'review', 'ready'])
    .execute();
  return rows.map(({ id }) => id);
}

/** The job's row as this transaction sees it; what T1 and T2 look at. */
export async function jobNow(db: Db, id: number): Promise<JobRow> {
  const [job] = (await selectJob(db, { id })).rows;
  if (job === undefined) throw new Error(`job ${id} is gone`);
  return job;
}

const selectJob = statement((db, value: Blanks<{ id: number }>) => db.selectFrom('jobs').selectAll().where('id', '=', value('id')));

export async function countsOf(db: Db, jobId: number): Promise<StateCounts> {
  const rows = await db.selectFrom('job_counts').select(['state', 'n']).where('job_id', '=', jobId).execute();
  return toCounts(rows);
}

/** Mails of a job that left, are leaving or could not be delivered. */
export async function mailsOut(db: Db, jobId: number): Promise<number> {
  const { sending, accepted, uncertain, failed } = await countsOf(db, jobId);
  return sending + accepted + uncertain + failed;
}

export function toCounts(rows: readonly { state: MessageState; n: number }[]): StateCounts {
  const counts = emptyCounts();
  for (const { state, n } of rows) counts[state] += n;
  return counts;
}

export async function takeDripSlot(tx: Tx, id: number, nextSlotAt: number): Promise<void> {
  await tx.updateTable('jobs').set({ next_slot_at: nextSlotAt }).where('id', '=', id).execute();
}

export async function markStarted(tx: Tx, id: number, now: number): Promise<void> {
  await tx.updateTable('jobs').set({ started_at: now }).where('id', '=', id).where('started_at', 'is', null).execute();
}

export async function setCanary(tx: Tx, id: number, change: { canary_at: number } | { canary_passed_at: number }): Promise<void> {
  await tx.updateTable('jobs').set(change).where('id', '=', id).execute();
}

/** Each returns false when the job was not in a state that allows it. */
export async function pauseJob(tx: Tx, id: number, now: number, reason: PauseReason | null = null): Promise<boolean> {
  return changed(
    tx
      .updateTable('jobs')
      .set({ paused_at: now, pause_reason: reason })
      .where('id', '=', id)
      .where('paused_at', 'is', null)
      .where('cancelled_at', 'is', null),
  );
}

/** A person's release: neither a start that is long over nor a canary that bounced holds it again. */
export async function resumeJob(tx: Tx, id: number, now: number): Promise<boolean> {
  return changed(
    tx
      .updateTable('jobs')
      .set({
        paused_at: null,
        pause_reason: null,
        started_at: sql`case when scheduled_for <= ${now} then coalesce(started_at, ${now}) else started_at end`,
        canary_passed_at: sql`case when pause_reason = 'canary' then ${now} else canary_passed_at end`,
      })
      .where('id', '=', id)
      .where('paused_at', 'is not', null)
      .where('cancelled_at', 'is', null),
  );
}

export async function cancelJob(tx: Tx, id: number, now: number): Promise<boolean> {
  return changed(tx.updateTable('jobs').set({ cancelled_at: now }).where('id', '=', id).where('cancelled_at', 'is', null));
}

export async function completeImport(tx: Tx, id: number, now: number): Promise<boolean> {
  return changed(
    tx
      .updateTable('jobs')
      .set({ imported_at: now })
      .where('id', '=', id)
      .where('imported_at', 'is', null)
      .where('cancelled_at', 'is', null),
  );
}

function namedJobs(db: Db) {
  return db
    .selectFrom('jobs')
    .innerJoin('campaigns', 'campaigns.id', 'jobs.campaign_id')
    .selectAll('jobs')
    .select('campaigns.name as campaign');
}

async function changed(query: { executeTakeFirst(): Promise<{ numUpdatedRows: bigint }> }): Promise<boolean> {
  return (await query.executeTakeFirst()).numUpdatedRows > 0n;
}
