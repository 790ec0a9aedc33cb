import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { campaignNames } from '../config/campaignFolder.ts';
import type { Campaign } from '../domain/campaign.ts';
import { messageOf } from '../domain/errors.ts';
import type { JobStatus } from '../domain/job.ts';
import type { StateCounts } from '../domain/message.ts';
import { jobsProgress } from '../store/progress.ts';
import type { App } from './app.ts';

/** A campaign and how far its jobs are, as `outreach campaigns` tells. */
export interface CampaignReport {
  readonly campaign: string;
  readonly path: string;
  /** What is wrong with its file; null when it can be read. */
  readonly problem: string | null;
  readonly generator: Campaign['generator'] | null;
  readonly send_mode: Campaign['send']['mode'] | null;
  readonly send_rate: number | null;
  readonly review: Campaign['review'] | null;
  readonly senders: readonly string[];
  readonly jobs: readonly { readonly id: number; readonly status: JobStatus; readonly total: number; readonly processed: number }[];
  readonly total: number;
  readonly accepted: number;
  readonly failed: number;
  /** What waits for a person: in review or uncertain. */
  readonly needs_you: number;
}

/** Every campaign of the folder, and those that jobs know but whose file is gone. */
export async function campaignReports(app: App): Promise<CampaignReport[]> {
  const jobs = existsSync(app.config.database) ? await jobsProgress((await app.openStore()).db) : [];
  const named = campaignNames(app.workspace);
  const names = [...new Set([...named, ...jobs.map(({ job }) => job.campaign)])].sort();
  return names.map((name) => {
    const own = jobs.filter(({ job }) => job.campaign === name);
    const sum = (...states: (keyof StateCounts)[]) =>
      own.reduce((all, { counts }) => all + states.reduce((few, state) => few + counts[state], 0), 0);
    return {
      campaign: name,
      path: join(app.workspace.campaigns, `${name}.md`),
      ...settingsOf(app, name),
      jobs: own.map(({ job, status, total, processed }) => ({ id: job.id, status, total, processed })),
      total: own.reduce((all, { total }) => all + total, 0),
      accepted: sum('accepted'),
      failed: sum('failed'),
      needs_you: sum('review', 'uncertain'),
    };
  });
}

type Settings = Pick<CampaignReport, 'problem' | 'generator' | 'send_mode' | 'send_rate' | 'review' | 'senders'>;

function settingsOf(app: App, name: string): Settings {
  try {
    const { generator, send, review, senders } = app.campaigns.load(name);
    return { problem: null, generator, send_mode: send.mode, send_rate: send.rate, review, senders };
  } catch (error) {
    return { problem: messageOf(error), generator: null, send_mode: null, send_rate: null, review: null, senders: [] };
  }
}
