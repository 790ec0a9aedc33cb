import { sql } from 'kysely';
import type { CallPurpose } from './aiSchema.ts';
import type { Db, Tx } from './schema.ts';
import { type Blanks, changed, statement } from './statement.ts';

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
  readonly priced: 0 | 1;
  readonly now: number;
  readonly deadlineAt: number;
}

export async function openCall(tx: Tx, call: NewCall): Promise<number> {
  const [row] = (await insertCall(tx, call)).rows;
  if (row === undefined) throw new Error(`the call for message ${call.messageId} was not stored`);
  return row.id;
}

const insertCall = statement((db, value: Blanks<NewCall>) =>
  db
    .insertInto('ai_calls')
    .values({
      job_id: value('jobId'),
      message_id: value('messageId'),
      worker_id: value('worker'),
      purpose: value('purpose'),
      provider: value('provider'),
      model: value('model'),
      prompt_hash: value('promptHash'),
      reserved_nano: value('reservedNano'),
      cost_nano: null,
      priced: value('priced'),
      usage: null,
      outcome: null,
      started_at: value('now'),
      deadline_at: value('deadlineAt'),
      finished_at: null,
      begun_at: null,
    })
    .returning('id'),
);

/** The reservation becomes a call that is made: from here on it may be charged. False when others have given it up meanwhile. */
export async function beginCall(tx: Tx, id: number, now: number): Promise<boolean> {
  return changed(await updateToBegun(tx, { id, now }));
}

const updateToBegun = statement((db, value: Blanks<{ id: number; now: number }>) =>
  db
    .updateTable('ai_calls')
    .set({ begun_at: value('now') })
    .where('id', '=', value('id'))
    .where('finished_at', 'is', null),
);

interface CallEnd {
  readonly outcome: string;
  readonly costNano: number | null;
  readonly usage: string | null;
  readonly now: number;
}

/** Writes what a call cost; `costNano` null keeps the reservation, because it may have been charged. A late end overwrites `unknown`. */
export async function settleCall(tx: Tx, id: number, end: CallEnd): Promise<void> {
  await updateToSettled(tx, { id, ...end });
}

const updateToSettled = statement((db, value: Blanks<CallEnd & { id: number }>) =>
  db
    .updateTable('ai_calls')
    .set({
      outcome: value('outcome'),
      cost_nano: sql<number>`coalesce(${value('costNano')}, reserved_nano)`,
      usage: value('usage'),
      finished_at: value('now'),
    })
    .where('id', '=', value('id')),
);

/** Closes what dead workers left open, and what nobody closed in time: it may have been charged, unless it was only reserved. */
export async function closeLostCalls(tx: Tx, deadWorkers: readonly string[], now: number): Promise<void> {
  await tx
    .updateTable('ai_calls')
    .set({
      outcome: sql<string>`iif(begun_at is null, 'not made', 'unknown')`,
      cost_nano: sql<number>`iif(begun_at is null, 0, reserved_nano)`,
      finished_at: now,
    })
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
  return (await selectOpenCall(db, { messageId, now })).rows.length > 0;
}

const selectOpenCall = statement((db, value: Blanks<{ messageId: number; now: number }>) =>
  db
    .selectFrom('ai_calls')
    .select('id')
    .where('message_id', '=', value('messageId'))
    .where('finished_at', 'is', null)
    .where('deadline_at', '>', value('now'))
    .limit(sql.lit(1)),
);

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
