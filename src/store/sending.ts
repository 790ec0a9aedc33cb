import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Hold, RELEASED } from './messages.ts';
import type { Tx } from './schema.ts';
import { type Blanks, changed, statement } from './statement.ts';
import { isSuppressed } from './suppressions.ts';

/** The moves of the send protocol that a living worker makes: T1 claims, T2 arms, T3 ends. What becomes of a dead one's is in `recovery.ts`. */

/** Whether a server has accepted a try of this message, whatever somebody said of it since. */
function wasAccepted(messageId: 'due.id' | 'messages.id'): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (select 1 from attempts where message_id = ${sql.ref(messageId)} and outcome = 'accepted')`;
}

/** The first ready message of a job that is due, with all that its claim must know. */
export async function firstDue(tx: Tx, due: { readonly jobId: number; readonly dueBy: number }) {
  return (await selectFirstDue(tx, due)).rows[0];
}

export type DueMessage = NonNullable<Awaited<ReturnType<typeof firstDue>>>;

const selectFirstDue = statement((db, value: Blanks<{ jobId: number; dueBy: number }>) =>
  db
    // One seek on the index of ready messages; the rest is looked up for that row alone.
    .selectFrom((query) =>
      query
        .selectFrom('messages')
        .select(['id', 'token', 'campaign_id', 'prospect_id', 'content_hash', 'frozen_sha256', 'approved_sha256'])
        .where('job_id', '=', value('jobId'))
        .where('state', '=', sql.lit('ready' as const))
        .where('due_at', '<=', value('dueBy'))
        .orderBy('due_at')
        .orderBy('id')
        .limit(sql.lit(1))
        .as('due'),
    )
    .innerJoin('prospects', 'prospects.id', 'due.prospect_id')
    .innerJoin('campaigns', 'campaigns.id', 'due.campaign_id')
    .leftJoin('suppressions', (join) => join.on(isSuppressed))
    .leftJoin('drafts', 'drafts.message_id', 'due.id')
    .select([
      'due.id',
      'due.token',
      'due.prospect_id',
      'due.content_hash',
      'due.frozen_sha256',
      'due.approved_sha256',
      'prospects.version',
      'prospects.domain',
      'suppressions.reason as suppressed',
    ])
    .select(wasAccepted('due.id').as('accepted'))
    .select(['campaigns.content_hash as campaign_content', 'drafts.lead_version', 'drafts.header_message_id'])
    .select([
      'drafts.envelope_from',
      'drafts.envelope_to',
      'drafts.bytes',
      'drafts.addressing',
      'drafts.subject',
      'drafts.text',
      'drafts.html',
      'drafts.attachments',
    ]),
);

interface ReadyClaim {
  readonly id: number;
  readonly token: number;
  readonly worker: string;
  readonly attemptId: number;
  readonly deadlineAt: number;
  readonly now: number;
}

/** ready → sending, unarmed (T1), for whoever saw it with this token. */
export async function claimReady(tx: Tx, claim: ReadyClaim): Promise<boolean> {
  return changed(await updateToSending(tx, claim));
}

const updateToSending = statement((db, value: Blanks<ReadyClaim>) =>
  db
    .updateTable('messages')
    .set({
      state: 'sending',
      deferred_from: null,
      worker_id: value('worker'),
      token: sql<number>`token + 1`,
      deadline_at: value('deadlineAt'),
      state_at: value('now'),
      reason: null,
      armed: sql.lit(0),
      attempt_id: value('attemptId'),
    })
    .where('id', '=', value('id'))
    .where('state', '=', sql.lit('ready' as const))
    .where('token', '=', value('token')),
);

/** A due message goes back into the line, because of its recipient alone. */
export async function deferMessage(tx: Tx, id: number, dueAt: number): Promise<void> {
  await updateDue(tx, { id, dueAt });
}

const updateDue = statement((db, value: Blanks<{ id: number; dueAt: number }>) =>
  db
    .updateTable('messages')
    .set({ deferred_from: sql<number>`coalesce(deferred_from, due_at)`, due_at: value('dueAt') })
    .where('id', '=', value('id'))
    .where('state', '=', sql.lit('ready' as const)),
);

interface Arm extends Hold {
  readonly now: number;
  readonly deadlineAt: number;
}

/** T2: unarmed → armed, while this worker still holds it, no earlier try turned out accepted, its deadline has not passed and its job goes on. */
export async function armMessage(tx: Tx, hold: Hold, times: { now: number; deadlineAt: number }): Promise<boolean> {
  return changed(await updateToArmed(tx, { ...hold, ...times }));
}

const updateToArmed = statement((db, value: Blanks<Arm>) =>
  db
    .updateTable('messages')
    .set({ armed: sql.lit(1), deadline_at: value('deadlineAt') })
    .where('id', '=', value('id'))
    .where('state', '=', sql.lit('sending' as const))
    .where('worker_id', '=', value('worker'))
    .where('token', '=', value('token'))
    .where('armed', '=', sql.lit(0))
    .where('deadline_at', '>', value('now'))
    .where(sql<SqlBool>`not ${wasAccepted('messages.id')}`)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('jobs')
            .select('jobs.id')
            .whereRef('jobs.id', '=', 'messages.job_id')
            .where(({ or, eb }) => or([eb('paused_at', 'is not', null), eb('cancelled_at', 'is not', null)])),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('suppressions')
            .innerJoin('prospects', (join) => join.on(isSuppressed))
            .select('suppressions.email_key')
            .whereRef('prospects.id', '=', 'messages.prospect_id'),
        ),
      ),
    ),
);

export interface SendEnd {
  readonly state: 'accepted' | 'failed' | 'ready' | 'uncertain' | 'cancelled';
  readonly now: number;
  readonly reason: string | null;
  readonly dueAt?: number;
  readonly tries?: number;
  readonly firstTryAt?: number;
}

/** T3 (and T4 for a late reply). Only a complete reply may move a message out of `uncertain`. */
export async function finishSending(tx: Tx, hold: Hold, attemptId: number, end: SendEnd): Promise<boolean> {
  const { dueAt = null, tries = null, firstTryAt = null } = end;
  const armed = end.state === 'uncertain' ? 1 : 0;
  return changed(await updateToEnd(tx, { ...hold, ...end, attemptId, armed, dueAt, tries, firstTryAt }));
}

interface FilledEnd extends Hold {
  readonly attemptId: number;
  readonly state: SendEnd['state'];
  readonly now: number;
  readonly armed: number;
  readonly reason: string | null;
  /** Null keeps what the row has. */
  readonly dueAt: number | null;
  readonly tries: number | null;
  readonly firstTryAt: number | null;
}

/**
 * The row an attempt's outcome belongs to: still held, or given up as uncertain by somebody else
 * while the reply was on its way (T4), and perhaps resolved since by a person who could not know that it
 * was accepted. The token keeps an older attempt away from a newer one.
 */
const updateToEnd = statement((db, value: Blanks<FilledEnd>) =>
  db
    .updateTable('messages')
    .set({
      ...RELEASED,
      state: value('state'),
      state_at: value('now'),
      armed: value('armed'),
      reason: value('reason'),
      due_at: sql<number>`coalesce(${value('dueAt')}, due_at)`,
      tries: sql<number>`coalesce(${value('tries')}, tries)`,
      first_try_at: sql<number>`coalesce(${value('firstTryAt')}, first_try_at)`,
    })
    .where('id', '=', value('id'))
    .where('token', '=', value('token'))
    .where('attempt_id', '=', value('attemptId'))
    .where(({ or, and, eb }) =>
      or([
        and([eb('state', '=', sql.lit('sending' as const)), eb('worker_id', '=', value('worker'))]),
        eb('state', '=', sql.lit('uncertain' as const)),
        and([eb('state', 'in', [sql.lit('failed' as const), sql.lit('ready' as const)]), sql<SqlBool>`${value('state')} = 'accepted'`]),
      ]),
    ),
);
