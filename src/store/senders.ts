import type { Db, SenderRow, Tx } from './schema.ts';

const UNUSED: Omit<SenderRow, 'name'> = { next_send_at: 0, rest_until: 0, failures: 0, reason: null };

/** A sender's pace and health; one that has never sent is rested and free. */
export async function senderNow(db: Db, name: string): Promise<SenderRow> {
  const row = await db.selectFrom('senders').selectAll().where('name', '=', name).executeTakeFirst();
  return row ?? { name, ...UNUSED };
}

export async function setSender(tx: Tx, name: string, change: Partial<Omit<SenderRow, 'name'>>): Promise<void> {
  await tx
    .insertInto('senders')
    .values({ name, ...UNUSED, ...change })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(change))
    .execute();
}
