import { reached } from '../domain/milestone.ts';
import { closeLostCalls, hasLostCalls } from '../store/aiCalls.ts';
import { abandonAttempt } from '../store/attempts.ts';
import type { Store } from '../store/database.ts';
import { noteEvent } from '../store/events.ts';
import { jobNow } from '../store/jobs.ts';
import { type HeldRow, heldBy, holders, recoverArmed, recoverDrafting, recoverUnarmed, strandedMessages } from '../store/recovery.ts';
import { planReplay } from '../store/replays.ts';
import type { Tx } from '../store/schema.ts';
import { forgetLock } from '../store/sqlite/lock.ts';
import { releaseUsage } from '../store/usage.ts';
import { markStopped, unstoppedWorkers } from '../store/workers.ts';
import { settleAccepted } from './settleAccepted.ts';

export interface Recovered {
  readonly pending: number;
  readonly ready: number;
  readonly uncertain: number;
}

const NOTHING: Recovered = { pending: 0, ready: 0, uncertain: 0 };

export function sumOfRecovered({ pending, ready, uncertain }: Recovered): number {
  return pending + ready + uncertain;
}

const BATCH = 100;

/**
 * Takes back what workers that are gone held and what is past its deadline, whoever holds it. Drafting
 * starts over; unarmed mail is certainly not sent and is ready again (R1); armed mail may have been
 * accepted, so it becomes uncertain and stays there (R2). A worker that said goodbye holds nothing by
 * right, but the disk may have kept it from giving everything back. Without `sending` mails on their way
 * stay: in a database that may be older than what was sent from it, "not armed" is what was known when
 * the copy was made.
 */
export async function recoverMessages(
  store: Store,
  isAlive: (workerId: string) => boolean,
  now: () => number,
  sending = true,
): Promise<Recovered> {
  const unstopped = (await unstoppedWorkers(store.db)).map(({ id }) => id).filter((id) => !isAlive(id));
  const ended = (await holders(store.db)).filter((id) => !unstopped.includes(id) && !isAlive(id));
  const gone = [...unstopped, ...ended];
  const why = (row: HeldRow) => (unstopped.includes(row.worker_id) ? DIED : ended.includes(row.worker_id) ? ENDED : LATE);
  const states = sending ? (['drafting', 'sending'] as const) : (['drafting'] as const);
  let total = NOTHING;
  for (;;) {
    const rows = await store.write(async (tx) => {
      const stranded = await strandedMessages(tx, gone, states, now(), BATCH);
      return { read: stranded.length, taken: await takeBack(tx, stranded, why, now()) };
    });
    total = plus(total, rows.taken);
    if (rows.read === 0) break;
  }
  tell(total);
  if (unstopped.length > 0 || (await hasLostCalls(store.db, now()))) {
    await store.write(async (tx) => {
      await closeLostCalls(tx, gone, now());
      for (const id of unstopped) await markStopped(tx, id, now());
    });
  }
  for (const id of unstopped) forgetLock(store.locks, id);
  return total;
}

/** What a worker that leaves still holds goes back in one unit with its goodbye, and the calls of which it knows no end are closed. */
export async function giveBackAll(
  store: Store,
  worker: string,
  now: () => number,
): Promise<Recovered & { readonly ids: readonly number[] }> {
  const given = await store.write(async (tx) => {
    const rows = await heldBy(tx, [worker]);
    const taken = await takeBack(tx, rows, () => STOPPED, now());
    await closeLostCalls(tx, [worker], now());
    await markStopped(tx, worker, now());
    return { ...taken, ids: rows.map(({ id }) => id) };
  });
  tell(given);
  return given;
}

/** What a living worker holds and none of its lanes works on: a step failed, or a commit whose answer was lost. */
export async function giveBackForgotten(
  store: Store,
  worker: string,
  isWorkedOn: (row: { readonly id: number; readonly token: number }) => boolean,
  now: () => number,
): Promise<Recovered> {
  if (!(await heldBy(store.db, [worker])).some((row) => !isWorkedOn(row))) return NOTHING;
  const held = await heldBy(store.db, [worker]);
  // A lane hears of its commit some turns after it: what it claimed just now is known to it then.
  await new Promise((resolve) => setImmediate(resolve));
  const forgotten = held.filter((row) => !isWorkedOn(row));
  const given = await store.write((tx) => takeBack(tx, forgotten, () => FAILED, now()));
  tell(given);
  return given;
}

const DIED = 'the worker died';
const ENDED = 'the worker had ended';
const STOPPED = 'the worker stopped';
const LATE = 'the time limit passed';
const FAILED = 'the worker could not go on with it';

async function takeBack(tx: Tx, rows: readonly HeldRow[], why: (row: HeldRow) => string, now: number): Promise<Recovered> {
  const total = { ...NOTHING };
  for (const row of rows) {
    const end = await recover(tx, row, why(row), now);
    if (end !== undefined) total[end]++;
  }
  return total;
}

async function recover(tx: Tx, row: HeldRow, why: string, now: number): Promise<keyof Recovered | undefined> {
  if (row.state === 'drafting') return (await recoverDrafting(tx, row, now)) ? 'pending' : undefined;
  if (row.armed === 1) {
    if (!(await recoverArmed(tx, row, `${why} before the server's final reply was read`, now))) return undefined;
    await note(tx, row, 'uncertain', `${why} after the mail was released`, now);
    if (!(await settleAccepted(tx, row.id, now)) && row.attempt_id !== null) await planReplay(tx, row.attempt_id, now);
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

async function note(tx: Tx, row: HeldRow, kind: 'recovered' | 'uncertain', detail: string, now: number): Promise<void> {
  await noteEvent(tx, row.id, kind, now, detail);
  if (row.attempt_id !== null)
    await abandonAttempt(tx, row.attempt_id, { now, outcome: kind === 'uncertain' ? 'ambiguous' : 'not_armed', reply: detail });
}

function tell({ ready, uncertain }: Recovered): void {
  if (ready > 0) reached('r1.committed');
  if (uncertain > 0) reached('r2.committed');
}

function plus(one: Recovered, other: Recovered): Recovered {
  return { pending: one.pending + other.pending, ready: one.ready + other.ready, uncertain: one.uncertain + other.uncertain };
}
