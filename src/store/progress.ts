import { sql } from 'kysely';
import { type JobStatus, jobStatus } from '../domain/job.ts';
import { FINAL_STATES, MESSAGE_STATES, type MessageState, type StateCounts, sumOf } from '../domain/message.ts';
import { attemptsOf } from './attempts.ts';
import { draftOf } from './drafts.ts';
import { eventsOf } from './events.ts';
import { type Author, authorOf } from './generations.ts';
import { listJobs, type NamedJob, toCounts } from './jobs.ts';
import type { AttemptRow, Db, DraftRow, EventRow, ImportRow } from './schema.ts';

/** The read model: what every face of the program shows. Reads counters, never scans messages. */

export interface JobProgress {
  readonly job: NamedJob;
  readonly status: JobStatus;
  readonly counts: StateCounts;
  readonly total: number;
  readonly processed: number;
}

export async function jobsProgress(db: Db): Promise<JobProgress[]> {
  const jobs = await listJobs(db);
  const counts = await db.selectFrom('job_counts').select(['job_id', 'state', 'n']).execute();
  return jobs.map((job) => progressOf(job, toCounts(counts.filter(({ job_id }) => job_id === job.id))));
}

export function progressOf(job: NamedJob, counts: StateCounts): JobProgress {
  return { job, status: jobStatus(job, counts), counts, total: sumOf(counts, MESSAGE_STATES), processed: sumOf(counts, FINAL_STATES) };
}

export function importOf(db: Db, jobId: number): Promise<ImportRow | undefined> {
  return db.selectFrom('imports').selectAll().where('job_id', '=', jobId).executeTakeFirst();
}

export interface MessageFilter {
  readonly jobId: number | undefined;
  readonly state: MessageState | undefined;
  /** Lower case. */
  readonly emailKey: string | undefined;
}

export interface MessageSummary {
  readonly id: number;
  readonly job: number;
  readonly campaign: string;
  readonly email: string;
  readonly step: number;
  readonly state: MessageState;
  readonly subject: string | null;
  readonly sender: string | null;
  readonly message_id: string | null;
  readonly due_at: number;
  readonly attempts: number;
  readonly reason: string | null;
  readonly state_at: number;
  /** SHA-256 of the frozen mail, which approvals name; null without a draft. */
  readonly hash: string | null;
}

/** Messages in order of their ids, after `after`: a list of any length is read page by page. */
export function messagePage(db: Db, filter: MessageFilter, after: number, limit: number): Promise<MessageSummary[]> {
  let query = summaries(db).where('messages.id', '>', after).orderBy('messages.id').limit(limit);
  if (filter.jobId !== undefined) query = query.where('messages.job_id', '=', filter.jobId);
  if (filter.state !== undefined) query = query.where('messages.state', '=', filter.state);
  if (filter.emailKey !== undefined) query = query.where('prospects.email_key', '=', filter.emailKey);
  return query.execute();
}

export interface MessageStory {
  readonly summary: MessageSummary;
  readonly draft: DraftRow | undefined;
  /** SHA-256 of the mail as it was frozen; null without one. */
  readonly frozen: string | null;
  /** Who wrote it, when a model did. */
  readonly author: Author | undefined;
  readonly attempts: readonly AttemptRow[];
  readonly events: readonly EventRow[];
}

/** The message whose mail has this reference (X-Outreach-Id, the left part of Message-ID). Reads every draft: a person asks for it now and then. */
export async function messageOfReference(db: Db, reference: string): Promise<number | undefined> {
  const draft = await db.selectFrom('drafts').select('message_id').where('header_message_id', 'like', `<${reference}@%`).executeTakeFirst();
  return draft?.message_id;
}

/** Everything known of one message, for a person who asks what happened to it. */
export async function messageStory(db: Db, id: number): Promise<MessageStory | undefined> {
  const summary = await summaries(db).where('messages.id', '=', id).executeTakeFirst();
  if (summary === undefined) return undefined;
  const row = await db.selectFrom('messages').select('frozen_sha256').where('id', '=', id).executeTakeFirst();
  return {
    summary,
    draft: await draftOf(db, id),
    frozen: row?.frozen_sha256 ?? null,
    author: await authorOf(db, id),
    attempts: await attemptsOf(db, id),
    events: await eventsOf(db, id),
  };
}

/** One row a message, with what lists say of it. */
export function summaries(db: Db) {
  return db
    .selectFrom('messages')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .innerJoin('campaigns', 'campaigns.id', 'messages.campaign_id')
    .leftJoin('drafts', 'drafts.message_id', 'messages.id')
    .select([
      'messages.id',
      'messages.job_id as job',
      'campaigns.name as campaign',
      'prospects.email',
      'messages.step',
      'messages.state',
      'drafts.subject',
      'drafts.header_message_id as message_id',
      'messages.due_at',
      'messages.reason',
      'messages.state_at',
      sql<string | null>`case when drafts.message_id is not null then messages.frozen_sha256 end`.as('hash'),
      sql<string | null>`(select sender from attempts where attempts.message_id = messages.id order by attempts.id desc limit 1)`.as(
        'sender',
      ),
      sql<number>`(select count(*) from attempts where attempts.message_id = messages.id)`.as('attempts'),
    ]);
}
