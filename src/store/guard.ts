import { sql } from 'kysely';
import type { Identity } from '../domain/guard.ts';
import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/** Which database this is, and how many attempts it knows of. */
export async function identityOf(db: Db): Promise<Identity> {
  const row = await db
    .selectFrom('guard')
    .select(['database_id', 'epoch', 'machine', 'marked_at', 'base'])
    .select(({ selectFrom }) => selectFrom('attempts').select('attempts.id').orderBy('attempts.id', 'desc').limit(1).as('last'))
    .executeTakeFirstOrThrow();
  return {
    database: row.database_id,
    epoch: row.epoch,
    sequence: row.base + (row.last ?? 0),
    machine: row.machine,
    markedAt: row.marked_at,
  };
}

/** What an attempt's id is counted from; see `attempts_never_forgotten` in the migration. */
export async function epochAndBase(tx: Tx): Promise<{ epoch: number; base: number }> {
  const [row] = (await selectEpoch(tx, {})).rows;
  if (row === undefined) throw new Error('the guard has no row');
  return row;
}

const selectEpoch = statement((db, _: Blanks<Record<string, never>>) => db.selectFrom('guard').select(['epoch', 'base']));

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
