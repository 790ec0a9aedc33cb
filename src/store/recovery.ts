import { type Expression, type SqlBool, sql } from 'kysely';
import { moved, RELEASED, UNDRAFTED } from './messages.ts';
import type { Db, Tx } from './schema.ts';

/** What is left in the hands of dead or overdue workers, and the moves that take it back (R1, R2). */

export interface HeldRow {
  readonly id: number;
  readonly state: 'drafting' | 'sending';
  readonly token: number;
  readonly worker_id: string;
  readonly armed: number;
  readonly attempt_id: number | null;
  readonly job_id: number;
}

/** The workers that hold any message. One index that is empty when nothing is held answers it. */
export async function holders(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('messages').select('worker_id').distinct().where(inFlight).execute();
  return rows.flatMap(({ worker_id }) => worker_id ?? []);
}

/** What these workers hold. */
export async function heldBy(db: Db, workers: readonly string[], limit?: number): Promise<HeldRow[]> {
  if (workers.length === 0) return [];
  const rows = held(db).where('worker_id', 'in', workers);
  return (await (limit === undefined ? rows : rows.limit(limit)).execute()) as HeldRow[];
}

/** Messages held by dead workers, or past their deadline whoever holds them; in these states only. */
export async function strandedMessages(
  tx: Tx,
  deadWorkers: readonly string[],
  states: readonly HeldRow['state'][],
  now: number,
  limit: number,
): Promise<HeldRow[]> {
  const some = held(tx).where('state', 'in', states).limit(limit);
  const dead = deadWorkers.length === 0 ? [] : await some.where('worker_id', 'in', deadWorkers).execute();
  const late = await some.where('deadline_at', '<=', now).execute();
  const rows = new Map([...dead, ...late].map((row) => [row.id, row]));
  return [...rows.values()] as HeldRow[];
}

const inFlight = sql<SqlBool>`state in ('drafting', 'sending')`;

function held(db: Db) {
  return db.selectFrom('messages').select(['id', 'state', 'token', 'worker_id', 'armed', 'attempt_id', 'job_id']).where(inFlight);
}

/** R1: sending, unarmed → ready (or cancelled with its job). The token rises, so its worker can no longer arm. */
export function recoverUnarmed(tx: Tx, row: HeldRow, to: 'ready' | 'cancelled', now: number): Promise<boolean> {
  return moved(tx, sql<SqlBool>`${strandedRow(row)} and armed = 0`, to, now, { ...RELEASED, token: sql<number>`token + 1` });
}

/** R2: sending, armed → uncertain. The token stays, so that a late reply still finds it. */
export function recoverArmed(tx: Tx, row: HeldRow, reason: string, now: number): Promise<boolean> {
  return moved(tx, sql<SqlBool>`${strandedRow(row)} and armed = 1`, 'uncertain', now, { worker_id: null, deadline_at: null, reason });
}

export function recoverDrafting(tx: Tx, row: HeldRow, now: number): Promise<boolean> {
  return moved(tx, strandedRow(row), 'pending', now, { ...UNDRAFTED, token: sql<number>`token + 1` });
}

function strandedRow(row: HeldRow): Expression<SqlBool> {
  return sql<SqlBool>`id = ${row.id} and token = ${row.token} and state = ${row.state} and worker_id = ${row.worker_id}`;
}
