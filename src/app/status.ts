import { lacksOf } from '../config/lawful.ts';
import { NANO_PER_USD } from '../domain/aiCost.ts';
import { OutreachError } from '../domain/errors.ts';
import { estimateEnd, type SenderForecast } from '../domain/estimate.ts';
import type { JobStatus, PauseReason, SendMode } from '../domain/job.ts';
import { MESSAGE_STATES, OPEN_STATES, type StateCounts, sumOf } from '../domain/message.ts';
import type { GateName } from '../domain/pace.ts';
import { usagePeriod } from '../domain/usage.ts';
import { askGates, capNow, jobPace } from '../pipeline/gates.ts';
import { factsIn } from '../pipeline/paceFacts.ts';
import { type Abandoned, type AbandonedCounts, abandonedMails, countAbandoned } from '../store/abandoned.ts';
import { spendOf } from '../store/aiCalls.ts';
import { refusingProviders, restingProviders } from '../store/aiProviders.ts';
import { attemptsInDay } from '../store/attempts.ts';
import { dueSpan } from '../store/messages.ts';
import { type JobProgress, jobsProgress } from '../store/progress.ts';
import { voidedOf } from '../store/review.ts';
import { isAlive } from '../store/sqlite/lock.ts';
import { usageIn } from '../store/usage.ts';
import { unstoppedWorkers } from '../store/workers.ts';
import { type App, aiLimits } from './app.ts';
import { refusalOf } from './guard.ts';
import { type SenderReport, senderReports } from './senderReports.ts';

/** What `outreach status` tells; times are ISO 8601 UTC. The fields are part of the program's contract. */
export interface Status {
  readonly jobs: readonly JobReport[];
  readonly totals: Totals;
  readonly usage: { readonly month: string; readonly sent: number; readonly limit: number | null };
  readonly workers: readonly {
    readonly id: string;
    readonly host: string;
    readonly pid: number;
    readonly mode: string;
    readonly alive: boolean;
    readonly started_at: string;
  }[];
  readonly senders: readonly SenderReport[];
  /** Why nothing is sent before `outreach reconcile`: a copied or restored database. Null when all is well. */
  readonly refuses: string | null;
  /** Why no worker starts: what outreach.yaml lacks for mails to strangers. Null when one does. */
  readonly worker_refuses: string | null;
  /** AI providers that only a person can mend: no quota, a refused key. */
  readonly refusing_providers: readonly { readonly name: string; readonly since: string; readonly reason: string | null }[];
  /** AI providers that rest after a failure. */
  readonly resting_providers: readonly { readonly name: string; readonly rest_until: string; readonly reason: string | null }[];
}

export interface JobReport {
  readonly id: number;
  readonly campaign: string;
  readonly status: JobStatus;
  readonly source: string;
  readonly send_mode: SendMode;
  readonly send_rate: number | null;
  readonly scheduled_for: string | null;
  /** Why the program paused it; null when a person did, or it goes on. */
  readonly paused_reason: PauseReason | null;
  readonly created_at: string;
  readonly total: number;
  readonly processed: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly states: StateCounts;
  /** Of them, what a worker that is gone still holds, by what the next one makes of it at its start. */
  readonly abandoned: AbandonedCounts;
  readonly eta: string | null;
  /** False while the import runs, or after it was stopped: nothing of the job is sent before it is complete. */
  readonly import_complete: boolean;
  /** Shut gates, each with its opening; null when a person opens it. */
  readonly waits_for: readonly { readonly gate: GateName; readonly opens_at: string | null }[];
  /** Why the job is held back: its campaign cannot be read. */
  readonly problem: string | null;
  /** Drafts that waited in review and were voided since a person last decided on this job; null without any. */
  readonly voided: { readonly count: number; readonly at: string; readonly reason: string } | null;
  /** What writing has cost so far, in USD, and whether `ai.budget_usd` leaves no room; null for a template. */
  readonly writing: { readonly spent_usd: number; readonly budget_usd: number | null; readonly budget_reached: boolean } | null;
}

interface Totals {
  readonly jobs: number;
  readonly total: number;
  readonly processed: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly states: StateCounts;
}

export async function readStatus(app: App, env: NodeJS.ProcessEnv): Promise<Status> {
  const now = Date.now();
  const store = await app.openStore();
  const jobs = await jobReports(app, now);
  const month = usagePeriod(now);
  const workers = await unstoppedWorkers(store.db);
  return {
    jobs,
    totals: totalsOf(jobs),
    usage: { month, sent: await usageIn(store.db, month), limit: app.pace.limits.emailsPerMonth },
    workers: workers.map(({ id, host, pid, mode, started_at }) => ({
      id,
      host,
      pid,
      mode,
      alive: isAlive(store.locks, id),
      started_at: iso(started_at),
    })),
    senders: await senderReports(app, now),
    refuses: await refusalOf(store, env),
    worker_refuses: workerRefusal(app),
    refusing_providers: (await refusingProviders(store.db)).map(({ name, rest_since, reason }) => ({
      name,
      since: iso(rest_since),
      reason,
    })),
    resting_providers: (await restingProviders(store.db, now)).map(({ name, rest_until, reason }) => ({
      name,
      rest_until: iso(rest_until),
      reason,
    })),
  };
}

/** As the worker itself says it at its start. */
export function workerRefusal({ config }: App): string | null {
  const [lack] = lacksOf(config);
  return lack === undefined ? null : `${config.path}: ${lack.text}`;
}

export async function jobReports(app: App, now: number): Promise<JobReport[]> {
  const store = await app.openStore();
  const held = await abandonedMails(store);
  const reports: JobReport[] = [];
  for (const progress of await jobsProgress(store.db)) reports.push(await jobReport(app, progress, now, held));
  return reports;
}

/** `held`: what workers that are gone hold, where it is known already. */
export async function jobReport(
  app: App,
  { job, status, counts, total, processed }: JobProgress,
  now: number,
  held?: ReadonlyMap<number, Abandoned>,
): Promise<JobReport> {
  const all = held ?? (await abandonedMails(await app.openStore()));
  const abandoned = countAbandoned([...all.values()].filter((mail) => mail.job === job.id));
  return {
    id: job.id,
    campaign: job.campaign,
    status,
    source: job.source,
    send_mode: job.send_mode,
    send_rate: job.send_rate,
    scheduled_for: job.scheduled_for === null ? null : iso(job.scheduled_for),
    paused_reason: job.paused_at === null ? null : job.pause_reason,
    created_at: iso(job.created_at),
    total,
    processed,
    succeeded: counts.accepted,
    failed: counts.failed,
    states: counts,
    abandoned,
    import_complete: job.imported_at !== null,
    voided: ['completed', 'failed', 'cancelled'].includes(status) ? null : voidedIn(job),
    writing: await writing(app, job),
    ...(await outlook(app, job, counts, abandoned, now)),
  };
}

function voidedIn(job: JobProgress['job']): JobReport['voided'] {
  const voided = voidedOf(job);
  return voided === null ? null : { count: voided.count, at: iso(voided.at), reason: voided.reason };
}

async function writing(app: App, job: JobProgress['job']): Promise<JobReport['writing']> {
  const { settled } = await spendOf((await app.openStore()).db, job.id);
  if (settled === 0 && job.ai_budget_reached === 0) return null;
  const { budgetNano } = aiLimits(app.config);
  return {
    spent_usd: settled / NANO_PER_USD,
    budget_usd: budgetNano === null ? null : budgetNano / NANO_PER_USD,
    budget_reached: job.ai_budget_reached === 1,
  };
}

type Outlook = Pick<JobReport, 'eta' | 'waits_for' | 'problem'>;

/** The same gates that the worker asks, and what follows from them. */
async function outlook(app: App, job: JobProgress['job'], counts: StateCounts, abandoned: AbandonedCounts, now: number): Promise<Outlook> {
  const nothing: Outlook = { eta: null, waits_for: [], problem: null };
  // What will be uncertain does not leave by itself.
  const count = sumOf(counts, OPEN_STATES) - abandoned.uncertain;
  if (count === 0 || job.cancelled_at !== null) return nothing;
  try {
    const campaign = app.campaigns.load(job.campaign);
    const { db } = await app.openStore();
    const facts = factsIn(db);
    const answer = await askGates(facts, job, campaign, app.pace, { now, asOf: undefined });
    const waits_for = answer.open
      ? []
      : answer.gates.map(({ gate, opensAt }) => ({ gate, opens_at: opensAt === null ? null : iso(opensAt) }));
    const start = workerRefusal(app) !== null ? null : answer.open ? now : answer.opensAt;
    const end =
      start === null
        ? null
        : estimateEnd(
            await jobPace(facts, job, campaign),
            await forecasts(app, campaign.senders, now),
            app.pace.limits.sendPerHour,
            { count, due: await dueSpan(db, job.id), unwritten: count > counts.ready },
            start,
            now,
          );
    return { eta: end === null ? null : iso(end), waits_for, problem: null };
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    return { ...nothing, problem: error.message };
  }
}

async function forecasts(app: App, names: readonly string[], now: number): Promise<SenderForecast[]> {
  const { db } = await app.openStore();
  const senders = names.flatMap((name) => app.pace.senders.get(name) ?? []);
  return Promise.all(
    senders.map(async (sender) => {
      const { name, gap, warmUp } = sender;
      const dailyCap = (await capNow(factsIn(db), sender, app.pace.timezone, now)).cap;
      const room = dailyCap === null ? 0 : Math.max(0, dailyCap - (await attemptsInDay(db, name, now, dailyCap)));
      // A full cap opens again with a day's room: the forecast begins there.
      return {
        gap,
        dailyCap,
        room: room === 0 ? (dailyCap ?? 0) : room,
        warmsUp: warmUp === null ? null : { step: warmUp.step, top: sender.dailyCap ?? Infinity },
      };
    }),
  );
}

function totalsOf(jobs: readonly JobReport[]): Totals {
  const sum = (of: (job: JobReport) => number) => jobs.reduce((total, job) => total + of(job), 0);
  return {
    jobs: jobs.length,
    total: sum(({ total }) => total),
    processed: sum(({ processed }) => processed),
    succeeded: sum(({ succeeded }) => succeeded),
    failed: sum(({ failed }) => failed),
    states: Object.fromEntries(MESSAGE_STATES.map((state) => [state, sum(({ states }) => states[state])])) as StateCounts,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
