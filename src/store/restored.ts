import { sql } from 'kysely';
import type { MessageState } from '../domain/message.ts';
import { isUnfinished } from './jobs.ts';
import type { Db, Tx } from './schema.ts';

/** Moves in a database that may be older than what was sent from it. */

/** Pauses every job that may still have mails to send; returns their ids. */
export async function pauseUnfinished(tx: Tx, now: number): Promise<number[]> {
  const rows = await tx
    .updateTable('jobs')
    .set({ paused_at: sql<number>`coalesce(paused_at, ${now})`, pause_reason: 'restored' })
    .where('cancelled_at', 'is', null)
    .where(({ or, eb }) => or([eb('imported_at', 'is', null), isUnfinished]))
    .returning('id')
    .execute();
  return rows.map(({ id }) => id).sort((a, b) => a - b);
}

/**
 * sending → uncertain, armed or not: that it was not armed is what was known when the copy was made,
 * and it may have left a moment later. Returns what moved.
 */
export function doubtSending(tx: Tx, now: number, reason: string): Promise<{ id: number; attempt_id: number | null }[]> {
  return tx
    .updateTable('messages')
    .set({ state: 'uncertain', armed: 1, worker_id: null, deadline_at: null, state_at: now, reason })
    .where('state', '=', 'sending')
    .returning(['id', 'attempt_id'])
    .execute();
}

/** Messages to these people (addresses in lower case) that may still be sent; failed ones when somebody asks for it, cancelled ones when their list is imported again. */
export function waitingFor(db: Db, keys: readonly string[]): Promise<{ id: number; state: MessageState }[]> {
  return db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .select(['messages.id', 'messages.state'])
    .where('prospects.email_key', 'in', keys)
    .where('messages.state', 'in', ['pending', 'drafting', 'review', 'ready', 'sending', 'uncertain', 'failed', 'cancelled'])
    .execute();
}

/** Which of these people are leads here at all. */
export async function knownPeople(db: Db, keys: readonly string[]): Promise<string[]> {
  const rows = await db.selectFrom('prospects').select('email_key').distinct().where('email_key', 'in', keys).execute();
  return rows.map(({ email_key }) => email_key);
}
