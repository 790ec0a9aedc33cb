import { type Campaign, needsApproval } from '../domain/campaign.ts';
import type { Store } from '../store/database.ts';
import { noteEvents } from '../store/events.ts';
import { moveByHand } from '../store/messages.ts';
import { hasUnapproved, unapprovedReady } from '../store/review.ts';
import type { Tx } from '../store/schema.ts';

const BATCH = 500;
/** Mails at each end of a job's line that a look asks about: its cost does not grow with the line. */
const LOOKED_AT = 50;

type Rule = Pick<Campaign, 'review' | 'generator'>;

/**
 * Where the campaign's `review` became stricter, what is ready without an approval waits for one. The rule is not part of the
 * campaign's content, so that a stricter one does not void what was approved; nothing remembers it either, for the mails themselves
 * tell. What stands deeper in the line than a look reaches is met by the claim. Returns how many were held.
 */
export async function holdUnapproved(store: Store, campaign: Rule, jobIds: readonly number[], now: () => number): Promise<number> {
  if (!needsApproval(campaign)) return 0;
  let held = 0;
  for (const jobId of jobIds) {
    if (await hasUnapproved(store.db, jobId, LOOKED_AT)) held += await holdAll(store, campaign, jobId, now);
  }
  return held;
}

async function holdAll(store: Store, campaign: Rule, jobId: number, now: () => number): Promise<number> {
  let held = 0;
  for (let after = 0; ; ) {
    const ids = await store.write(async (tx) => {
      const unapproved = await unapprovedReady(tx, jobId, after, BATCH);
      await holdForApproval(tx, unapproved, campaign, now());
      return unapproved;
    });
    const last = ids.at(-1);
    if (last === undefined) return held;
    held += ids.length;
    after = last;
  }
}

/** ready → review within the caller's transaction: the draft stays, and leaves once a person has approved it. */
export async function holdForApproval(tx: Tx, ids: readonly number[], { review }: Rule, now: number): Promise<void> {
  if (ids.length === 0) return;
  const reason = `waits for approval: the campaign says review: ${review} now`;
  await noteEvents(tx, await moveByHand(tx, ids, ['ready'], 'review', { now, reason }), 'held', now, reason);
}
