import type { Campaign } from '../domain/campaign.ts';
import { DAY } from '../domain/duration.ts';
import { bouncesOf } from '../store/events.ts';
import { countsOf, pauseJob, setCanary } from '../store/jobs.ts';
import type { Db, JobRow, Tx } from '../store/schema.ts';

/** A scheduled job that could not begin for so long is out of date, and may not be wanted any more. */
export const STALE_AFTER = DAY;

/** Whether its time passed long ago without a mail, and no person has released it since. */
export function isOverdue(job: Pick<JobRow, 'scheduled_for' | 'started_at'>, now: number): boolean {
  return job.scheduled_for !== null && job.started_at === null && now > job.scheduled_for + STALE_AFTER;
}

/** When the watch over a job's first mails ends; null while more of them may leave, and when nothing is watched. */
export async function canaryEndsAt(db: Db, job: JobRow, { canary }: Pick<Campaign, 'canary'>): Promise<number | null> {
  if (canary === null || job.canary_passed_at !== null || job.canary_at === null) return null;
  return (await mailsOut(db, job.id)) < canary.first ? null : job.canary_at + canary.wait;
}

/**
 * Pauses a job that must not go on by itself: overdue, or with a canary that bounced. Returns the
 * job as it stands then. Part of the claim's transaction.
 */
export async function holdJob(tx: Tx, job: JobRow, { canary }: Pick<Campaign, 'canary'>, now: number): Promise<JobRow> {
  if (job.paused_at !== null || job.cancelled_at !== null || job.imported_at === null) return job;
  if (isOverdue(job, now)) return paused(tx, job, 'overdue', now);
  if (canary === null || job.canary_passed_at !== null || (await mailsOut(tx, job.id)) < canary.first) return job;
  if (job.canary_at === null) {
    await setCanary(tx, job.id, { canary_at: now });
    return { ...job, canary_at: now };
  }
  if (now < job.canary_at + canary.wait) return job;
  if ((await bouncesOf(tx, job.id)) > canary.max_bounces) return paused(tx, job, 'canary', now);
  await setCanary(tx, job.id, { canary_passed_at: now });
  return { ...job, canary_passed_at: now };
}

/** Marks the claim that completes the canary: the watch begins with its last mail. */
export async function noteCanary(tx: Tx, job: JobRow, { canary }: Pick<Campaign, 'canary'>, now: number): Promise<void> {
  if (canary === null || job.canary_passed_at !== null) return;
  if ((await mailsOut(tx, job.id)) >= canary.first) await setCanary(tx, job.id, { canary_at: now });
}

async function paused(tx: Tx, job: JobRow, reason: 'overdue' | 'canary', now: number): Promise<JobRow> {
  await pauseJob(tx, job.id, now, reason);
  return { ...job, paused_at: now, pause_reason: reason };
}

/** Mails of a job that left, are leaving or could not be delivered. */
async function mailsOut(db: Db, jobId: number): Promise<number> {
  const { sending, accepted, uncertain, failed } = await countsOf(db, jobId);
  return sending + accepted + uncertain + failed;
}
