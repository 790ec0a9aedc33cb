import { FORGOTTEN } from '../domain/personKey.ts';
import { stillOpenUntil } from '../store/attempts.ts';
import { contentOf } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import { deleteDrafts } from '../store/drafts.ts';
import { hasEvent, noteEvent } from '../store/events.ts';
import { jobNow } from '../store/jobs.ts';
import { findMessage, idsInState, moveByHand, type Selection } from '../store/messages.ts';
import { prospectById } from '../store/prospects.ts';
import type { Db, Tx } from '../store/schema.ts';
import { suppressionOf } from '../store/suppressions.ts';

const BATCH = 500;

export interface Retried {
  readonly retried: number;
  /** Left as they are: the address is suppressed. */
  readonly suppressed: number;
  /** Left as they are: the job is cancelled. */
  readonly cancelled: number;
  /** Left as they are: a list given to `reconcile` names them. */
  readonly sent_already: number;
  /** Left as they are: their last try may still be accepted. */
  readonly on_its_way: number;
}

/** Why a failed message is not tried again. */
export type RetryBar = Exclude<keyof Retried, 'retried'>;

/** failed → ready, or pending when its draft no longer stands. Never for a suppressed address. */
export async function retryMessages(store: Store, selection: Selection, now: () => number): Promise<Retried> {
  const total = { retried: 0, suppressed: 0, cancelled: 0, sent_already: 0, on_its_way: 0 };
  for (let after = 0; ; ) {
    const ids = await idsInState(store.db, ['failed'], selection, after, BATCH);
    const last = ids.at(-1);
    if (last === undefined) return total;
    const ends = await store.write(async (tx) => {
      const all: (keyof Retried)[] = [];
      for (const id of ids) all.push(await retryOne(tx, id, now()));
      return all;
    });
    for (const end of ends) total[end]++;
    after = last;
  }
}

/** What keeps a failed message from being tried again; undefined when nothing does. */
export async function retryBar(db: Db, id: number, now: number): Promise<RetryBar | undefined> {
  const row = await findMessage(db, id);
  if (row === undefined || row.state !== 'failed') return 'cancelled';
  if ((await jobNow(db, row.job_id)).cancelled_at !== null) return 'cancelled';
  const { email_key } = await prospectById(db, row.prospect_id);
  // A forgotten person may have been let back in since; their old row has no address any more.
  if (email_key.startsWith(FORGOTTEN) || (await suppressionOf(db, email_key)) !== undefined) return 'suppressed';
  // As far as this restored database knows it failed; it left from a newer one.
  if (await hasEvent(db, id, 'sent already')) return 'sent_already';
  return (await stillOpenUntil(db, row)) > now ? 'on_its_way' : undefined;
}

async function retryOne(tx: Tx, id: number, now: number): Promise<keyof Retried> {
  const bar = await retryBar(tx, id, now);
  const row = await findMessage(tx, id);
  if (bar !== undefined || row === undefined) return bar ?? 'cancelled';
  const stands = row.frozen_sha256 !== null && row.content_hash === (await contentOf(tx, row.campaign_id));
  if (!stands) await deleteDrafts(tx, [id]);
  await moveByHand(tx, [id], ['failed'], stands ? 'ready' : 'pending', { now, reason: null, dueAt: now, tries: 0 });
  await noteEvent(tx, id, 'retry asked', now);
  return 'retried';
}
