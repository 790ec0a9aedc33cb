import type { Campaign } from '../domain/campaign.ts';
import { findCampaign, recordContent } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import { deleteDrafts } from '../store/drafts.ts';
import { noteEvents } from '../store/events.ts';
import { moveByHand, staleDrafts } from '../store/messages.ts';
import { noteVoided, reviewedDrafts } from '../store/review.ts';
import type { Tx } from '../store/schema.ts';

const BATCH = 500;

/**
 * What was approved is what is sent: when the campaign's content is not what the database knows,
 * every draft and approval made from the old one is void. Returns how many were voided. Any that a
 * crash leaves behind are met by the claim, which voids them one by one.
 */
export async function refreshCampaign(store: Store, campaign: Campaign, jobIds: readonly number[], now: () => number): Promise<number> {
  const known = await findCampaign(store.db, campaign.name);
  if (known === undefined || known.content_hash === campaign.contentHash) return 0;
  if (!(await store.write((tx) => recordContent(tx, known.id, campaign.contentHash)))) return 0;
  let voided = 0;
  for (const jobId of jobIds) {
    for (const state of ['ready', 'review'] as const) voided += await voidStale(store, jobId, campaign.contentHash, state, now);
  }
  return voided;
}

/** Whether the database knows this content of the campaign, or nothing of it yet. */
export async function isCurrent(store: Store, campaign: Campaign): Promise<boolean> {
  const known = await findCampaign(store.db, campaign.name);
  return known === undefined || known.content_hash === campaign.contentHash;
}

async function voidStale(store: Store, jobId: number, contentHash: string, state: 'ready' | 'review', now: () => number): Promise<number> {
  for (let voided = 0; ; ) {
    const moved = await store.write(async (tx) => {
      const ids = await staleDrafts(tx, jobId, contentHash, state, BATCH);
      return voidMessages(tx, ids, now(), 'the campaign changed');
    });
    voided += moved;
    if (moved === 0) return voided;
  }
}

/** Why a person's own wish voids a draft: they need not be told of it. */
export const WRITE_AGAIN = 'to be written again';

/** ready, review → pending within the caller's transaction; drafts and approvals go. The job remembers how many of them a person had before them. */
export async function voidMessages(tx: Tx, ids: readonly number[], now: number, reason: string): Promise<number> {
  if (ids.length === 0) return 0;
  const untold = reason === WRITE_AGAIN ? [] : await reviewedDrafts(tx, ids);
  for (const { job, count } of untold) await noteVoided(tx, { job, count, at: now, reason });
  const moved = await moveByHand(tx, ids, ['ready', 'review'], 'pending', { now, reason });
  await deleteDrafts(tx, moved);
  await noteEvents(tx, moved, 'voided', now, reason);
  return moved.length;
}
