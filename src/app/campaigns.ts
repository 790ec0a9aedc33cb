import { refreshCampaign } from '../pipeline/refreshCampaign.ts';
import type { Store } from '../store/database.ts';
import { openJobs } from '../store/jobs.ts';
import type { App } from './app.ts';

/** Compares every open job's campaign with its file, so that a stale draft is not approved; returns how many were voided. Throws when one cannot be read. */
export async function refreshCampaigns(app: App, store: Store): Promise<number> {
  let voided = 0;
  const jobs = await openJobs(store.db);
  for (const name of new Set(jobs.map(({ campaign }) => campaign))) {
    const ids = jobs.filter(({ campaign }) => campaign === name).map(({ id }) => id);
    voided += await refreshCampaign(store, app.campaigns.load(name), ids, () => Date.now());
  }
  return voided;
}
