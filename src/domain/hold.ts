import { DAY } from './duration.ts';
import { nextOpening, type SendWindow } from './window.ts';

/** A scheduled job that nobody began for so long, counted from its window's first opening, is out of date, and may not be wanted any more. */
const STALE_AFTER = DAY;

/** The first mails of a job, watched for a while before the rest may follow. */
export interface Canary {
  /** Mails. */
  readonly first: number;
  /** Milliseconds. */
  readonly wait: number;
  readonly max_bounces: number;
}

/** What a job has been through; times are epoch milliseconds. */
export interface JobHistory {
  readonly scheduled_for: number | null;
  /** When its first mail was claimed, or a person released it. */
  readonly started_at: number | null;
  /** When the last mail of its canary was claimed. */
  readonly canary_at: number | null;
  readonly canary_passed_at: number | null;
}

/**
 * Whether a job must not go on by itself. `overdue`: its time passed long ago without a mail. `watch`:
 * its canary is complete, and the watch begins. `judge`: the watch is over, and bounces decide.
 */
export function holdOf(
  job: JobHistory,
  { canary, window }: { readonly canary: Canary | null; readonly window: SendWindow | null },
  mailsOut: number,
  now: number,
): 'none' | 'overdue' | 'watch' | 'judge' {
  if (job.scheduled_for !== null && job.started_at === null && now > nextOpening(window, job.scheduled_for) + STALE_AFTER) return 'overdue';
  if (canary === null || job.canary_passed_at !== null || mailsOut < canary.first) return 'none';
  if (job.canary_at === null) return 'watch';
  return now < job.canary_at + canary.wait ? 'none' : 'judge';
}

/** When the watch over a job's first mails ends; null while more of them may leave, and when nothing is watched. */
export function watchEndsAt(job: JobHistory, canary: Canary | null, mailsOut: number): number | null {
  if (canary === null || job.canary_passed_at !== null || job.canary_at === null || mailsOut < canary.first) return null;
  return job.canary_at + canary.wait;
}
