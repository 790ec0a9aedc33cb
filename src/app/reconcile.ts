import { readAddresses } from '../csv/addresses.ts';
import { OutreachError } from '../domain/errors.ts';
import { type Finding, refusal } from '../domain/guard.ts';
import { type Held, holdRestored, type MarkedSent, markSent } from '../pipeline/reconcile.ts';
import type { Store } from '../store/database.ts';
import type { SendGuard } from '../store/sendGuard.ts';
import { anyAlive } from '../store/sqlite/lock.ts';
import type { App } from './app.ts';
import { openGuard } from './guard.ts';

/** The workspace's guard, and why it refuses; undefined when it does not. */
export async function readGuard(
  app: App,
  env: NodeJS.ProcessEnv,
): Promise<{ store: Store; guard: SendGuard; finding: Finding | undefined }> {
  const store = await app.openStore();
  const guard = openGuard(store, env);
  return { store, guard, finding: await guard.find() };
}

/** Takes the database over and holds back what may have left. */
export async function holdHere(store: Store, guard: SendGuard, finding: Finding): Promise<Held> {
  await refuseBesideWorker(store, finding);
  return holdRestored(store, guard, Date.now);
}

/** Takes the database over as it is: only where a person can know that it misses nothing. */
export async function moveHere(store: Store, guard: SendGuard, finding: Finding | undefined): Promise<void> {
  if (finding?.kind !== 'other_machine' && finding?.kind !== 'copy') {
    throw new OutreachError(
      'refused',
      finding === undefined
        ? 'this database was last sent with from here; there is nothing to move'
        : 'this database misses mails that were sent: it was not only moved',
      { hint: finding === undefined ? 'outreach status' : 'See how to go on: outreach reconcile' },
    );
  }
  await refuseBesideWorker(store, finding);
  await guard.takeOver(async () => {});
}

export async function markPeople(store: Store, path: string, name: string): Promise<MarkedSent> {
  return markSent(store, await readAddresses(path, name), name, Date.now);
}

async function refuseBesideWorker(store: Store, finding: Finding): Promise<void> {
  const place = anyAlive(store.locks) ? store.path : finding.kind === 'copy' && anyAlive(`${finding.of}.locks`) ? finding.of : undefined;
  if (place !== undefined) throw new OutreachError('refused', `a worker is running on ${place}`, { hint: 'Stop it first.' });
  if (finding.kind === 'files') throw refusal(store.path, finding);
  // The locks of workers that use the file by another path lie elsewhere.
  if (!store.isAlone()) {
    throw new OutreachError('refused', `another program has ${store.path} open, by this path or by another one`, {
      hint: 'End it first: a worker in a container, an import, outreach dash, log --follow or status --watch.',
    });
  }
}
