import type { JobStatus, SendMode } from '../domain/job.ts';
import { MESSAGE_STATES, OPEN_STATES, type StateCounts, sumOf } from '../domain/message.ts';
import { estimateEnd } from '../domain/pace.ts';
import { usagePeriod } from '../domain/usage.ts';
import { jobPace } from '../pipeline/gates.ts';
import { attemptsInDay } from '../store/attempts.ts';
import { type JobProgress, jobsProgress } from '../store/progress.ts';
import { senderNow } from '../store/senders.ts';
import { isAlive } from '../store/sqlite/lock.ts';
import { usageIn } from '../store/usage.ts';
import { unstoppedWorkers } from '../store/workers.ts';
import type { App } from './app.ts';

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
}

export interface JobReport {
  readonly id: number;
  readonly campaign: string;
  readonly status: JobStatus;
  readonly source: string;
  readonly send_mode: SendMode;
  readonly send_rate: number | null;
  readonly scheduled_for: string | null;
  readonly created_at: string;
  readonly total: number;
  readonly processed: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly states: StateCounts;
  readonly eta: string | null;
}

interface Totals {
  readonly jobs: number;
  readonly total: number;
  readonly processed: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly states: StateCounts;
}

interface SenderReport {
  readonly name: string;
  readonly type: string;
  readonly from: string;
  readonly sent_24h: number;
  readonly daily_cap: number | null;
  readonly next_send_at: string | null;
  readonly rest_until: string | null;
  readonly reason: string | null;
}

export async function readStatus(app: App): Promise<Status> {
  const now = Date.now();
  const store = await app.openStore();
  const jobs = (await jobsProgress(store.db)).map((progress) => jobReport(app, progress, now));
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
    senders: await Promise.all(app.config.senders.map((sender) => senderReport(app, sender.name, now))),
  };
}

export function jobReport(app: App, { job, status, counts, total, processed }: JobProgress, now: number): JobReport {
  return {
    id: job.id,
    campaign: job.campaign,
    status,
    source: job.source,
    send_mode: job.send_mode,
    send_rate: job.send_rate,
    scheduled_for: job.scheduled_for === null ? null : iso(job.scheduled_for),
    created_at: iso(job.created_at),
    total,
    processed,
    succeeded: counts.accepted,
    failed: counts.failed,
    states: counts,
    eta: etaOf(app, job, counts, now),
  };
}

function etaOf(app: App, job: JobProgress['job'], counts: StateCounts, now: number): string | null {
  try {
    const campaign = app.campaigns.load(job.campaign);
    const senders = campaign.senders.flatMap((name) => app.pace.senders.get(name) ?? []);
    const end = estimateEnd(jobPace(job, campaign), senders, app.pace.limits.sendPerHour, sumOf(counts, OPEN_STATES), now);
    return end === null ? null : iso(end);
  } catch {
    // A campaign that cannot be read has no forecast; the worker and `campaign` errors say why.
    return null;
  }
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

async function senderReport(app: App, name: string, now: number): Promise<SenderReport> {
  const { db } = await app.openStore();
  const sender = app.config.senders.find((candidate) => candidate.name === name);
  const row = await senderNow(db, name);
  return {
    name,
    type: sender?.type ?? '',
    from: sender?.from ?? '',
    sent_24h: await attemptsInDay(db, name, now),
    daily_cap: app.pace.senders.get(name)?.dailyCap ?? null,
    next_send_at: row.next_send_at > now ? iso(row.next_send_at) : null,
    rest_until: row.rest_until > now ? iso(row.rest_until) : null,
    reason: row.rest_until > now ? row.reason : null,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
