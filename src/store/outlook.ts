import { sql } from 'kysely';
import type { Db, SenderRow } from './schema.ts';
import { isSuppressed } from './suppressions.ts';

/** What a forecast starts from, read once. Times are epoch milliseconds. */
export interface PaceSnapshot {
  readonly senders: readonly SenderRow[];
  /** ISO dates on which each sender has sent, and how much. */
  readonly days: readonly { readonly sender: string; readonly day: string; readonly sent: number }[];
  /** Attempts that count, oldest first. */
  readonly attempts: readonly { readonly sender: string; readonly domain: string; readonly started_at: number }[];
  readonly usage: readonly { readonly period: string; readonly sent: number }[];
}

/** `since`: older attempts fill no cap and keep no gap shut; those after `until` are from a clock that has jumped back. */
export async function paceSnapshot(db: Db, since: number, until: number): Promise<PaceSnapshot> {
  return {
    senders: await db.selectFrom('senders').selectAll().execute(),
    days: await db.selectFrom('sender_days').select(['sender', 'day', 'sent']).where('sent', '>', 0).execute(),
    attempts: await db
      .selectFrom('attempts')
      .select(['sender', 'domain', 'started_at'])
      .where('counted', '=', sql.lit(1))
      .where('started_at', '>', since)
      .where('started_at', '<=', until)
      .orderBy('started_at')
      .execute(),
    usage: await db.selectFrom('usage_counters').selectAll().execute(),
  };
}

export interface WaitingMail {
  readonly id: number;
  readonly prospect_id: number;
  readonly domain: string;
  readonly due_at: number;
  /** What the lead says of its time zone. */
  readonly zone: string | null;
}

/** A job's mails that will leave without a person's doing, in the order in which they are due; `returning` among them, whatever their state says. */
export function waitingMails(db: Db, jobId: number, returning: readonly number[] = []): Promise<WaitingMail[]> {
  return db
    .selectFrom('messages')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .leftJoin('suppressions', (join) => join.on(isSuppressed))
    .select(['messages.id', 'messages.prospect_id', 'prospects.domain', 'messages.due_at'])
    .select(sql<string | null>`json_extract(prospects.fields, '$.timezone')`.as('zone'))
    .where('messages.job_id', '=', jobId)
    .where(({ or, eb }) =>
      or([
        eb('messages.state', 'in', ['pending', 'drafting', 'ready']),
        ...(returning.length === 0 ? [] : [eb('messages.id', 'in', returning)]),
      ]),
    )
    .where('suppressions.email_key', 'is', null)
    .orderBy('messages.due_at')
    .orderBy('messages.id')
    .execute();
}

/** A message with what its gates are asked for. `suppressed`: why nobody may write to its recipient. */
export type WaitingMessage = NonNullable<Awaited<ReturnType<typeof waitingMessage>>>;

export function waitingMessage(db: Db, id: number) {
  return db
    .selectFrom('messages')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .leftJoin('suppressions', (join) => join.on(isSuppressed))
    .select(['messages.id', 'messages.job_id', 'messages.state', 'messages.due_at', 'messages.reason', 'messages.tries'])
    .select(['messages.prospect_id', 'prospects.domain', 'prospects.email', 'suppressions.reason as suppressed'])
    .where('messages.id', '=', id)
    .executeTakeFirst();
}

/** The messages to one address, newest first. `emailKey` is in lower case. */
export async function messagesTo(db: Db, emailKey: string): Promise<number[]> {
  const rows = await db
    .selectFrom('messages')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .select('messages.id')
    .where('prospects.email_key', '=', emailKey)
    .orderBy('messages.id', 'desc')
    .execute();
  return rows.map(({ id }) => id);
}
