import type { Db, Tx } from './schema.ts';

/**
 * The usage ledger: one unreleased row for every mail that was, or may have been, accepted.
 * The counter is kept by the database and always equals the number of unreleased rows.
 */

/** Takes a place for this message, or keeps the one it has (`resolve --resend` reuses it). */
export async function takeUsage(tx: Tx, messageId: number, period: string, now: number): Promise<void> {
  const held = await tx
    .selectFrom('usage_ledger')
    .select('id')
    .where('message_id', '=', messageId)
    .where('released_at', 'is', null)
    .executeTakeFirst();
  if (held === undefined) {
    await tx.insertInto('usage_ledger').values({ message_id: messageId, period, created_at: now, released_at: null }).execute();
  }
}

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
