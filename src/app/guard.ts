import { machineId, stateFolder } from '../config/machine.ts';
import { describeFinding } from '../domain/guard.ts';
import type { Store } from '../store/database.ts';
import { SendGuard } from '../store/sendGuard.ts';

interface GuardOptions {
  readonly warn?: (what: string) => void;
  /** Asks no other program for the machine's id. */
  readonly quick?: boolean;
}

/** The guard against sending from a copied or restored database, with this machine's id and this user's state folder. */
export function openGuard(store: Store, env: NodeJS.ProcessEnv, { warn = () => {}, quick = false }: GuardOptions = {}): SendGuard {
  const here = { env, platform: process.platform };
  return new SendGuard(store, { state: stateFolder(here), machine: machineId(here, { quick }), warn });
}

/** Why this database sends nothing before `outreach reconcile`; null when it sends, as far as a quick look can tell. */
export async function refusalOf(store: Store, env: NodeJS.ProcessEnv): Promise<string | null> {
  const finding = await openGuard(store, env, { quick: true }).find();
  return finding === undefined ? null : `${store.path} ${describeFinding(finding)}`;
}
