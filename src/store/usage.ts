import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/**
 * The usage ledger: one unreleased row for every mail that was, or may have been, accepted.
 * The counter is kept by the database and always equals the number of unreleased rows.
 */

/** Takes a place for this message, or keeps the one it has (`resolve --resend` reuses it). */
export async function takeUsage(tx: Tx, messageId: number, period: string, now: number): Promise<void> {
  await insertUsage(tx, { messageId, period, now });
}

const insertUsage = statement((db, value: Blanks<{ messageId: number; period: string; now: number }>) =>
  db
    .insertInto('usage_ledger')
    .values({ message_id: value('messageId'), period: value('period'), created_at: value('now'), released_at: null })
    .onConflict((conflict) => conflict.column('message_id').where('released_at', 'is', null).doNothing()),
);

/** Gives the place back: the mail was certainly not accepted. */
export async function releaseUsage(tx: Tx, messageId: number, now: number): Promise<void> {
  await tx
    .updateTable('usage_ledger')
    .set({ released_at: now })
    .where('message_id', '=', messageId)
    .where('released_at', 'is', null)
    .execute();
}

export async function usageIn(db: Db, period: string): Promise<number> {
  const row = await db.selectFrom('usage_counters').select('sent').where('period', '=', period).executeTakeFirst();
  return row?.sent ?? 0;
}
