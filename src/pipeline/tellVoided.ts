import type { Store } from '../store/database.ts';
import type { Selection } from '../store/messages.ts';
import { forgetVoided, type VoidedDrafts, voidedDrafts } from '../store/review.ts';

/** Drafts that waited for a person and were voided meanwhile, for them to be told of; said once a person has decided here. */
export async function tellVoided(store: Store, selection: Selection): Promise<VoidedDrafts[]> {
  const voided = await voidedDrafts(store.db, selection);
  if (voided.length > 0)
    await store.write(async (tx) => {
      for (const one of voided) await forgetVoided(tx, one);
    });
  return voided;
}
