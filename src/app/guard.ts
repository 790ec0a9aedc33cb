import { machineId, stateFolder } from '../config/machine.ts';
import { describeFinding } from '../domain/guard.ts';
import type { Store } from '../store/database.ts';
import { SendGuard } from '../store/sendGuard.ts';

/** The guard against sending from a copied or restored database, with this machine's id and this user's state folder. */
export function openGuard(store: Store, env: NodeJS.ProcessEnv, warn: (what: string) => void = () => {}): SendGuard {
  const { platform } = process;
  return new SendGuard(store, { state: stateFolder({ env, platform }), machine: machineId({ env, platform }), warn });
}

/** Why this database sends nothing before `outreach reconcile`; null when it sends. */
export async function refusalOf(store: Store, env: NodeJS.ProcessEnv): Promise<string | null> {
  const finding = await openGuard(store, env).find();
  return finding === undefined ? null : `${store.path} ${describeFinding(finding)}`;
}
