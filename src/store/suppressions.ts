import type { Db, Tx } from './schema.ts';

/** Why this address gets no mail; undefined when it may get some. `key` is the address in lower case. */
export async function suppressionOf(db: Db, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('suppressions').select('reason').where('email_key', '=', key).executeTakeFirst();
  return row?.reason;
}

export async function suppress(tx: Tx, key: string, reason: string, source: string, now: number): Promise<void> {
  await tx
    .insertInto('suppressions')
    .values({ email_key: key, reason, source, created_at: now })
    .onConflict((conflict) => conflict.column('email_key').doNothing())
    .execute();
}
