import type { Campaign } from '../domain/campaign.ts';
import { OutreachError } from '../domain/errors.ts';
import { localDay } from '../domain/localDay.ts';
import { type Forecast, type ForecastSpan, forecast } from '../pipeline/forecast.ts';
import { abandonedMails, returningMails } from '../store/abandoned.ts';
import { countsOf, type NamedJob, openJobs } from '../store/jobs.ts';
import type { App } from './app.ts';
import { refusalOf } from './guard.ts';
import { workerRefusal } from './status.ts';

/** What `outreach plan` tells; times are ISO 8601 UTC, dates those of `timezone`. */
export interface Plan {
  readonly from: string;
  readonly until: string;
  readonly timezone: string;
  readonly total: number;
  readonly days: readonly PlannedDay[];
  readonly jobs: readonly PlannedJob[];
  /** Why nothing is sent before `outreach reconcile`, and what keeps a worker from starting; the forecast is of the time after that. */
  readonly refuses: string | null;
  readonly worker_refuses: string | null;
}

interface PlannedDay {
  readonly date: string;
  readonly total: number;
  readonly jobs: readonly { readonly id: number; readonly mails: number }[];
  readonly senders: readonly { readonly name: string; readonly mails: number }[];
}

export interface PlannedJob {
  readonly id: number;
  readonly campaign: string;
  readonly mails: number;
  readonly left: number;
  readonly ends_at: string | null;
  /** Mails that a person must approve or resolve first; they are in no count. */
  readonly review: number;
  readonly uncertain: number;
  /** Gates that only a person opens. */
  readonly held_by: readonly string[];
  readonly problem: string | null;
}

export async function readPlan(app: App, span: ForecastSpan, env: NodeJS.ProcessEnv): Promise<Plan> {
  const store = await app.openStore();
  const { db } = store;
  const jobs = await openJobs(db);
  const readable: { job: NamedJob; campaign: Campaign }[] = [];
  const problems = new Map<number, string>();
  for (const job of jobs) {
    try {
      readable.push({ job, campaign: app.campaigns.load(job.campaign) });
    } catch (error) {
      if (!(error instanceof OutreachError)) throw error;
      problems.set(job.id, error.message);
    }
  }
  const found = await forecast(db, readable, app.pace, { ...span, returning: returningMails(await abandonedMails(store)) });
  const planned: PlannedJob[] = [];
  for (const { id, campaign } of jobs) {
    const { review, uncertain } = await countsOf(db, id);
    const outlook = found.jobs.find(({ jobId }) => jobId === id);
    planned.push({
      id,
      campaign,
      mails: found.mails.filter(({ jobId }) => jobId === id).length,
      left: outlook?.left ?? 0,
      ends_at: outlook?.endsAt == null ? null : new Date(outlook.endsAt).toISOString(),
      review,
      uncertain,
      held_by: (outlook?.held ?? []).map(({ gate }) => gate),
      problem: problems.get(id) ?? null,
    });
  }
  const { timezone } = app.pace;
  return {
    from: new Date(span.from).toISOString(),
    until: new Date(span.until).toISOString(),
    timezone,
    total: found.mails.length,
    days: daysOf(found, timezone, span),
    jobs: planned,
    refuses: await refusalOf(store, env),
    worker_refuses: workerRefusal(app),
  };
}

/** Every day up to the last one with a mail, those without one included. */
function daysOf({ mails }: Forecast, zone: string, { from }: ForecastSpan): PlannedDay[] {
  const days: PlannedDay[] = [];
  let next = 0;
  for (let day = localDay(zone, from); next < mails.length; day = localDay(zone, day.end)) {
    const jobs = new Map<number, number>();
    const senders = new Map<string, number>();
    const first = next;
    for (let mail = mails[next]; mail !== undefined && mail.at < day.end; mail = mails[++next]) {
      jobs.set(mail.jobId, (jobs.get(mail.jobId) ?? 0) + 1);
      senders.set(mail.sender, (senders.get(mail.sender) ?? 0) + 1);
    }
    days.push({
      date: day.date,
      total: next - first,
      jobs: [...jobs].map(([id, count]) => ({ id, mails: count })),
      senders: [...senders].map(([name, count]) => ({ name, mails: count })),
    });
  }
  return days;
}
