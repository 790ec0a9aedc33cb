import type { Store } from './database.ts';
import type { Db, Tx, WorkerRow } from './schema.ts';
import { isAlive } from './sqlite/lock.ts';

/** `accounts`: what it asks for each sender whose requests may be repeated. */
export async function registerWorker(
  tx: Tx,
  worker: Omit<WorkerRow, 'stopped_at' | 'accounts'>,
  accounts: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  await tx
    .insertInto('workers')
    .values({ ...worker, stopped_at: null, accounts: JSON.stringify(Object.fromEntries(accounts)) })
    .execute();
}

export async function markStopped(tx: Tx, id: string, now: number): Promise<void> {
  await tx.updateTable('workers').set({ stopped_at: now }).where('id', '=', id).where('stopped_at', 'is', null).execute();
}

/** Workers that have not said goodbye: running, frozen or dead. */
export function unstoppedWorkers(db: Db): Promise<WorkerRow[]> {
  return db.selectFrom('workers').selectAll().where('stopped_at', 'is', null).orderBy('started_at').execute();
}

/** Whether any worker's process runs on this machine. */
export async function hasLiveWorker({ db, locks }: Pick<Store, 'db' | 'locks'>): Promise<boolean> {
  return (await unstoppedWorkers(db)).some(({ id }) => isAlive(locks, id));
}

/** Start of the last worker of this mode before `before`; what a cron interval is measured from. */
export async function previousStart(db: Db, mode: string, before: number): Promise<number | null> {
  const row = await db
    .selectFrom('workers')
    .select('started_at')
    .where('mode', '=', mode)
    .where('started_at', '<', before)
    .orderBy('started_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.started_at ?? null;
}

/** Keeps the table small: a cron line starts hundreds of workers a day. */
export async function forgetOldWorkers(tx: Tx, before: number): Promise<void> {
  await tx.deleteFrom('workers').where('stopped_at', '<', before).execute();
}

/** When the last worker said goodbye; null when none has. */
export async function lastGoodbye(db: Db): Promise<number | null> {
  const row = await db
    .selectFrom('workers')
    .select(({ fn }) => fn.max('stopped_at').as('at'))
    .executeTakeFirst();
  return row?.at ?? null;
}
