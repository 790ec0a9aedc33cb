import { messageOf } from '../domain/errors.ts';
import { OPEN_STATES, type StateCounts, sumOf } from '../domain/message.ts';
import type { Rest } from '../pipeline/draftMessage.ts';
import type { Store } from '../store/database.ts';
import { countsOf, listJobs } from '../store/jobs.ts';
import { previousStart } from '../store/workers.ts';
import type { Board, BoardJob } from './board.ts';
import type { DraftChoice } from './draftStage.ts';
import type { Unreturned } from './leave.ts';
import type { Tally } from './stage.ts';
import type { WorkerMode } from './worker.ts';

/** What a worker leaves behind when it ends. */
export interface WorkerEnd {
  readonly tally: Tally;
  /** Undefined when it holds nothing any more. */
  readonly unreturned: Unreturned | undefined;
  /** Messages that still have something to be done, in jobs that go on. */
  readonly waiting: number;
  /** Messages in those jobs that wait for a person. */
  readonly needPerson: number;
  /** Jobs whose campaign cannot be read, with the reason. */
  readonly held: readonly { readonly job: number; readonly reason: string }[];
  /** Jobs for which nobody writes until a person does something: budget spent, key refused. */
  readonly stuck: readonly { readonly job: number; readonly why: Rest['why']; readonly reason: string }[];
  /** Jobs whose senders all wait for a person. */
  readonly stopped: readonly number[];
  /** Paused jobs that have something left. */
  readonly paused: readonly number[];
  /** Jobs whose import is not complete. */
  readonly importing: readonly number[];
  /** Nothing is left but what the monthly limit keeps back. */
  readonly quotaOnly: boolean;
  /** When the next mail may leave; null when nothing is planned. */
  readonly nextDueAt: number | null;
  /** Drips that go on, with their planned mails an hour. */
  readonly drips: readonly { readonly job: number; readonly rate: number }[];
  /** Time since the last worker of the same mode started, in ms. */
  readonly sinceLastStart: number | null;
}

/** Counts what is left in the jobs that go on, and names what keeps it there. */
export async function summarise(
  store: Store,
  board: Board,
  worker: {
    readonly tally: Tally;
    readonly unreturned: Unreturned | undefined;
    readonly quotaOnly: boolean;
    readonly mode: WorkerMode;
    readonly startedAt: number;
  },
): Promise<WorkerEnd> {
  let waiting = 0;
  let needPerson = 0;
  const drips: { job: number; rate: number }[] = [];
  const uncancelled = (await listJobs(store.db)).filter((job) => job.cancelled_at === null);
  const jobs = uncancelled.filter((job) => job.paused_at === null);
  for (const job of jobs) {
    if (job.imported_at === null) continue;
    const counts: StateCounts = await countsOf(store.db, job.id);
    const open = sumOf(counts, OPEN_STATES);
    waiting += open;
    if (open > 0 && job.send_rate !== null) drips.push({ job: job.id, rate: job.send_rate });
    needPerson += counts.review + counts.uncertain;
  }
  const paused: number[] = [];
  for (const { id, paused_at } of uncancelled)
    if (paused_at !== null && sumOf(await countsOf(store.db, id), OPEN_STATES) > 0) paused.push(id);
  const before = await previousStart(store.db, worker.mode.kind, worker.startedAt);
  return {
    tally: worker.tally,
    unreturned: worker.unreturned,
    waiting,
    needPerson,
    held: [...board.held].map(([job, reason]) => ({ job, reason: messageOf(reason) })),
    stuck: board.jobs
      .filter(isStuck)
      .flatMap(({ id, rest }) => (rest === undefined ? [] : [{ job: id, why: rest.why, reason: rest.reason }])),
    stopped: board.jobs.filter(isStopped).map(({ id }) => id),
    paused,
    importing: jobs.filter(({ imported_at }) => imported_at === null).map(({ id }) => id),
    quotaOnly: worker.quotaOnly,
    drips,
    nextDueAt: board.nextOpening(),
    sinceLastStart: before === null ? null : worker.startedAt - before,
  };
}

/** Whether everything is written that can be, by other workers, too. Where a person chose some leads, what others write is not waited for. */
export async function allWritten(store: Store, board: Board, choice: DraftChoice | undefined): Promise<boolean> {
  const chosen = choice?.messageIds !== undefined || choice?.limit !== undefined;
  for (const job of board.jobs) {
    if (isTemporary(job)) return false;
    if (job.paused || chosen) continue;
    if ((await countsOf(store.db, job.id)).drafting > 0) return false;
  }
  return true;
}

/** Whether nothing is left that this or another worker will write or send, and whether only the monthly limit keeps something back. */
export async function nothingLeft(store: Store, board: Board): Promise<{ done: boolean; quotaOnly: boolean }> {
  let quotaOnly = false;
  for (const job of board.jobs) {
    if (job.paused) continue;
    const counts = await countsOf(store.db, job.id);
    const open = sumOf(counts, OPEN_STATES);
    if (open === 0) continue;
    const stuck = isStuck(job) ? counts.pending : 0;
    if (open === stuck) continue;
    if (open - stuck !== counts.ready) return { done: false, quotaOnly: false };
    if (isStopped(job)) continue;
    if (!job.shut?.gates.some(({ gate }) => gate === 'monthly limit')) return { done: false, quotaOnly: false };
    quotaOnly = true;
  }
  return { done: true, quotaOnly };
}

/** Nobody writes for this job until a person does something. */
function isStuck({ rest, paused }: BoardJob): boolean {
  return !paused && (rest?.why === 'budget' || rest?.why === 'final');
}

/** No sender of this job will send until a person resumes it. */
function isStopped({ shut, paused }: BoardJob): boolean {
  return !paused && shut?.gates.some(({ gate }) => gate === 'sender stopped') === true;
}

function isTemporary(job: BoardJob): boolean {
  return job.rest !== undefined && !job.paused && !isStuck(job);
}
