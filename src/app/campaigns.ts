import { holdUnapproved } from '../pipeline/holdUnapproved.ts';
import { refreshCampaign } from '../pipeline/refreshCampaign.ts';
import type { Store } from '../store/database.ts';
import { openJobs } from '../store/jobs.ts';
import type { App } from './app.ts';

/**
 * Compares every open job's campaign with its file, so that a stale draft is not approved, and holds what its rule of review does not
 * let go any more; returns how many were voided. Throws when one cannot be read.
 */
export async function refreshCampaigns(app: App, store: Store): Promise<number> {
  let voided = 0;
  const jobs = await openJobs(store.db);
  for (const name of new Set(jobs.map(({ campaign }) => campaign))) {
    const ids = jobs.filter(({ campaign }) => campaign === name).map(({ id }) => id);
    const campaign = app.campaigns.load(name);
    voided += await refreshCampaign(store, campaign, ids, () => Date.now());
    await holdUnapproved(store, campaign, ids, () => Date.now());
  }
  return voided;
}
