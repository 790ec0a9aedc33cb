import { sql } from 'kysely';
import { FURTHEST_REPLAY, nextReplay } from '../domain/replay.ts';
import type { Tx } from './schema.ts';
import { isSuppressed } from './suppressions.ts';

/** Uncertain mails whose provider can be asked again with the very same request. */

/** Plans the next look at this attempt, if its provider allows a repetition, and told its time when the request was released. */
export async function planReplay(tx: Tx, attemptId: number, now: number): Promise<void> {
  const attempt = await tx
    .selectFrom('attempts')
    .select(['provider', 'armed_at', 'provider_time'])
    .where('id', '=', attemptId)
    .executeTakeFirst();
  if (attempt === undefined || attempt.armed_at === null || attempt.provider_time === null) return;
  await setReplay(tx, attemptId, nextReplay(attempt.provider, attempt.armed_at, now));
}

export async function setReplay(tx: Tx, attemptId: number, at: number | null): Promise<void> {
  await tx.updateTable('attempts').set({ replay_at: at }).where('id', '=', attemptId).execute();
}

/**
 * The first attempt whose repetition is due, with its message as it stands; of these senders only. `asked_at`: by the
 * provider's clock, when the mail's key may have become known there; null when nobody can say.
 */
export function firstReplay(tx: Tx, senders: readonly string[], now: number) {
  return tx
    .selectFrom('attempts')
    .innerJoin('messages', 'messages.id', 'attempts.message_id')
    .innerJoin('jobs', 'jobs.id', 'messages.job_id')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .leftJoin('drafts', 'drafts.message_id', 'messages.id')
    .leftJoin('workers', 'workers.id', 'attempts.worker_id')
    .leftJoin('suppressions', (join) => join.on(isSuppressed))
    .where(({ or, eb }) => or([eb('attempts.replay_at', '<=', now), eb('attempts.replay_at', '>', now + FURTHEST_REPLAY)]))
    .where('attempts.sender', 'in', senders)
    .orderBy('attempts.replay_at')
    .limit(1)
    .select(['attempts.id as attempt_id', 'attempts.sender', 'attempts.provider', 'attempts.sha256 as sent_sha256'])
    .select(firstAskedAt.as('asked_at'))
    .select(sql<string | null>`(select value from json_each(workers.accounts) where key = attempts.sender)`.as('account'))
    .select(['messages.id', 'messages.token'])
    .select(['messages.state', 'messages.attempt_id as current_attempt', 'messages.frozen_sha256', 'jobs.paused_at', 'jobs.cancelled_at'])
    .select(['suppressions.reason as suppressed', 'drafts.header_message_id', 'drafts.envelope_from', 'drafts.envelope_to'])
    .select(['drafts.bytes', 'drafts.addressing', 'drafts.subject', 'drafts.text', 'drafts.html', 'drafts.attachments'])
    .executeTakeFirst();
}

/** All requests for a mail carry one key, and it lives from the first that may have been taken: a person may have had it sent again. */
const firstAskedAt = sql<number | null>`(select iif(count(*) = count(asked.provider_time), min(asked.provider_time), null)
  from attempts asked where asked.message_id = messages.id and asked.provider = attempts.provider
    and asked.armed_at is not null and coalesce(asked.outcome, 'ambiguous') in ('ambiguous', 'accepted'))`;

export type DueReplay = NonNullable<Awaited<ReturnType<typeof firstReplay>>>;

/** Takes it for a while: nobody else asks, and `resolve --resend` waits, until `until`. */
export async function holdReplay(tx: Tx, attemptId: number, until: number): Promise<void> {
  await tx.updateTable('attempts').set({ replay_at: until, deadline_at: until }).where('id', '=', attemptId).execute();
}

/** Whether it is still uncertain, and still to be mailed at all. */
export async function isReplayWanted(tx: Tx, messageId: number, attemptId: number): Promise<boolean> {
  const row = await tx
    .selectFrom('messages')
    .innerJoin('jobs', 'jobs.id', 'messages.job_id')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .leftJoin('suppressions', (join) => join.on(isSuppressed))
    .select('messages.id')
    .where('messages.id', '=', messageId)
    .where('messages.state', '=', 'uncertain')
    .where('messages.attempt_id', '=', attemptId)
    .where('jobs.paused_at', 'is', null)
    .where('jobs.cancelled_at', 'is', null)
    .where('suppressions.reason', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}
