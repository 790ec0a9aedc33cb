import { sql } from 'kysely';
import { DAY } from '../domain/duration.ts';
import type { Db } from './schema.ts';

/** What models have cost, read from the ledger of calls. Money is in billionths of a USD. */
export interface Cost {
  readonly calls: number;
  readonly nano: number;
  /** Calls whose provider has no price in the configuration: their cost is not in `nano`. */
  readonly unpriced: number;
  /** Calls without a known end, counted at the most they can have cost. */
  readonly unknown: number;
}

export function costsByJob(db: Db) {
  return totals(db)
    .innerJoin('jobs', 'jobs.id', 'ai_calls.job_id')
    .innerJoin('campaigns', 'campaigns.id', 'jobs.campaign_id')
    .select(['ai_calls.job_id as job', 'campaigns.name as campaign'])
    .groupBy(['ai_calls.job_id', 'campaigns.name'])
    .orderBy('ai_calls.job_id')
    .execute();
}

export function costsByModel(db: Db) {
  return totals(db)
    .select(['ai_calls.provider', 'ai_calls.model'])
    .groupBy(['ai_calls.provider', 'ai_calls.model'])
    .orderBy('ai_calls.provider')
    .orderBy('ai_calls.model')
    .execute();
}

/** `day` is its beginning in UTC, epoch ms. */
export function costsByDay(db: Db) {
  const day = sql<number>`(ai_calls.started_at / ${sql.lit(DAY)}) * ${sql.lit(DAY)}`;
  return totals(db).select(day.as('day')).groupBy(day).orderBy(day).execute();
}

/** What the answers of one model cost on average in a campaign, and how long they took; undefined before the first. */
export async function usualCall(
  db: Db,
  campaignId: number,
  model: string,
): Promise<{ calls: number; nano: number; ms: number } | undefined> {
  const row = await db
    .selectFrom('ai_calls')
    .innerJoin('jobs', 'jobs.id', 'ai_calls.job_id')
    .select(({ fn }) => [
      fn.countAll<number>().as('calls'),
      fn.avg<number | null>('ai_calls.cost_nano').as('nano'),
      sql<number | null>`avg(ai_calls.finished_at - ai_calls.started_at)`.as('ms'),
    ])
    .where('jobs.campaign_id', '=', campaignId)
    .where('ai_calls.model', '=', model)
    .where('ai_calls.outcome', '=', 'text')
    .executeTakeFirst();
  if (row === undefined || row.nano === null || row.ms === null) return undefined;
  return { calls: row.calls, nano: row.nano, ms: row.ms };
}

function totals(db: Db) {
  return db
    .selectFrom('ai_calls')
    .select(({ fn }) => [
      fn.countAll<number>().as('calls'),
      sql<number>`sum(coalesce(ai_calls.cost_nano, ai_calls.reserved_nano))`.as('nano'),
      sql<number>`sum(1 - ai_calls.priced)`.as('unpriced'),
      sql<number>`sum(case when coalesce(ai_calls.outcome, 'open') in ('open','lost','unknown') then 1 else 0 end)`.as('unknown'),
    ]);
}
