import { abandonAttempt } from '../store/attempts.ts';
import type { Store } from '../store/database.ts';
import { noteEvent, noteEvents } from '../store/events.ts';
import { moveByHand } from '../store/messages.ts';
import { doubtSending, knownPeople, pauseUnfinished, waitingFor } from '../store/restored.ts';
import type { SendGuard } from '../store/sendGuard.ts';
import { recoverMessages } from './recoverMessages.ts';

export interface Held {
  /** Jobs that wait for `resume` now. */
  readonly jobs: readonly number[];
  /** Mails that were on their way when the copy was made. */
  readonly uncertain: number;
}

const WHY_UNCERTAIN = 'the database was restored or copied while this mail was on its way';

/** Makes a restored or copied database the one that sends, and holds back whatever may have left since it was made. No worker may run. */
export async function holdRestored(store: Store, guard: SendGuard, now: () => number): Promise<Held> {
  const held = await guard.takeOver(async (tx) => {
    const doubted = await doubtSending(tx, now(), WHY_UNCERTAIN);
    for (const { id, attempt_id } of doubted) {
      await noteEvent(tx, id, 'uncertain', now(), WHY_UNCERTAIN);
      if (attempt_id !== null) await abandonAttempt(tx, attempt_id, { now: now(), outcome: 'ambiguous', reply: WHY_UNCERTAIN });
    }
    return { jobs: await pauseUnfinished(tx, now()), uncertain: doubted.length };
  });
  // What is left in the hands of workers of back then is being written, not sent.
  await recoverMessages(store, () => false, now);
  return held;
}

export interface MarkedSent {
  /** Mails that will not be sent any more. */
  readonly messages: number;
  /** People who are no leads here: imported after the copy was made, or never. */
  readonly unknown: readonly string[];
  /** Mails that a worker is writing this moment. */
  readonly busy: number;
}

const BATCH = 500;

/**
 * These people have their mail already: what waits for them is never sent. A mail that waits becomes
 * `suppressed`, which no move leaves; an uncertain one is accepted, a failed one is not tried again, and a cancelled one stays so. Addresses are in lower case.
 */
export async function markSent(store: Store, people: readonly string[], source: string, now: () => number): Promise<MarkedSent> {
  let messages = 0;
  let busy = 0;
  const unknown: string[] = [];
  for (let from = 0; from < people.length; from += BATCH) {
    const keys = people.slice(from, from + BATCH);
    const done = await store.write(async (tx) => {
      const rows = await waitingFor(tx, keys);
      const ids = rows.map(({ id }) => id);
      const reason = `sent already, says ${source}`;
      const stopped = await moveByHand(tx, ids, ['pending', 'review', 'ready'], 'suppressed', { now: now(), reason });
      await noteEvents(tx, stopped, 'suppressed', now(), reason);
      const accepted = await moveByHand(tx, ids, ['uncertain'], 'accepted', { now: now(), reason: null });
      await noteEvents(tx, accepted, 'resolved', now(), reason);
      const over = rows.filter(({ state }) => state === 'failed' || state === 'cancelled').map(({ id }) => id);
      await noteEvents(tx, over, 'sent already', now(), reason);
      const known = new Set(await knownPeople(tx, keys));
      return {
        moved: stopped.length + accepted.length,
        waiting: rows.length - over.length,
        unknown: keys.filter((key) => !known.has(key)),
      };
    });
    messages += done.moved;
    busy += done.waiting - done.moved;
    unknown.push(...done.unknown);
  }
  return { messages, unknown, busy };
}
