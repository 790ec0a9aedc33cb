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
  return {
    wait(until, signal) {
      if (signal.aborted) return Promise.resolve();
      const seen = store.dataVersion();
      return new Promise((resolve) => {
        const check = () => {
          if ((until !== null && now() >= until) || store.dataVersion() !== seen) done();
        };
        const poll = setInterval(check, DEADLINES.poll);
        const alarm = until === null ? undefined : setTimeout(check, Math.min(Math.max(0, until - now()), LONGEST_TIMER));
        const done = () => {
          clearInterval(poll);
          clearTimeout(alarm);
          signal.removeEventListener('abort', done);
          waiters.delete(done);
          resolve();
        };
        signal.addEventListener('abort', done, { once: true });
        waiters.add(done);
      });
    },
    announce() {
      for (const wake of [...waiters]) wake();
    },
  };
}
