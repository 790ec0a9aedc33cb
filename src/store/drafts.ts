import type { Db, DraftRow, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

export async function saveDraft(tx: Tx, draft: DraftRow): Promise<void> {
  await upsertDraft(tx, draft);
}

const upsertDraft = statement((db, value: Blanks<DraftRow>) => {
  const content = {
    subject: value('subject'),
    text: value('text'),
    html: value('html'),
    header_message_id: value('header_message_id'),
    envelope_from: value('envelope_from'),
    envelope_to: value('envelope_to'),
    bytes: value('bytes'),
    addressing: value('addressing'),
    attachments: value('attachments'),
    lead_version: value('lead_version'),
    created_at: value('created_at'),
  };
  return db
    .insertInto('drafts')
    .values({ message_id: value('message_id'), ...content })
    .onConflict((conflict) => conflict.column('message_id').doUpdateSet(content));
});

export function draftOf(db: Db, messageId: number): Promise<DraftRow | undefined> {
  return db.selectFrom('drafts').selectAll().where('message_id', '=', messageId).executeTakeFirst();
}

export async function deleteDrafts(tx: Tx, messageIds: readonly number[]): Promise<void> {
  if (messageIds.length > 0) await tx.deleteFrom('drafts').where('message_id', 'in', messageIds).execute();
}
