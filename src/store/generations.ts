import type { GenerationRow } from './aiSchema.ts';
import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/** What was written for this message from this very prompt; a changed brief or lead has another hash. */
export async function findGeneration(db: Db, messageId: number, promptHash: string): Promise<GenerationRow | undefined> {
  return (await selectGeneration(db, { messageId, promptHash })).rows[0];
}

const selectGeneration = statement((db, value: Blanks<{ messageId: number; promptHash: string }>) =>
  db.selectFrom('generations').selectAll().where('message_id', '=', value('messageId')).where('prompt_hash', '=', value('promptHash')),
);

/** The last text that a model wrote for this message, whatever its prompt was. */
export function generationOf(db: Db, messageId: number): Promise<GenerationRow | undefined> {
  return db.selectFrom('generations').selectAll().where('message_id', '=', messageId).executeTakeFirst();
}

export async function saveGeneration(tx: Tx, generation: GenerationRow): Promise<void> {
  await upsertGeneration(tx, generation);
}

const upsertGeneration = statement((db, value: Blanks<GenerationRow>) => {
  const content = {
    prompt_hash: value('prompt_hash'),
    call_id: value('call_id'),
    verdict: value('verdict'),
    subject: value('subject'),
    body: value('body'),
    reply: value('reply'),
    reason: value('reason'),
    created_at: value('created_at'),
  };
  return db
    .insertInto('generations')
    .values({ message_id: value('message_id'), ...content })
    .onConflict((conflict) => conflict.column('message_id').doUpdateSet(content));
});

/** Who wrote a message's text, in how many calls, and at what cost (billionths of a USD; null without a price). */
export interface Author {
  readonly provider: string;
  readonly model: string;
  readonly calls: number;
  readonly costNano: number | null;
}

export async function authorOf(db: Db, messageId: number): Promise<Author | undefined> {
  const calls = await db
    .selectFrom('ai_calls')
    .select(['provider', 'model', 'cost_nano', 'priced'])
    .where('message_id', '=', messageId)
    .where('finished_at', 'is not', null)
    .orderBy('id')
    .execute();
  const last = calls.at(-1);
  if (last === undefined) return undefined;
  return {
    provider: last.provider,
    model: last.model,
    calls: calls.length,
    costNano: calls.every(({ priced }) => priced === 1) ? calls.reduce((sum, { cost_nano }) => sum + (cost_nano ?? 0), 0) : null,
  };
}

export async function deleteGenerations(tx: Tx, messageIds: readonly number[]): Promise<void> {
  if (messageIds.length > 0) await tx.deleteFrom('generations').where('message_id', 'in', messageIds).execute();
}
