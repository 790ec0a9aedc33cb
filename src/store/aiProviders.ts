import { sql } from 'kysely';
import { providerRest } from '../domain/breaker.ts';
import type { AiProviderRow, Db, Tx } from './schema.ts';

/** A provider's health, shared by all workers; one that never failed has no row. */
export async function restOf(db: Db, name: string): Promise<{ until: number; reason: string | null }> {
  const row = await db.selectFrom('ai_providers').select(['rest_until', 'reason']).where('name', '=', name).executeTakeFirst();
  return { until: row?.rest_until ?? 0, reason: row?.reason ?? null };
}

/**
 * Lets a provider rest after a failure: `restMs` if the provider itself said how long, else longer
 * with each failure in a row. Calls begun before the rest tell nothing new, so a burst counts once.
 */
export async function restProvider(
  tx: Tx,
  name: string,
  failure: { startedAt: number; restMs: number | undefined; reason: string; now: number },
): Promise<number> {
  const row = await tx.selectFrom('ai_providers').selectAll().where('name', '=', name).executeTakeFirst();
  if (row !== undefined && row.rest_until > failure.now && row.rest_since >= failure.startedAt) {
    const until = Math.max(row.rest_until, failure.now + (failure.restMs ?? 0));
    if (until > row.rest_until)
      await tx.updateTable('ai_providers').set({ rest_until: until, reason: failure.reason }).where('name', '=', name).execute();
    return until;
  }
  const failures = (row?.failures ?? 0) + 1;
  const change = {
    rest_until: failure.now + (failure.restMs ?? providerRest(failures)),
    rest_since: failure.now,
    failures,
    reason: failure.reason,
  };
  await tx
    .insertInto('ai_providers')
    .values({ name, ...change })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(change))
    .execute();
  return change.rest_until;
}

export async function providerWorks(tx: Tx, name: string): Promise<void> {
  await tx
    .updateTable('ai_providers')
    .set({ failures: 0, reason: null })
    .where('name', '=', name)
    .where('failures', '>', sql.lit(0))
    .execute();
}

export function restingProviders(db: Db, now: number): Promise<AiProviderRow[]> {
  return db.selectFrom('ai_providers').selectAll().where('rest_until', '>', now).orderBy('name').execute();
}
