import type { Recovered } from '../pipeline/recoverMessages.ts';
import type { Store } from '../store/database.ts';
import { holders } from '../store/recovery.ts';
import { isAlive } from '../store/sqlite/lock.ts';
import { refusalOf } from './guard.ts';

/**
 * What workers that are gone still hold is taken over by whoever writes next, or a lead would look busy until
 * its time limit. One look at an index that is empty when nothing is held. Undefined when there was nothing.
 */
export async function takeOver(store: Store, env: NodeJS.ProcessEnv): Promise<Recovered | undefined> {
  if ((await holders(store.db)).every((id) => isAlive(store.locks, id))) return undefined;
  const { recoverMessages, sumOfRecovered } = await import('../pipeline/recoverMessages.ts');
  // A copy does not know what left since: only `reconcile` may say what became of mails on their way.
  const isOurs = (await refusalOf(store, env)) === null;
  const recovered = await recoverMessages(store, (id) => isAlive(store.locks, id), Date.now, isOurs);
  return sumOfRecovered(recovered) === 0 ? undefined : recovered;
}
