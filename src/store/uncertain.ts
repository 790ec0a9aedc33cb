import { sql } from 'kysely';
import type { Db } from './schema.ts';

/** Uncertain mails with what a log may know them by. */
export function uncertainMails(db: Db) {
  return db
    .selectFrom('messages')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .innerJoin('attempts', 'attempts.id', 'messages.attempt_id')
    .leftJoin('drafts', 'drafts.message_id', 'messages.id')
    .select(['messages.id', 'prospects.email', 'prospects.email_key', 'drafts.header_message_id'])
    .select(sql<number>`coalesce(attempts.armed_at, attempts.started_at)`.as('left_at'))
    .where('messages.state', '=', 'uncertain')
    .orderBy('messages.id')
    .execute();
}

export type UncertainMail = Awaited<ReturnType<typeof uncertainMails>>[number];

const CHUNK = 500;

/** When mails left, or may have left, to these addresses, of every campaign. */
export async function departuresTo(db: Db, keys: readonly string[]): Promise<{ key: string; message: number; at: number }[]> {
  const all: { key: string; message: number; at: number }[] = [];
  for (let from = 0; from < keys.length; from += CHUNK) {
    const rows = await db
      .selectFrom('attempts')
      .innerJoin('messages', 'messages.id', 'attempts.message_id')
      .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
      .select(['prospects.email_key as key', 'messages.id as message', 'attempts.armed_at as at'])
      .where('prospects.email_key', 'in', keys.slice(from, from + CHUNK))
      .where('attempts.armed_at', 'is not', null)
      .$narrowType<{ at: number }>()
      .execute();
    all.push(...rows);
  }
  return all;
}

/** Which of these are uncertain still, in order. */
export async function stillUncertain(db: Db, ids: readonly number[]): Promise<number[]> {
  const all: number[] = [];
  for (let from = 0; from < ids.length; from += CHUNK) {
    const rows = await db
      .selectFrom('messages')
      .select('id')
      .where('id', 'in', ids.slice(from, from + CHUNK))
      .where('state', '=', 'uncertain')
      .orderBy('id')
      .execute();
    all.push(...rows.map(({ id }) => id));
  }
  return all;
}
