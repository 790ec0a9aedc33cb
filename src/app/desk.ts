import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { stampOf } from '../config/campaignFolder.ts';
import type { Workspace } from '../config/workspace.ts';
import { OutreachError } from '../domain/errors.ts';
import { plannedRate } from '../domain/estimate.ts';
import { localDay } from '../domain/localDay.ts';
import type { JobProgress, MessageStory } from '../store/progress.ts';
import { activeDays } from '../store/senderDays.ts';
import { actorName } from './actor.ts';
import { type App, openApp } from './app.ts';
import { refreshCampaigns } from './campaigns.ts';
import { refusalOf } from './guard.ts';
import { type SenderReport, senderReports } from './senderReports.ts';
import { type JobReport, jobReport, workerRefusal } from './status.ts';
import { uncertainHints } from './uncertainHints.ts';

/** A database that another program holds must not freeze a screen for as long as a command would wait. */
const PATIENCE_MS = 150;

/** Of a job: what `status` says, and how many mails an hour its pace lets out; null when nothing limits it. */
export type JobOutlook = JobReport & { readonly planned_rate: number | null };

/** Of a sender: what `status` says, and which day of its warm-up this is; null without one. */
export type SenderOutlook = SenderReport & { readonly warm_up_day: number | null };

/** What a screen that stays open works with. Throws an `OutreachError` when settings or database cannot be opened now. */
export async function openDesk(workspace: Workspace, env: NodeJS.ProcessEnv) {
  const settings = stampOf(workspace.configFile);
  const app = await openApp(workspace, { patience: PATIENCE_MS });
  const path = app.config.database;
  if (!existsSync(path))
    throw new OutreachError('environment', `there is no database at ${path}`, { hint: 'The first outreach import makes it.' });
  const opened = statSync(path);
  const store = await app.openStore();
  return {
    store,
    name: basename(workspace.root),
    timezone: app.config.identity.timezone,
    mailsAMonth: app.pace.limits.emailsPerMonth,
    /** False when another database lies in its place, or other files beside it, or other settings: it is opened anew then. */
    stands() {
      const now = statSync(path, { throwIfNoEntry: false });
      const same = now?.ino === opened.ino && now.dev === opened.dev && store.files.change() === undefined;
      return same && stampOf(workspace.configFile) === settings;
    },
    job: (progress: JobProgress, now: number) => jobOutlook(app, progress, now),
    senders: (now: number, sent: (name: string) => number) => senderOutlooks(app, now, sent),
    senderNames: app.config.senders.map(({ name }) => name),
    refusal: () => refusalOf(store, env),
    workerRefusal: workerRefusal(app),
    actor: actorName(),
    /** Read from the files themselves: what is stale must not be approved. */
    async refreshCampaigns() {
      const files = await openApp(workspace);
      return refreshCampaigns(files, store);
    },
    hints: (story: MessageStory) => uncertainHints(app.config.senders, story),
    close: () => app.close(),
  };
}

async function jobOutlook(app: App, progress: JobProgress, now: number): Promise<JobOutlook> {
  const report = await jobReport(app, progress, now);
  const { job } = progress;
  if (report.problem !== null) return { ...report, planned_rate: null };
  try {
    const senders = app.campaigns.load(job.campaign).senders.flatMap((name) => app.pace.senders.get(name) ?? []);
    const pace = { mode: job.send_mode, rate: job.send_rate };
    return { ...report, planned_rate: plannedRate(pace, senders, app.pace.limits.sendPerHour) };
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    return { ...report, planned_rate: null };
  }
}

async function senderOutlooks(app: App, now: number, sent: (name: string) => number): Promise<SenderOutlook[]> {
  const { db } = await app.openStore();
  const { date } = localDay(app.pace.timezone, now);
  const outlooks: SenderOutlook[] = [];
  for (const report of await senderReports(app, now, sent)) {
    const warmsUp = app.pace.senders.get(report.name)?.warmUp != null;
    outlooks.push({ ...report, warm_up_day: warmsUp ? (await activeDays(db, report.name, date)).earlier + 1 : null });
  }
  return outlooks;
}
