import { OutreachError } from '../domain/errors.ts';
import { jobStatus } from '../domain/job.ts';
import type { Store } from '../store/database.ts';
import { noteEvents } from '../store/events.ts';
import { finishImport } from '../store/imports.ts';
import { cancelJob, countsOf, findJob, type NamedJob, pauseJob, resumeJob } from '../store/jobs.ts';
import { idsInState, moveByHand } from '../store/messages.ts';
import { removeProspects } from '../store/prospects.ts';

const BATCH = 500;

export async function pause(store: Store, jobId: number, now: number): Promise<NamedJob> {
  return change(store, jobId, () => store.write((tx) => pauseJob(tx, jobId, now)));
}

export async function resume(store: Store, jobId: number, now: number): Promise<NamedJob> {
  return change(store, jobId, () => store.write((tx) => resumeJob(tx, jobId, now)));
}

export interface Cancelled {
  readonly job: NamedJob;
  readonly cancelled: number;
  /** Leads of an import that was not complete; they are gone, so the file can be imported anew. */
  readonly dropped: number;
}

/** Nothing more of this job is sent. What is on the wire finishes; what is uncertain stays so. */
export async function cancel(store: Store, jobId: number, now: () => number): Promise<Cancelled> {
  const job = await requireJob(store, jobId);
  if (job.cancelled_at === null) await store.write((tx) => cancelJob(tx, jobId, now()));
  const dropped = job.imported_at === null ? await dropImport(store, jobId, now) : 0;
  const cancelled = await sweepCancelled(store, jobId, now);
  return { job: await requireJob(store, jobId), cancelled, dropped };
}

/** Cancels the open messages of a cancelled job; also finishes what a killed `cancel` left. */
export async function sweepCancelled(store: Store, jobId: number, now: () => number): Promise<number> {
  for (let cancelled = 0; ; ) {
    const moved = await store.write(async (tx) => {
      const ids = await idsInState(tx, ['pending', 'drafting', 'review', 'ready'], { jobId }, 0, BATCH);
      if (ids.length === 0) return 0;
      const gone = await moveByHand(tx, ids, ['pending', 'drafting', 'review', 'ready'], 'cancelled', {
        now: now(),
        reason: 'job cancelled',
      });
      await noteEvents(tx, gone, 'cancelled', now());
      return gone.length;
    });
    cancelled += moved;
    if (moved === 0) return cancelled;
  }
}

/** Removes what an unfinished import brought in; what it took over from a cancelled job is cancelled again. */
export async function dropImport(store: Store, jobId: number, now: () => number): Promise<number> {
  for (let dropped = 0; ; ) {
    const gone = await store.write((tx) => removeProspects(tx, jobId, BATCH));
    dropped += gone;
    if (gone > 0) continue;
    await sweepCancelled(store, jobId, now);
    await store.write((tx) => finishImport(tx, jobId, now()));
    return dropped;
  }
}

export async function requireJob(store: Store, jobId: number): Promise<NamedJob> {
  const job = await findJob(store.db, jobId);
  if (job !== undefined) return job;
  throw new OutreachError('not_found', `there is no job ${jobId}`, { hint: 'See them with: outreach jobs' });
}

async function change(store: Store, jobId: number, act: () => Promise<boolean>): Promise<NamedJob> {
  const job = await requireJob(store, jobId);
  const status = jobStatus(job, await countsOf(store.db, jobId));
  if (['completed', 'failed', 'cancelled'].includes(status))
    throw new OutreachError('refused', `job ${jobId} is ${status} already`, { hint: `outreach jobs ${jobId}` });
  await act();
  return (await findJob(store.db, jobId)) ?? job;
}
