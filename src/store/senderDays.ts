import { sql } from 'kysely';
import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/** Which days a sender has sent on; `today` is an ISO date of its own calendar. */
export async function activeDays(db: Db, sender: string, today: string): Promise<{ earlier: number; today: boolean }> {
  const [row] = (await selectActiveDays(db, { sender, today })).rows;
  return { earlier: row?.earlier ?? 0, today: (row?.on_day ?? 0) > 0 };
}

const selectActiveDays = statement((db, value: Blanks<{ sender: string; today: string }>) =>
  db
    .selectFrom('sender_days')
    .select([
      sql<number>`coalesce(sum(case when day < ${value('today')} then 1 else 0 end), 0)`.as('earlier'),
      sql<number>`coalesce(sum(case when day = ${value('today')} then 1 else 0 end), 0)`.as('on_day'),
    ])
    .where('sender', '=', value('sender'))
    .where('sent', '>', sql.lit(0)),
);

/** Mails that a sender has tried on one of its days. */
export async function sentOn(db: Db, sender: string, day: string): Promise<number> {
  const [row] = (await selectDay(db, { sender, day })).rows;
  return row?.sent ?? 0;
}

const selectDay = statement((db, value: Blanks<{ sender: string; day: string }>) =>
  db.selectFrom('sender_days').select('sent').where('sender', '=', value('sender')).where('day', '=', value('day')),
);

/** What the sender's mails since the date `from` came to, as far as they are watched. */
export async function recordSince(db: Db, sender: string, from: string): Promise<{ sent: number; bounced: number; complained: number }> {
  const row = await db
    .selectFrom('sender_days')
    .select(({ fn }) => [
      fn.coalesce(fn.sum<number>('watched'), sql.lit(0)).as('sent'),
      fn.coalesce(fn.sum<number>('bounced'), sql.lit(0)).as('bounced'),
      fn.coalesce(fn.sum<number>('complained'), sql.lit(0)).as('complained'),
    ])
    .where('sender', '=', sender)
    .where('day', '>=', from)
    .executeTakeFirstOrThrow();
  return row;
}

/** One mail that was sent on `day` came back, or its reader complained. */
export async function countAgainst(tx: Tx, sender: string, day: string, what: 'bounced' | 'complained'): Promise<void> {
  await tx
    .updateTable('sender_days')
    .set(what === 'bounced' ? { bounced: sql`bounced + 1` } : { complained: sql`complained + 1` })
    .where('sender', '=', sender)
    .where('day', '=', day)
    .execute();
}

/** A person has resumed the sender: what came before is not held against it again. */
export async function forgiveSender(tx: Tx, sender: string): Promise<void> {
  await tx.updateTable('sender_days').set({ watched: 0, bounced: 0, complained: 0 }).where('sender', '=', sender).execute();
}
