import { HOUR } from '../domain/duration.ts';
import { usagePeriod } from '../domain/usage.ts';
import { abandonedMails } from '../store/abandoned.ts';
import { refusingProviders, restingProviders } from '../store/aiProviders.ts';
import { type FeedLine, type HeldJob, heldJobs, jobOrder, newestEvents, progressOfJobs, ratesNow, standings } from '../store/dashboard.ts';
import { MailsByMinute } from '../store/mailsByMinute.ts';
import type { JobProgress } from '../store/progress.ts';
import { voidedDrafts } from '../store/review.ts';
import { isAlive } from '../store/sqlite/lock.ts';
import { usageIn } from '../store/usage.ts';
import { unstoppedWorkers } from '../store/workers.ts';
import type { Desk, JobOutlook, SenderLine } from './desk.ts';
import { type Need, needsOf } from './needs.ts';

/** A forecast asks gates and facts of each job; the counts beside it are of this very moment. */
const OUTLOOK_MS = 5_000;
const OUTLOOKS_A_LOOK = 4;
/** What passes over all jobs, 1.4 ms each with a thousand, is read once a second and never two in one look. Rows that changed places more often could not be followed. */
const ALL_JOBS_MS = 1_000;
const MOST_HELD = 4;

export interface JobLine extends JobProgress {
  /** Tries an hour, over the last hour or less. */
  readonly rate: number;
  /** Undefined until there was time to ask. */
  readonly outlook: JobOutlook | undefined;
}

export interface Board {
  readonly at: number;
  /** Every job's id in the order shown. */
  readonly order: readonly number[];
  readonly jobs: readonly JobLine[];
  readonly senders: readonly SenderLine[];
  readonly feed: readonly FeedLine[];
  readonly needs: readonly Need[];
  /** Mails of the last 24 hours by hour, the present one last. */
  readonly hours: readonly number[];
  readonly mailsInDay: number;
  readonly rate: number;
  readonly mailsThisMonth: number;
  readonly review: number;
  readonly uncertain: number;
  readonly workers: number;
  /** When it must be read again even if nothing changes: something of it was kept from before, or there was no time to ask. Epoch ms. */
  readonly againAt: number;
}

interface Shown {
  readonly ids: readonly number[];
  readonly events: number;
}

/** What no commit announces: processes that died, and a seal beside the database. */
export interface Surroundings {
  readonly workers: number;
  /** Mails that a worker that is gone still holds. */
  readonly abandoned: number;
  readonly refusal: string | null;
}

export async function lookAround({ store, refusal }: Desk): Promise<Surroundings> {
  const workers = (await unstoppedWorkers(store.db)).filter(({ id }) => isAlive(store.locks, id)).length;
  return { workers, abandoned: (await abandonedMails(store)).size, refusal: await refusal() };
}

/** Reads the board, and remembers between two looks what need not be read again. */
export class BoardReader {
  readonly #desk: Desk;
  readonly #all = new MailsByMinute(null);
  readonly #bySender: ReadonlyMap<string, MailsByMinute>;
  #order: { at: number; filter: string; ids: readonly number[] } | undefined;
  #changedAt = -Infinity;
  #standings: { at: number; of: Awaited<ReturnType<typeof standings>> } | undefined;
  readonly #outlooks = new Map<number, { at: number; of: string; outlook: JobOutlook }>();

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#bySender = new Map(desk.senderNames.map((name) => [name, new MailsByMinute(name)]));
  }

  /** `shown`: which ids of the order, and how many events. */
  async look(around: Surroundings, filter: string, shown: (order: readonly number[]) => Shown, now: number): Promise<Board> {
    const {
      workerRefusal,
      store: { db },
    } = this.#desk;
    const { order, anew } = await this.#ordered(filter, now);
    const stands = await this.#stands(anew, now);
    const { ids, events } = shown(order);
    const rates = await ratesNow(db, now);
    const { lines, unfinished } = await this.#lines(await progressOfJobs(db, ids), rates, anew ? 1 : OUTLOOKS_A_LOOK, now);
    await this.#all.look(db, now);
    for (const mails of this.#bySender.values()) await mails.look(db, now);
    const senders = await this.#desk.senders(now, (name) => this.#bySender.get(name)?.total ?? 0);
    const held: HeldJob[] = await heldJobs(db, MOST_HELD);
    const voided = await voidedDrafts(db, {});
    const resting = await restingProviders(db, now);
    const refusing = await refusingProviders(db);
    const problems = lines.flatMap(({ job, outlook }) => (outlook?.problem == null ? [] : [{ job: job.id, problem: outlook.problem }]));
    return {
      at: now,
      order,
      jobs: lines,
      senders,
      feed: events === 0 ? [] : await newestEvents(db, events),
      needs: needsOf({
        ...around,
        workerRefusal,
        stands,
        held,
        voided,
        senders,
        resting,
        refusing,
        problems,
        jobs: order.length,
        filtered: filter !== '',
      }),
      hours: this.#all.hours(now),
      mailsInDay: this.#all.total,
      rate: [...rates.values()].reduce((sum, rate) => sum + rate, 0),
      mailsThisMonth: await usageIn(db, usagePeriod(now)),
      review: stands.review.n,
      uncertain: stands.uncertain.n,
      workers: around.workers,
      againAt: unfinished ? now : this.#againAt(now),
    };
  }

  /** Something was committed. */
  noteChange(now: number): void {
    this.#changedAt = now;
  }

  /** A person has changed something, and wants to see it. */
  hurry(): void {
    this.#order = undefined;
    this.#standings = undefined;
  }

  #againAt(now: number): number {
    const outdated = [this.#order?.at ?? now, this.#standings?.at ?? now].filter((at) => at < this.#changedAt);
    return outdated.length === 0 ? Infinity : Math.min(...outdated) + ALL_JOBS_MS;
  }

  async #ordered(filter: string, now: number): Promise<{ order: readonly number[]; anew: boolean }> {
    const known = this.#order;
    if (known !== undefined && known.filter === filter && isFresh(known.at, now)) return { order: known.ids, anew: false };
    const ids = await jobOrder(this.#desk.store.db, filter);
    this.#order = { at: now, filter, ids };
    return { order: ids, anew: true };
  }

  async #stands(later: boolean, now: number): Promise<Awaited<ReturnType<typeof standings>>> {
    const known = this.#standings;
    if (known !== undefined && (later || isFresh(known.at, now))) return known.of;
    const of = await standings(this.#desk.store.db);
    this.#standings = { at: now, of };
    return of;
  }

  async #lines(jobs: readonly JobProgress[], rates: ReadonlyMap<number, number>, most: number, now: number) {
    let asked = 0;
    let unfinished = false;
    const lines: JobLine[] = [];
    for (const progress of jobs) {
      const { job, status } = progress;
      // A pause, the end or a person's decision changes everything at once; a mail more does not.
      const of = `${status}.${job.paused_at}.${job.ai_budget_reached}.${job.voided}`;
      const known = this.#outlooks.get(job.id);
      const stale = known === undefined || known.of !== of || now - known.at >= OUTLOOK_MS || now < known.at;
      if (stale && asked < most) {
        asked++;
        this.#outlooks.set(job.id, { at: now, of, outlook: await this.#desk.job(progress, now) });
      } else if (stale) unfinished = true;
      lines.push({ ...progress, rate: rates.get(job.id) ?? 0, outlook: this.#outlooks.get(job.id)?.outlook });
    }
    return { lines, unfinished };
  }
}

/** A clock that was set back makes everything stale. */
function isFresh(at: number, now: number): boolean {
  return now >= at && now - at < ALL_JOBS_MS;
}

/** The time that is left, no more than a person wants to know; null when nobody knows. */
export function timeLeft({ outlook, status }: JobLine, now: number): number | null {
  if (outlook?.endsAt == null || ['paused', 'completed', 'failed', 'cancelled'].includes(status)) return null;
  return Math.max(0, Math.min(outlook.endsAt - now, 9_999 * HOUR));
}
