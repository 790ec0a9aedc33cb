import { sql } from 'kysely';
import type { RefusedAlike } from '../domain/refusedAlike.ts';
import type { Db, Tx } from './schema.ts';
import { setSender } from './senders.ts';
import { type Blanks, statement } from './statement.ts';

/** The refusals in a row that a sender has met in the same words. */
export async function refusedAlike(db: Db, sender: string): Promise<RefusedAlike | null> {
  const row = await db.selectFrom('senders').select('refused_alike').where('name', '=', sender).executeTakeFirst();
  return row?.refused_alike == null ? null : (JSON.parse(row.refused_alike) as RefusedAlike);
}

export async function keepRefusedAlike(tx: Tx, sender: string, row: RefusedAlike): Promise<void> {
  await setSender(tx, sender, { refused_alike: JSON.stringify(row) });
}

/** Something was accepted: the row is over. */
export async function endRefusedAlike(tx: Tx, sender: string): Promise<void> {
  await updateRow(tx, { sender });
}

const updateRow = statement((db, value: Blanks<{ sender: string }>) =>
  db
    .updateTable('senders')
    .set({ refused_alike: sql.lit(null) })
    .where('name', '=', value('sender'))
    .where('refused_alike', 'is not', null),
);
