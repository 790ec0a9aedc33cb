import { isHash, ListHash } from '../domain/reviewHash.ts';
import type { Store } from '../store/database.ts';
import type { Selection } from '../store/messages.ts';
import { reviewPage } from '../store/review.ts';
import type { Shown } from './approveMessages.ts';

const PAGE = 1_000;

export interface ReviewList {
  /** How many wait, and the hash of that list as a whole. */
  readonly length: number;
  readonly hash: string;
  /** The part that somebody has seen: the list's beginning with the hash they name. Undefined when there is none, or nobody asked. */
  readonly shown: Shown | undefined;
}

/**
 * What waits in review, in the order in which `messages` lists it. `digits` name what somebody was shown, which is its beginning:
 * a terminal shows 50 rows, and `--limit` as many as it says.
 */
export async function reviewList(store: Store, selection: Pick<Selection, 'jobId'>, digits?: string): Promise<ReviewList> {
  const list = new ListHash();
  const seen = new Map<number, string | null>();
  let found = false;
  for (let after = 0; ; ) {
    const page = await reviewPage(store.db, selection, after, PAGE);
    const last = page.at(-1);
    if (last === undefined) break;
    for (const mail of page) {
      list.add(mail);
      if (digits === undefined || found) continue;
      seen.set(mail.id, mail.hash);
      found = isHash(list.digest(), digits);
    }
    after = last.id;
  }
  return { length: list.length, hash: list.digest(), shown: found ? seen : undefined };
}
