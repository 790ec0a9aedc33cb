import { sql } from 'kysely';
import { DAY, HOUR } from '../domain/duration.ts';
import type { AttemptRow, Db, Tx } from './schema.ts';

export async function startAttempt(
  tx: Tx,
  attempt: { messageId: number; worker: string; token: number; sender: string; provider: string; now: number; deadlineAt: number },
): Promise<number> {
  const { id } = await tx
    .insertInto('attempts')
    .values({
      message_id: attempt.messageId,
      worker_id: attempt.worker,
      token: attempt.token,
      sender: attempt.sender,
      provider: attempt.provider,
      started_at: attempt.now,
      deadline_at: attempt.deadlineAt,
      armed_at: null,
      sha256: null,
      finished_at: null,
      outcome: null,
      code: null,
      reply: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function armAttempt(tx: Tx, id: number, armed: { now: number; deadlineAt: number; sha256: string }): Promise<void> {
  await tx
    .updateTable('attempts')
    .set({ armed_at: armed.now, deadline_at: armed.deadlineAt, sha256: armed.sha256 })
    .where('id', '=', id)
    .execute();
}

/** Overwrites what a rescuer noted about the attempt: the conversation itself knows better. */
export async function finishAttempt(
  tx: Tx,
  id: number,
  end: { now: number; outcome: string; code: number | null; reply: string; counted: boolean },
): Promise<void> {
  await tx
    .updateTable('attempts')
    .set({ finished_at: end.now, outcome: end.outcome, code: end.code, reply: end.reply, counted: end.counted ? 1 : 0 })
    .where('id', '=', id)
    .execute();
}

/** What a rescuer can say of an attempt that another worker began. */
export async function abandonAttempt(tx: Tx, id: number, end: { now: number; outcome: string; reply: string }): Promise<void> {
  await tx
    .updateTable('attempts')
    .set({ finished_at: end.now, outcome: end.outcome, reply: end.reply })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .execute();
}

export function attemptsOf(db: Db, messageId: number): Promise<AttemptRow[]> {
  return db.selectFrom('attempts').selectAll().where('message_id', '=', messageId).orderBy('id').execute();
}

/** When the cap-th newest attempt of the last 24 h was made: the cap is full until it is a day old. Null while there is room. */
export async function capFilledBy(db: Db, sender: string, cap: number, now: number): Promise<number | null> {
  const row = await db
    .selectFrom('attempts')
    .select('started_at')
    .where('sender', '=', sender)
    .where('counted', '=', sql.lit(1))
    .where('started_at', '>', now - DAY)
    .orderBy('started_at', 'desc')
    .offset(cap - 1)
    .limit(1)
    .executeTakeFirst();
  return row?.started_at ?? null;
}

/** The same for all senders together and the last hour. */
export async function hourFilledBy(db: Db, limit: number, now: number): Promise<number | null> {
  const row = await db
    .selectFrom('attempts')
    .select('started_at')
    .where('counted', '=', sql.lit(1))
    .where('started_at', '>', now - HOUR)
    .orderBy('started_at', 'desc')
    .offset(limit - 1)
    .limit(1)
    .executeTakeFirst();
  return row?.started_at ?? null;
}

export async function attemptsInDay(db: Db, sender: string, now: number): Promise<number> {
  const { n } = await db
    .selectFrom('attempts')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('sender', '=', sender)
    .where('counted', '=', sql.lit(1))
    .where('started_at', '>', now - DAY)
    .executeTakeFirstOrThrow();
  return n;
}
