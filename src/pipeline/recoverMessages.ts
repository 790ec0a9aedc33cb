import { reached } from '../domain/milestone.ts';
import { closeLostCalls, hasLostCalls } from '../store/aiCalls.ts';
import { abandonAttempt } from '../store/attempts.ts';
import type { Store } from '../store/database.ts';
import { noteEvent } from '../store/events.ts';
import { jobNow } from '../store/jobs.ts';
import { recoverArmed, recoverDrafting, recoverUnarmed, type StrandedRow, strandedMessages } from '../store/recovery.ts';
import { planReplay } from '../store/replays.ts';
import type { Tx } from '../store/schema.ts';
import { releaseUsage } from '../store/usage.ts';
import { markStopped, unstoppedWorkers } from '../store/workers.ts';

export interface Recovered {
  readonly pending: number;
  readonly ready: number;
  readonly uncertain: number;
}

const BATCH = 100;

/**
 * Takes back what dead workers held and what is past its deadline, whoever holds it. Drafting starts
 * over; unarmed mail is certainly not sent and is ready again (R1); armed mail may have been
 * accepted, so it becomes uncertain and stays there (R2).
 */
export async function recoverMessages(store: Store, isAlive: (workerId: string) => boolean, now: () => number): Promise<Recovered> {
  const dead = (await unstoppedWorkers(store.db)).map(({ id }) => id).filter((id) => !isAlive(id));
  const total = { pending: 0, ready: 0, uncertain: 0 };
  for (;;) {
    const taken = await store.write(async (tx) => {
      const ends: (keyof Recovered | undefined)[] = [];
      for (const row of await strandedMessages(tx, dead, now(), BATCH))
        ends.push(await recover(tx, row, dead.includes(row.worker_id), now()));
      return ends;
    });
    for (const end of taken) if (end !== undefined) total[end]++;
    if (taken.length === 0) break;
  }
  if (total.ready > 0) reached('r1.committed');
  if (total.uncertain > 0) reached('r2.committed');
  if (dead.length > 0 || (await hasLostCalls(store.db, now()))) {
    await store.write(async (tx) => {
      await closeLostCalls(tx, dead, now());
      for (const id of dead) await markStopped(tx, id, now());
    });
  }
  return total;
}

async function recover(tx: Tx, row: StrandedRow, dead: boolean, now: number): Promise<keyof Recovered | undefined> {
  const why = dead ? 'the worker died' : 'the time limit passed';
  if (row.state === 'drafting') return (await recoverDrafting(tx, row, now)) ? 'pending' : undefined;
  if (row.armed === 1) {
    if (!(await recoverArmed(tx, row, `${why} before the server's final reply was read`, now))) return undefined;
    await note(tx, row, 'uncertain', `${why} after the mail was released`, now);
    if (row.attempt_id !== null) await planReplay(tx, row.attempt_id, now);
    reached('r2.open');
    return 'uncertain';
  }
  const cancelled = (await jobNow(tx, row.job_id)).cancelled_at !== null;
  if (!(await recoverUnarmed(tx, row, cancelled ? 'cancelled' : 'ready', now))) return undefined;
  await releaseUsage(tx, row.id, now);
  await note(tx, row, 'recovered', `${why} before anything was sent`, now);
  reached('r1.open');
  return 'ready';
}

async function note(tx: Tx, row: StrandedRow, kind: 'recovered' | 'uncertain', detail: string, now: number): Promise<void> {
  await noteEvent(tx, row.id, kind, now, detail);
  if (row.attempt_id !== null)
    await abandonAttempt(tx, row.attempt_id, { now, outcome: kind === 'uncertain' ? 'ambiguous' : 'not_armed', reply: detail });
}
