import { sql } from 'kysely';
import { providerRest } from '../domain/breaker.ts';
import type { AiProviderRow } from './aiSchema.ts';
import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/** A provider's health, shared by all workers; one that never failed has no row. */
export async function restOf(db: Db, name: string): Promise<{ until: number; reason: string | null }> {
  const [row] = (await selectRest(db, { name })).rows;
  return { until: row?.rest_until ?? 0, reason: row?.reason ?? null };
}

const selectRest = statement((db, value: Blanks<{ name: string }>) =>
  db.selectFrom('ai_providers').select(['rest_until', 'reason']).where('name', '=', value('name')),
);

/**
 * Lets a provider rest after a failure: `restMs` if the provider itself said how long, else longer
 * with each failure in a row. Calls begun before the rest tell nothing new, so a burst counts once.
 * No later answer shortens a rest.
 */
export async function restProvider(
  tx: Tx,
  name: string,
  failure: { startedAt: number; restMs: number | undefined; reason: string; now: number },
): Promise<number> {
  const row = await tx.selectFrom('ai_providers').selectAll().where('name', '=', name).executeTakeFirst();
  const { now, startedAt } = failure;
  const known = row !== undefined && row.rest_until > now && row.rest_since >= startedAt;
  const failures = (row?.failures ?? 0) + (known ? 0 : 1);
  const asked = now + (failure.restMs ?? (known ? 0 : providerRest(failures)));
  return rest(tx, name, {
    until: Math.max(row?.rest_until ?? 0, asked),
    since: known ? row.rest_since : now,
    failures,
    reason: failure.reason,
  });
}

/** A provider that works and asks for a pause all the same: its allowance for now is used up. */
export async function pauseProvider(tx: Tx, name: string, restMs: number, now: number): Promise<void> {
  const row = await tx.selectFrom('ai_providers').select('rest_until').where('name', '=', name).executeTakeFirst();
  await rest(tx, name, {
    until: Math.max(row?.rest_until ?? 0, now + restMs),
    since: now,
    failures: 0,
    reason: 'its allowance for now is used up',
  });
}

async function rest(tx: Tx, name: string, to: { until: number; since: number; failures: number; reason: string }): Promise<number> {
  const change = { rest_until: to.until, rest_since: to.since, failures: to.failures, reason: to.reason };
  await tx
    .insertInto('ai_providers')
    .values({ name, ...change })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(change))
    .execute();
  return to.until;
}

/** Only a person can mend it. It rests from nothing: another worker asks it again at once, and tells the same if it is so still. */
export async function noteRefusal(tx: Tx, name: string, reason: string, now: number): Promise<void> {
  await rest(tx, name, { until: REFUSED, since: now, failures: 1, reason });
}

/** Stands for a rest's end where a provider refused for good. */
const REFUSED = 0;

export function refusingProviders(db: Db): Promise<AiProviderRow[]> {
  return db.selectFrom('ai_providers').selectAll().where('rest_until', '=', REFUSED).where('failures', '>', 0).orderBy('name').execute();
}

export async function providerWorks(tx: Tx, name: string): Promise<void> {
  await updateToWorking(tx, { name });
}

const updateToWorking = statement((db, value: Blanks<{ name: string }>) =>
  db
    .updateTable('ai_providers')
    .set({ failures: sql.lit(0), reason: null })
    .where('name', '=', value('name'))
    .where('failures', '>', sql.lit(0)),
);

export function restingProviders(db: Db, now: number): Promise<AiProviderRow[]> {
  return db.selectFrom('ai_providers').selectAll().where('rest_until', '>', now).orderBy('name').execute();
}
