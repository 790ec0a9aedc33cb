import type { Db, DraftRow, Tx } from './schema.ts';

export async function saveDraft(tx: Tx, draft: DraftRow): Promise<void> {
  const { message_id: _, ...rest } = draft;
  await tx
    .insertInto('drafts')
    .values(draft)
    .onConflict((conflict) => conflict.column('message_id').doUpdateSet(rest))
    .execute();
}

export function draftOf(db: Db, messageId: number): Promise<DraftRow | undefined> {
  return db.selectFrom('drafts').selectAll().where('message_id', '=', messageId).executeTakeFirst();
}

export async function deleteDrafts(tx: Tx, messageIds: readonly number[]): Promise<void> {
  if (messageIds.length > 0) await tx.deleteFrom('drafts').where('message_id', 'in', messageIds).execute();
}
