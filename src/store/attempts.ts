import { sql } from 'kysely';
import type { Progress } from '../domain/delivery.ts';
import { DAY, HOUR } from '../domain/duration.ts';
import type { AttemptRow, Db, Tx } from './schema.ts';
import { type Blanks, changed, statement } from './statement.ts';

interface NewAttempt {
  readonly messageId: number;
  readonly worker: string;
  readonly token: number;
  readonly sender: string;
  readonly provider: string;
  /** The sender's local date, `2026-11-25`. */
  readonly day: string;
  /** Of the recipient. */
  readonly domain: string;
  readonly now: number;
  readonly deadlineAt: number;
}

export async function startAttempt(tx: Tx, attempt: NewAttempt): Promise<number> {
  const [row] = (await insertAttempt(tx, attempt)).rows;
  if (row === undefined) throw new Error(`the attempt at message ${attempt.messageId} was not stored`);
  return row.id;
}

const insertAttempt = statement((db, value: Blanks<NewAttempt>) =>
  db
    .insertInto('attempts')
    .values({
      message_id: value('messageId'),
      worker_id: value('worker'),
      token: value('token'),
      sender: value('sender'),
      provider: value('provider'),
      day: value('day'),
      domain: value('domain'),
      started_at: value('now'),
      deadline_at: value('deadlineAt'),
      armed_at: null,
      sha256: null,
      finished_at: null,
      outcome: null,
      code: null,
      reply: null,
      replay_at: null,
    })
    .returning('id'),
);

interface ArmedAttempt {
  readonly now: number;
  readonly deadlineAt: number;
  readonly sha256: string;
  /** The provider's clock, epoch ms; null where it is not known. */
  readonly providerTime: number | null;
}

export async function armAttempt(tx: Tx, id: number, armed: ArmedAttempt): Promise<void> {
  await updateArmed(tx, { id, ...armed });
}

const updateArmed = statement((db, value: Blanks<ArmedAttempt & { id: number }>) =>
  db
    .updateTable('attempts')
    .set({ armed_at: value('now'), deadline_at: value('deadlineAt'), sha256: value('sha256'), provider_time: value('providerTime') })
    .where('id', '=', value('id')),
);

interface AttemptEnd {
  readonly now: number;
  readonly outcome: string;
  readonly code: number | null;
  readonly reply: string;
  readonly counted: 0 | 1;
  readonly progress: Progress | null;
}

/**
 * The end of an attempt, told by its own worker (T3). Overwrites what a rescuer noted: the conversation itself
 * knows better. False when it was recorded before: a commit whose answer was lost is repeated, and counts once.
 */
export async function finishAttempt(tx: Tx, id: number, end: AttemptEnd): Promise<boolean> {
  return changed(await updateFinished(tx, { id, ...end }));
}

const updateFinished = statement((db, value: Blanks<AttemptEnd & { id: number }>) =>
  db
    .updateTable('attempts')
    .set({
      finished_at: value('now'),
      outcome: value('outcome'),
      code: value('code'),
      reply: value('reply'),
      counted: value('counted'),
      progress: value('progress'),
      reported: sql.lit(1),
    })
    .where('id', '=', value('id'))
    .where('reported', '=', sql.lit(0)),
);

/** What became of an attempt, as its provider answered later. */
export async function answerAttempt(tx: Tx, id: number, end: Omit<AttemptEnd, 'counted' | 'progress'>): Promise<void> {
  await tx
    .updateTable('attempts')
    .set({ finished_at: end.now, outcome: end.outcome, code: end.code, reply: end.reply, counted: 1 })
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

/** Whether a server accepted any try of this message. */
export async function hasAcceptance(tx: Tx, messageId: number): Promise<boolean> {
  const found = await selectAcceptance(tx, { messageId });
  return found.rows.length > 0;
}

const selectAcceptance = statement((db, value: Blanks<{ messageId: number }>) =>
  db
    .selectFrom('attempts')
    .select('id')
    .where('message_id', '=', value('messageId'))
    .where('outcome', '=', sql.lit('accepted'))
    .limit(sql.lit(1)),
);

export function attemptsOf(db: Db, messageId: number): Promise<AttemptRow[]> {
  return db.selectFrom('attempts').selectAll().where('message_id', '=', messageId).orderBy('id').execute();
}

/** Until when the last try of a message, armed and without a clear answer, may still be accepted (epoch ms); 0 when it may not. */
export async function stillOpenUntil(db: Db, message: { readonly attempt_id: number | null }): Promise<number> {
  if (message.attempt_id === null) return 0;
  const row = await db
    .selectFrom('attempts')
    .select('deadline_at')
    .where('id', '=', message.attempt_id)
    .where('armed_at', 'is not', null)
    .where(({ or, eb }) => or([eb('outcome', 'is', null), eb('outcome', '=', 'ambiguous')]))
    .executeTakeFirst();
  return row?.deadline_at ?? 0;
}

/**
 * When the cap-th newest attempt of the last 24 h was made: the cap is full until it is a day old. Null while there is room.
 * Attempts more than a day ahead are from a clock that has jumped back since: they would keep the cap full until it is there again.
 */
export async function capFilledBy(db: Db, sender: string, cap: number, now: number): Promise<number | null> {
  const [row] = (await selectSenderAttempt(db, { of: sender, since: now - DAY, until: now + DAY, skipped: cap - 1 })).rows;
  return row?.started_at ?? null;
}

const newestAttempt = (column: 'sender' | 'domain') =>
  statement((db, value: Blanks<{ of: string; since: number; until: number; skipped: number }>) =>
    db
      .selectFrom('attempts')
      .select('started_at')
      .where(column, '=', value('of'))
      .where('counted', '=', sql.lit(1))
      .where('started_at', '>', value('since'))
      .where('started_at', '<=', value('until'))
      .orderBy('started_at', 'desc')
      .offset(value('skipped'))
      .limit(sql.lit(1)),
  );

const selectSenderAttempt = newestAttempt('sender');
const selectDomainAttempt = newestAttempt('domain');

/** The same for all senders together and the last hour. */
export async function hourFilledBy(db: Db, limit: number, now: number): Promise<number | null> {
  const [row] = (await selectAnyAttempt(db, { since: now - HOUR, until: now + HOUR, skipped: limit - 1 })).rows;
  return row?.started_at ?? null;
}

const selectAnyAttempt = statement((db, value: Blanks<{ since: number; until: number; skipped: number }>) =>
  db
    .selectFrom('attempts')
    .select('started_at')
    .where('counted', '=', sql.lit(1))
    .where('started_at', '>', value('since'))
    .where('started_at', '<=', value('until'))
    .orderBy('started_at', 'desc')
    .offset(value('skipped'))
    .limit(sql.lit(1)),
);

/** When the cap-th newest attempt of the last 24 h at a domain was made, by whichever sender; null while there is room. */
export async function domainFilledBy(db: Db, domain: string, cap: number, now: number): Promise<number | null> {
  const [row] = (await selectDomainAttempt(db, { of: domain, since: now - DAY, until: now, skipped: cap - 1 })).rows;
  return row?.started_at ?? null;
}

/** When a mail to this domain was last tried; null when never. */
export async function domainTriedAt(db: Db, domain: string, now: number): Promise<number | null> {
  const [row] = (await selectDomainAttempt(db, { of: domain, since: 0, until: now, skipped: 0 })).rows;
  return row?.started_at ?? null;
}

/** `most`: who asks whether a cap is full need not have more counted than the cap. */
export async function attemptsInDay(db: Db, sender: string, now: number, most?: number): Promise<number> {
  const attempts = db
    .selectFrom('attempts')
    .select('started_at')
    .where('sender', '=', sender)
    .where('counted', '=', sql.lit(1))
    .where('started_at', '>', now - DAY)
    .where('started_at', '<=', now + DAY);
  const { n } = await db
    .selectFrom((most === undefined ? attempts : attempts.limit(most)).as('in_day'))
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return n;
}
