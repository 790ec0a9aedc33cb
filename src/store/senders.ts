import { sql } from 'kysely';
import type { Db, SenderRow, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

const UNUSED: Omit<SenderRow, 'name'> = {
  next_send_at: 0,
  rest_until: 0,
  failures: 0,
  reason: null,
  stopped_at: null,
  uncertain_in_row: 0,
  refused_alike: null,
};

/** A sender's pace and health; one that has never sent is rested and free. */
export async function senderNow(db: Db, name: string): Promise<SenderRow> {
  const [row] = (await selectSender(db, { name })).rows;
  return row ?? { name, ...UNUSED };
}

const selectSender = statement((db, value: Blanks<{ name: string }>) =>
  db.selectFrom('senders').selectAll().where('name', '=', value('name')),
);

/** A mail of it got a reply: those that ended without one are not in a row any more. */
export async function endUncertainRow(tx: Tx, name: string): Promise<void> {
  await updateUncertainRow(tx, { name });
}

const updateUncertainRow = statement((db, value: Blanks<{ name: string }>) =>
  db
    .updateTable('senders')
    .set({ uncertain_in_row: sql.lit(0) })
    .where('name', '=', value('name'))
    .where('uncertain_in_row', '>', sql.lit(0)),
);

/** It has reached its provider and was let in: earlier failures are over. */
export async function senderWorks(tx: Tx, name: string): Promise<void> {
  await updateToWorking(tx, { name });
}

const updateToWorking = statement((db, value: Blanks<{ name: string }>) =>
  db
    .updateTable('senders')
    .set({ failures: sql.lit(0), rest_until: sql.lit(0), reason: null })
    .where('name', '=', value('name'))
    .where('failures', '>', sql.lit(0)),
);

export async function setSender(tx: Tx, name: string, change: Partial<Omit<SenderRow, 'name'>>): Promise<void> {
  await tx
    .insertInto('senders')
    .values({ name, ...UNUSED, ...change })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(change))
    .execute();
}
