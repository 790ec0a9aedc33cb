import type { Db, GenerationRow, Tx } from './schema.ts';

/** What was written for this message from this very prompt; a changed brief or lead has another hash. */
export function findGeneration(db: Db, messageId: number, promptHash: string): Promise<GenerationRow | undefined> {
  return db
    .selectFrom('generations')
    .selectAll()
    .where('message_id', '=', messageId)
    .where('prompt_hash', '=', promptHash)
    .executeTakeFirst();
}

export async function saveGeneration(tx: Tx, generation: GenerationRow): Promise<void> {
  const { message_id: _, ...rest } = generation;
  await tx
    .insertInto('generations')
    .values(generation)
    .onConflict((conflict) => conflict.column('message_id').doUpdateSet(rest))
    .execute();
}

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
