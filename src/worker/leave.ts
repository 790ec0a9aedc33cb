import { messageOf } from '../domain/errors.ts';
import { giveBackAll, type Recovered, sumOfRecovered } from '../pipeline/recoverMessages.ts';
import type { Store } from '../store/database.ts';
import { heldBy } from '../store/recovery.ts';
import { storageError } from '../store/troubles.ts';
import type { Stage } from './stage.ts';

/** Mails that a worker had to leave in its own hands, and why. `mails` is null when even that cannot be read. */
export interface Unreturned {
  readonly mails: number | null;
  readonly trouble: string;
}

interface Leaving {
  readonly store: Store;
  readonly worker: string;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** There is no time left. */
  readonly giveUp: AbortSignal;
  returned(given: Recovered & { readonly ids: readonly number[] }): void;
}

/**
 * Nothing stays in the hands of a worker that ends: what a failed step has left goes back, and a disk that
 * refuses is asked again until there is no time left. Tells what could not be given back. Never throws: it
 * runs while an error may be on its way.
 */
export async function leave({ store, worker, now, sleep, giveUp, returned }: Leaving, stage: Stage): Promise<Unreturned | undefined> {
  for (let pause = 100; ; pause = Math.min(pause * 2, 500)) {
    try {
      const given = await giveBackAll(store, worker, now);
      if (sumOfRecovered(given) > 0) returned(given);
      return undefined;
    } catch (error) {
      const mails = await heldBy(store.db, [worker]).then(
        ({ length }) => length,
        () => null,
      );
      // A goodbye that is not written down is told by the lock.
      if (mails === 0) return undefined;
      const trouble = storageError(error);
      if (trouble === undefined || giveUp.aborted) return { mails, trouble: messageOf(trouble ?? error) };
      stage.noteTrouble(trouble);
      await sleep(pause);
    }
  }
}
