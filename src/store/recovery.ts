import { type Expression, type SqlBool, sql } from 'kysely';
import { moved, RELEASED, UNDRAFTED } from './messages.ts';
import type { Tx } from './schema.ts';

/** What is left in the hands of dead or overdue workers, and the moves that take it back (R1, R2). */

export interface StrandedRow {
  readonly id: number;
  readonly state: 'drafting' | 'sending';
  readonly token: number;
  readonly worker_id: string;
  readonly armed: number;
  readonly attempt_id: number | null;
  readonly job_id: number;
}

/** Messages held by dead workers, or past their deadline whoever holds them. */
export async function strandedMessages(tx: Tx, deadWorkers: readonly string[], now: number, limit: number): Promise<StrandedRow[]> {
  const held = tx
    .selectFrom('messages')
    .select(['id', 'state', 'token', 'worker_id', 'armed', 'attempt_id', 'job_id'])
    .where('state', 'in', [sql.lit('drafting' as const), sql.lit('sending' as const)]);
  const dead = deadWorkers.length === 0 ? [] : await held.where('worker_id', 'in', deadWorkers).limit(limit).execute();
  const late = await held.where('deadline_at', '<=', now).limit(limit).execute();
  const rows = new Map([...dead, ...late].map((row) => [row.id, row]));
  return [...rows.values()] as StrandedRow[];
}

/** R1: sending, unarmed → ready (or cancelled with its job). The token rises, so its worker can no longer arm. */
export function recoverUnarmed(tx: Tx, row: StrandedRow, to: 'ready' | 'cancelled', now: number): Promise<boolean> {
  return moved(tx, sql<SqlBool>`${strandedRow(row)} and armed = 0`, to, now, { ...RELEASED, token: sql<number>`token + 1` });
}

/** R2: sending, armed → uncertain. The token stays, so that a late reply still finds it. */
export function recoverArmed(tx: Tx, row: StrandedRow, reason: string, now: number): Promise<boolean> {
  return moved(tx, sql<SqlBool>`${strandedRow(row)} and armed = 1`, 'uncertain', now, { worker_id: null, deadline_at: null, reason });
}

export function recoverDrafting(tx: Tx, row: StrandedRow, now: number): Promise<boolean> {
  return moved(tx, strandedRow(row), 'pending', now, { ...UNDRAFTED, token: sql<number>`token + 1` });
}

function strandedRow(row: StrandedRow): Expression<SqlBool> {
  return sql<SqlBool>`id = ${row.id} and token = ${row.token} and state = ${row.state} and worker_id = ${row.worker_id}`;
}
