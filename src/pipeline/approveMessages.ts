import { contentOf } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import { noteEvents } from '../store/events.ts';
import { findMessage, idsInState, moveByHand, type Selection } from '../store/messages.ts';
import type { Tx } from '../store/schema.ts';
import { voidMessages } from './refreshCampaign.ts';

const BATCH = 500;

export interface Approval {
  readonly approved: number;
  /** Held without a draft: there is nothing that could be sent. */
  readonly without_draft: number;
  /** Drafted from a campaign that has changed since: drafted anew instead. */
  readonly voided: number;
}

/**
 * review → ready. What is approved is the frozen mail that review showed, byte for byte. `shown`: the SHA-256 of the one that a
 * person has before their eyes, null where they saw none; another one, written meanwhile, stays in review.
 */
export async function approveMessages(store: Store, selection: Selection, now: () => number, shown?: string | null): Promise<Approval> {
  const total = { approved: 0, without_draft: 0, voided: 0 };
  for await (const ids of batches(store, selection)) {
    const batch = await store.write(async (tx) => {
      const sorted = await sortForApproval(tx, ids, shown);
      const moved = await moveByHand(tx, sorted.approvable, ['review'], 'ready', { now: now(), reason: null });
      await noteEvents(tx, moved, 'approved', now());
      const voided = await voidMessages(tx, sorted.outdated, now(), 'the campaign changed');
      return { approved: moved.length, without_draft: sorted.withoutDraft, voided };
    });
    total.approved += batch.approved;
    total.without_draft += batch.without_draft;
    total.voided += batch.voided;
  }
  return total;
}

/** review → cancelled: this lead gets no mail from this job. */
export async function rejectMessages(store: Store, selection: Selection, now: () => number): Promise<number> {
  let rejected = 0;
  for await (const ids of batches(store, selection)) {
    rejected += await store.write(async (tx) => {
      const moved = await moveByHand(tx, ids, ['review'], 'cancelled', { now: now(), reason: 'rejected' });
      await noteEvents(tx, moved, 'rejected', now());
      return moved.length;
    });
  }
  return rejected;
}

async function* batches(store: Store, selection: Selection): AsyncGenerator<number[]> {
  for (let after = 0; ; ) {
    const ids = await idsInState(store.db, ['review'], selection, after, BATCH);
    const last = ids.at(-1);
    if (last === undefined) return;
    yield ids;
    after = last;
  }
}

async function sortForApproval(tx: Tx, ids: readonly number[], shown: string | null | undefined) {
  const sorted = { approvable: [] as number[], outdated: [] as number[], withoutDraft: 0 };
  const contents = new Map<number, string>();
  for (const id of ids) {
    const row = await findMessage(tx, id);
    if (row === undefined || row.state !== 'review') continue;
    const content = contents.get(row.campaign_id) ?? (await contentOf(tx, row.campaign_id));
    contents.set(row.campaign_id, content);
    if (row.frozen_sha256 === null) sorted.withoutDraft++;
    else if (row.content_hash !== content) sorted.outdated.push(id);
    else if (shown === undefined || row.frozen_sha256 === shown) sorted.approvable.push(id);
  }
  return sorted;
}
