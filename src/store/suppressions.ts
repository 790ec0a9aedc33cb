import { domainKey } from '../domain/address.ts';
import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/** Why this address gets no mail, itself or with its whole domain; undefined when it may get some. `key` is the address in lower case. */
export async function suppressionOf(db: Db, key: string): Promise<string | undefined> {
  return (await selectReason(db, { key, domain: domainKey(key) })).rows[0]?.reason;
}

const selectReason = statement((db, value: Blanks<{ key: string; domain: string }>) =>
  db
    .selectFrom('suppressions')
    .select('reason')
    .where('email_key', 'in', [value('key'), value('domain')]),
);

export async function suppress(tx: Tx, key: string, reason: string, source: string, now: number): Promise<void> {
  await tx
    .insertInto('suppressions')
    .values({ email_key: key, reason, source, created_at: now })
    .onConflict((conflict) => conflict.column('email_key').doNothing())
    .execute();
}
