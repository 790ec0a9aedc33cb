import { DEADLINES } from '../domain/deadlines.ts';
import type { Store } from '../store/database.ts';
import type { Queue } from './queue.ts';

/** setTimeout's limit; the poll notices a clock that jumps or a laptop that slept. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Polls SQLite's data version, which moves when any other process commits: a look costs a few
 * microseconds, against a claim's transaction, so an idle worker stays far below 1 % of a core.
 */
export function sqliteQueue(store: Store, now: () => number): Queue {
  const waiters = new Set<() => void>();
  let announced = 0;
  const version = () => `${store.dataVersion()}.${announced}`;
  return {
    version,
    wait(since, until, signal) {
      return new Promise((resolve) => {
        const done = () => {
          clearInterval(poll);
          clearTimeout(alarm);
          signal.removeEventListener('abort', done);
          waiters.delete(check);
          resolve();
        };
        const check = () => {
          if (signal.aborted || (until !== null && now() >= until) || moved(version, since)) done();
        };
        const poll = setInterval(check, DEADLINES.poll);
        const alarm = until === null ? undefined : setTimeout(check, Math.min(Math.max(0, until - now()), LONGEST_TIMER));
        signal.addEventListener('abort', done, { once: true });
        waiters.add(check);
        check();
      });
    },
    announce() {
      announced++;
      for (const check of [...waiters]) check();
    },
  };
}

/** A database that cannot even be asked has changed: whoever waits meets the trouble where it can be said. */
function moved(version: () => string, since: string): boolean {
  try {
    return version() !== since;
  } catch {
    return true;
  }
}
