import { sql } from 'kysely';
import type { Arm, Identity } from '../domain/guard.ts';
import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/** Which database this is, and how many mails it knows to be armed. */
export async function identityOf(db: Db): Promise<Identity> {
  const row = await db.selectFrom('guard').select(['database_id', 'epoch', 'sequence', 'machine', 'marked_at']).executeTakeFirstOrThrow();
  return { database: row.database_id, epoch: row.epoch, sequence: row.sequence, machine: row.machine, markedAt: row.marked_at };
}

type ArmCount = Pick<Arm, 'epoch' | 'sequence'>;

/**
 * Part of T2. The ids of attempts would be a counter for nothing, but they rise with the claim: a copy
 * made between a claim and its arm could then not be told from what came after.
 */
export async function countArm(tx: Tx): Promise<ArmCount> {
  const [count] = (await raiseSequence(tx, {})).rows;
  if (count === undefined) throw new Error('the guard has no row');
  return count;
}

const raiseSequence = statement((db, _: Blanks<Record<string, never>>) =>
  db.updateTable('guard').set({ sequence: sql<number>`sequence + 1` }).returning(['epoch', 'sequence']),
);

/**
 * Whether this database has no record of one of these arms. An arm is committed before any seal tells of
 * it, so that happens only where another view of the database, or another copy, counted on from the same past.
 */
export async function hasStranger(db: Db, arms: readonly Arm[]): Promise<boolean> {
  if (arms.length === 0) return false;
  const ids = [...new Set(arms.map(({ attempt }) => attempt))];
  const rows = await db
    .selectFrom('attempts')
    .select(['id', 'worker_id'])
    .where('id', 'in', ids)
    .where('armed_at', 'is not', null)
    .execute();
  const workers = new Map(rows.map(({ id, worker_id }) => [id, worker_id]));
  return arms.some(({ attempt, worker }) => workers.get(attempt) !== worker);
}

export async function stampMachine(tx: Tx, machine: string): Promise<void> {
  await tx.updateTable('guard').set({ machine }).execute();
}

/** From here on this copy is the one that sends: every other is behind it. */
export async function takeOver(tx: Tx, epoch: number, machine: string | null): Promise<void> {
  await tx.updateTable('guard').set({ epoch, machine, marked_at: null }).execute();
}

/** A backup does not send by itself, wherever it is put. */
export async function markBackup(tx: Tx, now: number): Promise<void> {
  await tx
    .updateTable('guard')
    .set({ marked_at: sql<number>`coalesce(marked_at, ${now})` })
    .execute();
}
