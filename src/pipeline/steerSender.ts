import type { Store } from '../store/database.ts';
import { forgiveSender } from '../store/senderDays.ts';
import { senderNow, setSender } from '../store/senders.ts';

/** Lets a sender go on that was stopped or rests; earlier failures and bounces are forgotten. False when there was nothing to forget. */
export function resumeSender(store: Store, name: string): Promise<boolean> {
  return store.write(async (tx) => {
    const { stopped_at, failures, rest_until } = await senderNow(tx, name);
    if (stopped_at === null && failures === 0 && rest_until === 0) return false;
    await setSender(tx, name, { stopped_at: null, failures: 0, rest_until: 0, reason: null, uncertain_in_row: 0, refused_alike: null });
    await forgiveSender(tx, name);
    return true;
  });
}

/** The same for one that was stopped because `words` stand in its reason: what they ask for has been done. */
export async function resumeSenderThatWaitsFor(store: Store, name: string, words: string): Promise<boolean> {
  const { stopped_at, reason } = await senderNow(store.db, name);
  return stopped_at !== null && reason?.includes(words) === true && (await resumeSender(store, name));
}

/** Nothing more leaves by this sender until it is resumed; mails on the wire finish. */
export function stopSender(store: Store, name: string, now: number): Promise<void> {
  return store.write((tx) => setSender(tx, name, { stopped_at: now, reason: 'stopped by hand' }));
}
