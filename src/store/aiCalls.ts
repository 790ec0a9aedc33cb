import { sql } from 'kysely';
import type { CallPurpose, Db, Tx } from './schema.ts';

/**
 * The ledger of calls to models. A call is reserved at the most it can cost before it is made, and
 * settled at what it did cost; one whose end is never known keeps its reservation as its cost.
 */

export interface NewCall {
  readonly jobId: number;
  readonly messageId: number;
  readonly worker: string;
  readonly purpose: CallPurpose;
  readonly provider: string;
  readonly model: string;
  readonly promptHash: string;
  readonly reservedNano: number;
  readonly priced: boolean;
  readonly now: number;
  readonly deadlineAt: number;
}

export async function openCall(tx: Tx, call: NewCall): Promise<number> {
  const { id } = await tx
    .insertInto('ai_calls')
    .values({
      job_id: call.jobId,
      message_id: call.messageId,
      worker_id: call.worker,
      purpose: call.purpose,
      provider: call.provider,
      model: call.model,
      prompt_hash: call.promptHash,
      reserved_nano: call.reservedNano,
      cost_nano: null,
      priced: call.priced ? 1 : 0,
      usage: null,
      outcome: null,
      started_at: call.now,
      deadline_at: call.deadlineAt,
      finished_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Writes what a call cost; `costNano` null keeps the reservation, because it may have been charged. A late end overwrites `unknown`. */
export async function settleCall(
  tx: Tx,
  id: number,
  end: { outcome: string; costNano: number | null; usage: string | null; now: number },
): Promise<void> {
  await tx
    .updateTable('ai_calls')
    .set({ outcome: end.outcome, cost_nano: end.costNano ?? sql<number>`reserved_nano`, usage: end.usage, finished_at: end.now })
    .where('id', '=', id)
    .execute();
}

/** Closes what dead workers left open, and what nobody closed in time: it may have been charged. */
export async function closeLostCalls(tx: Tx, deadWorkers: readonly string[], now: number): Promise<void> {
  await tx
    .updateTable('ai_calls')
    .set({ outcome: 'unknown', cost_nano: sql<number>`reserved_nano`, finished_at: now })
    .where('finished_at', 'is', null)
    .where(({ or, eb }) => or([eb('deadline_at', '<=', now), ...(deadWorkers.length === 0 ? [] : [eb('worker_id', 'in', deadWorkers)])]))
    .execute();
}

export async function hasLostCalls(db: Db, now: number): Promise<boolean> {
  const row = await db
    .selectFrom('ai_calls')
    .select('id')
    .where('finished_at', 'is', null)
    .where('deadline_at', '<=', now)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Calls on their way, of every worker. */
export async function openCalls(db: Db, now: number): Promise<number> {
  const { n } = await db
    .selectFrom('ai_calls')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('finished_at', 'is', null)
    .where('deadline_at', '>', now)
    .executeTakeFirstOrThrow();
  return n;
}

/** Whether somebody is paying for this message's text right now. */
export async function isBeingWritten(db: Db, messageId: number, now: number): Promise<boolean> {
  const row = await db
    .selectFrom('ai_calls')
    .select('id')
    .where('message_id', '=', messageId)
    .where('finished_at', 'is', null)
    .where('deadline_at', '>', now)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** How often a provider gave no complete reply to this very prompt (calls that we broke off ourselves are `unknown`), and whether others were answered since the first time. */
export async function lostCalls(db: Db, messageId: number, promptHash: string): Promise<{ times: number; othersAnswered: boolean }> {
  const row = await db
    .selectFrom('ai_calls')
    .select(({ fn }) => [fn.countAll<number>().as('times'), fn.min<number | null>('started_at').as('since')])
    .where('message_id', '=', messageId)
    .where('prompt_hash', '=', promptHash)
    .where('outcome', '=', 'lost')
    .executeTakeFirstOrThrow();
  const answered = await db
    .selectFrom('ai_calls')
    .select('id')
    .where('outcome', '=', 'text')
    .where('started_at', '>=', row.since ?? 0)
    .limit(1)
    .executeTakeFirst();
  return { times: row.times, othersAnswered: answered !== undefined };
}

export interface Spend {
  readonly settled: number;
  /** Reserved by calls on their way. */
  readonly open: number;
}

export async function spendOf(db: Db, jobId: number): Promise<Spend> {
  const row = await db.selectFrom('ai_spend').select(['settled_nano', 'open_nano']).where('job_id', '=', jobId).executeTakeFirst();
  return { settled: row?.settled_nano ?? 0, open: row?.open_nano ?? 0 };
}

/** Remembers whether the job's budget has room, for those who ask what it waits for. */
export async function noteBudget(tx: Tx, jobId: number, reached: boolean): Promise<void> {
  await tx
    .updateTable('jobs')
    .set({ ai_budget_reached: reached ? 1 : 0 })
    .where('id', '=', jobId)
    .where('ai_budget_reached', '<>', reached ? 1 : 0)
    .execute();
}
