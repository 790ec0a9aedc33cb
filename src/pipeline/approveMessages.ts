import { shortHash } from '../domain/reviewHash.ts';
import { contentOf } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import { noteEvent, noteEvents } from '../store/events.ts';
import { findMessage, idsInState, moveByHand, type Selection } from '../store/messages.ts';
import { approveDrafts } from '../store/review.ts';
import type { Tx } from '../store/schema.ts';
import { voidMessages } from './refreshCampaign.ts';

const BATCH = 500;

export interface Approval {
  readonly approved: number;
  /** Held without a draft: there is nothing that could be sent. */
  readonly without_draft: number;
  /** Drafted from a campaign that has changed since: drafted anew instead. */
  readonly voided: number;
  /** Written anew since they were shown: left in review. */
  readonly changed: number;
}

/** What a person has seen: the hash of each mail that was shown to them; null of one that had no draft. */
export type Shown = ReadonlyMap<number, string | null>;

interface ApprovalOptions {
  /** Who approves. */
  readonly actor: string;
  /** Whatever is not in it, or has another hash by now, stays in review. Undefined: a person approves without having seen them. */
  readonly shown?: Shown;
}

/** review → ready. What is approved is the frozen mail that review showed, byte for byte, and the story says by whom. */
export async function approveMessages(
  store: Store,
  selection: Selection,
  now: () => number,
  { actor, shown }: ApprovalOptions,
): Promise<Approval> {
  const total = { approved: 0, without_draft: 0, voided: 0, changed: 0 };
  for await (const ids of batches(store, selection, shown)) {
    const batch = await store.write(async (tx) => {
      const sorted = await sortForApproval(tx, ids, shown);
      const approved = await approveDrafts(tx, sorted.approvable, now());
      for (const { id, hash } of approved) await noteEvent(tx, id, 'approved', now(), shortHash(hash), actor);
      const voided = await voidMessages(tx, sorted.outdated, now(), 'the campaign changed');
      return { approved: approved.length, without_draft: sorted.withoutDraft, voided, changed: sorted.changed };
    });
    for (const key of ['approved', 'without_draft', 'voided', 'changed'] as const) total[key] += batch[key];
  }
  return total;
}

/** review → cancelled: this lead gets no mail from this job. */
export async function rejectMessages(store: Store, selection: Selection, now: () => number, actor: string): Promise<number> {
  let rejected = 0;
  for await (const ids of batches(store, selection)) {
    rejected += await store.write(async (tx) => {
      const moved = await moveByHand(tx, ids, ['review'], 'cancelled', { now: now(), reason: 'rejected' });
      await noteEvents(tx, moved, 'rejected', now(), null, actor);
      return moved.length;
    });
  }
  return rejected;
}

/** Of a job with a million in review no more is read than was shown. */
async function* batches(store: Store, selection: Selection, shown?: Shown): AsyncGenerator<number[]> {
  const end = shown === undefined ? Infinity : [...shown.keys()].reduce((last, id) => Math.max(last, id), 0);
  for (let after = 0; after < end; ) {
    const ids = await idsInState(store.db, ['review'], selection, after, BATCH);
    const last = ids.at(-1);
    if (last === undefined) return;
    yield shown === undefined ? ids : ids.filter((id) => shown.has(id));
    after = last;
  }
}

async function sortForApproval(tx: Tx, ids: readonly number[], shown: Shown | undefined) {
  const sorted = { approvable: [] as number[], outdated: [] as number[], withoutDraft: 0, changed: 0 };
  const contents = new Map<number, string>();
  for (const id of ids) {
    const row = await findMessage(tx, id);
    if (row === undefined || row.state !== 'review') continue;
    const content = contents.get(row.campaign_id) ?? (await contentOf(tx, row.campaign_id));
    contents.set(row.campaign_id, content);
    if (row.frozen_sha256 === null) sorted.withoutDraft++;
    else if (row.content_hash !== content) sorted.outdated.push(id);
    else if (shown === undefined || row.frozen_sha256 === shown.get(id)) sorted.approvable.push(id);
    else sorted.changed++;
  }
  return sorted;
}
