import type { PauseReason } from '../domain/job.ts';
import { type FailureRow, failureReasons, latestIn, type NamedMail } from '../store/statistics.ts';
import type { App } from './app.ts';
import { campaignRow, readStatistics, type Statistics } from './statistics.ts';
import { type JobReport, readStatus, type Status } from './status.ts';

/** What the page of `outreach report` is made from. */
export interface Report {
  readonly campaign: string;
  readonly statistics: Statistics;
  readonly failures: readonly FailureRow[];
  readonly failed: readonly NamedMail[];
  readonly uncertain: readonly NamedMail[];
  readonly review: readonly NamedMail[];
  readonly needs: readonly Need[];
}

/** Something that only a person can settle. */
interface Need {
  readonly what: string;
  readonly command: string;
}

/** Domains with a line of their own. */
const TOP = 15;
/** Mails of one kind that are named; the rest is counted. */
export const MOST_NAMED = 200;

export async function readReport(app: App, env: NodeJS.ProcessEnv, campaign: string, now: number): Promise<Report> {
  const { db } = await app.openStore();
  const statistics = await readStatistics(app, { campaign, since: undefined, top: TOP, now });
  const id = await campaignRow(app, db, campaign);
  return {
    campaign,
    statistics,
    failures: await failureReasons(db, id),
    failed: await latestIn(db, id, 'failed', MOST_NAMED),
    uncertain: await latestIn(db, id, 'uncertain', MOST_NAMED),
    review: await latestIn(db, id, 'review', MOST_NAMED),
    needs: needsOf(await readStatus(app, env), campaign),
  };
}

function needsOf({ refuses, worker_refuses, senders, workers, jobs }: Status, campaign: string): Need[] {
  const own = jobs.filter((job) => job.campaign === campaign && job.status !== 'cancelled');
  const waiting = own.some(
    ({ status, states }) => status !== 'paused' && states.pending + states.drafting + states.ready + states.sending > 0,
  );
  return [
    ...(refuses === null ? [] : [{ what: `Nothing is sent: ${refuses}`, command: 'outreach reconcile' }]),
    ...senders
      .filter(({ stopped_at }) => stopped_at !== null)
      .map(({ name, reason }) => ({
        what: `Sender ${name} is stopped: ${reason ?? 'by hand'}`,
        command: `outreach senders resume ${name}`,
      })),
    ...own.flatMap(needsOfJob),
    ...(worker_refuses === null ? [] : [{ what: `No worker starts: ${worker_refuses}`, command: 'outreach config check' }]),
    ...(waiting && worker_refuses === null && workers.every(({ alive }) => !alive)
      ? [{ what: 'Mails wait, and no worker is running', command: 'outreach worker' }]
      : []),
  ];
}

function needsOfJob({ id, states, problem, import_complete, paused_reason, status, writing }: JobReport): Need[] {
  const needs: Need[] = [];
  const list = `outreach messages --job ${id} --state`;
  if (problem !== null) needs.push({ what: `Job ${id} is held back: ${problem}`, command: `outreach jobs ${id}` });
  if (!import_complete)
    needs.push({ what: `The import of job ${id} is not complete, so nothing of it is sent`, command: `outreach jobs ${id}` });
  if (status === 'paused') needs.push({ what: `Job ${id} is paused${whyPaused(paused_reason)}`, command: `outreach resume ${id}` });
  if (states.uncertain > 0)
    needs.push({
      what: `Of job ${id} nobody can tell whether ${states.uncertain} left; say what became of them`,
      command: `${list} uncertain`,
    });
  if (states.review > 0) needs.push({ what: `Job ${id} has ${states.review} in review`, command: `${list} review` });
  if (writing?.budget_reached === true && states.pending > 0)
    needs.push({ what: `Job ${id} has spent ai.budget_usd; nothing more is written for it`, command: 'outreach cost' });
  return needs;
}

function whyPaused(reason: PauseReason | null): string {
  if (reason === null) return ' by hand';
  return {
    overdue: ': its start was long over',
    canary: ': too many of its first mails came back',
    restored: ': its database was restored',
  }[reason];
}
