import { FINAL_STATES, MESSAGE_STATES, type StateCounts, sumOf } from './message.ts';

/** Why the program itself paused a job; a person's `resume` lets it go on. */
export type PauseReason = 'overdue' | 'canary' | 'restored';

export const SEND_MODES = ['immediate', 'scheduled', 'drip'] as const;
export type SendMode = (typeof SEND_MODES)[number];

export type JobStatus = 'pending' | 'processing' | 'paused' | 'completed' | 'failed' | 'cancelled';

/** What a job's status is read from. Times are epoch milliseconds UTC. */
export interface JobMarks {
  readonly imported_at: number | null;
  readonly paused_at: number | null;
  readonly cancelled_at: number | null;
}

/** `completed` and `failed` only when every message is final; `failed` only when every message failed. */
export function jobStatus(job: JobMarks, counts: StateCounts): JobStatus {
  if (job.cancelled_at !== null) return 'cancelled';
  const total = sumOf(counts, MESSAGE_STATES);
  const processed = sumOf(counts, FINAL_STATES);
  if (job.imported_at !== null && processed === total) {
    return total > 0 && counts.failed === total ? 'failed' : 'completed';
  }
  if (job.paused_at !== null) return 'paused';
  return job.imported_at === null || counts.pending === total ? 'pending' : 'processing';
}
