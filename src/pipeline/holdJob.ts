import type { Campaign } from '../domain/campaign.ts';
import { holdOf } from '../domain/hold.ts';
import { bouncesOf } from '../store/events.ts';
import { mailsOut, pauseJob, setCanary } from '../store/jobs.ts';
import type { JobRow, Tx } from '../store/schema.ts';

/**
 * Pauses a job that must not go on by itself: overdue, or with a canary that bounced. Returns the
 * job as it stands then. Part of the claim's transaction.
 */
export async function holdJob(tx: Tx, job: JobRow, { canary, window }: Pick<Campaign, 'canary' | 'window'>, now: number): Promise<JobRow> {
  if (job.paused_at !== null || job.cancelled_at !== null || job.imported_at === null) return job;
  const out = canary === null || job.canary_passed_at !== null ? 0 : await mailsOut(tx, job.id);
  switch (holdOf(job, { canary, window }, out, now)) {
    case 'none':
      return job;
    case 'overdue':
      return paused(tx, job, 'overdue', now);
    case 'watch':
      await setCanary(tx, job.id, { canary_at: now });
      return { ...job, canary_at: now };
    case 'judge':
      if ((await bouncesOf(tx, job.id)) > (canary?.max_bounces ?? 0)) return paused(tx, job, 'canary', now);
      await setCanary(tx, job.id, { canary_passed_at: now });
      return { ...job, canary_passed_at: now };
  }
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
