import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { HOUR, MINUTE } from '../domain/duration.ts';
import type { PauseReason } from '../domain/job.ts';
import { type MessageState, OPEN_STATES } from '../domain/message.ts';
import { type NamedJob, toCounts } from './jobs.ts';
import { type JobProgress, progressOf } from './progress.ts';
import type { Db } from './schema.ts';

/** What `outreach dash` shows of all jobs together. Every read is bounded by what fits on a screen, or by the number of jobs. */

/** Ids of all jobs, those with something to do first, newest first; `filter` is part of a campaign's or file's name, or an id. */
export async function jobOrder(db: Db, filter: string): Promise<number[]> {
  // One pass over the counters: asked job by job, a thousand of them cost four times as much.
  const unfinished = db
    .selectFrom('job_counts')
    .select('job_id')
    .where('n', '>', 0)
    .where('state', 'in', [...OPEN_STATES, 'review', 'uncertain']);
  const query = db
    .selectFrom('jobs')
    .select('jobs.id')
    .orderBy(sql`jobs.cancelled_at is null and (jobs.imported_at is null or jobs.id in ${unfinished})`, 'desc')
    .orderBy('jobs.id', 'desc');
  return (await (filter === '' ? query : query.where(names(filter))).execute()).map(({ id }) => id);
}

function names(filter: string): RawBuilder<SqlBool> {
  const like = `%${filter.replace(/[\\%_]/g, '\\$&')}%`;
  return sql`(jobs.source like ${like} escape '\\' or cast(jobs.id as text) = ${filter}
    or jobs.campaign_id in (select id from campaigns where name like ${like} escape '\\'))`;
}

/** These jobs, in the order of `ids`. */
export async function progressOfJobs(db: Db, ids: readonly number[]): Promise<JobProgress[]> {
  if (ids.length === 0) return [];
  const jobs: NamedJob[] = await db
    .selectFrom('jobs')
    .innerJoin('campaigns', 'campaigns.id', 'jobs.campaign_id')
    .selectAll('jobs')
    .select('campaigns.name as campaign')
    .where('jobs.id', 'in', ids)
    .execute();
  const counts = await db.selectFrom('job_counts').select(['job_id', 'state', 'n']).where('job_id', 'in', ids).execute();
  return ids.flatMap((id) => {
    const job = jobs.find((candidate) => candidate.id === id);
    return job === undefined ? [] : [progressOf(job, toCounts(counts.filter(({ job_id }) => job_id === id)))];
  });
}

export interface Standing {
  readonly n: number;
  /** The job that has them all; null when several have some, or none. */
  readonly job: number | null;
}

/** What jobs that are not cancelled have for a person, and those that are not paused for a worker. */
export async function standings(db: Db): Promise<{ uncertain: Standing; review: Standing; open: number }> {
  const among = (states: readonly MessageState[]) => sql`state in (${sql.join(states.map((state) => sql.lit(state)))})`;
  const sum = (condition: RawBuilder<unknown>) => sql<number>`coalesce(sum(n) filter (where ${condition}), 0)`;
  const only = (state: MessageState) =>
    sql<number | null>`case count(*) filter (where ${among([state])}) when 1 then min(job_id) filter (where ${among([state])}) end`;
  const row = await db
    .selectFrom('job_counts')
    .select([sum(among(['uncertain'])).as('uncertain'), sum(among(['review'])).as('review')])
    .select(sum(sql`${among(OPEN_STATES)} and job_id not in (select id from jobs where paused_at is not null)`).as('open'))
    .select([only('uncertain').as('uncertain_job'), only('review').as('review_job')])
    .where('n', '>', 0)
    .where('job_id', 'not in', db.selectFrom('jobs').select('id').where('cancelled_at', 'is not', null))
    .executeTakeFirstOrThrow();
  return {
    uncertain: { n: row.uncertain, job: row.uncertain_job },
    review: { n: row.review, job: row.review_job },
    open: row.open,
  };
}

export interface HeldJob {
  readonly id: number;
  readonly source: string;
  readonly why: 'importing' | 'budget' | PauseReason;
}

/** Jobs that only a person sets going again, newest first. */
export async function heldJobs(db: Db, limit: number): Promise<HeldJob[]> {
  const rows = await db
    .selectFrom('jobs')
    .select(['id', 'source', 'imported_at', 'pause_reason'])
    .where('cancelled_at', 'is', null)
    .where(({ or, and, eb, exists, selectFrom }) =>
      or([
        eb('imported_at', 'is', null),
        and([eb('paused_at', 'is not', null), eb('pause_reason', 'is not', null)]),
        and([
          eb('ai_budget_reached', '=', 1),
          exists(
            selectFrom('job_counts')
              .select('n')
              .whereRef('job_counts.job_id', '=', 'jobs.id')
              .where('job_counts.state', '=', 'pending')
              .where('job_counts.n', '>', 0),
          ),
        ]),
      ]),
    )
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ id, source, imported_at, pause_reason }) => ({
    id,
    source,
    why: imported_at === null ? 'importing' : (pause_reason ?? 'budget'),
  }));
}

export interface FeedLine {
  readonly at: number;
  readonly job: number;
  readonly message: number;
  readonly email: string;
  /** An event's kind, or how an attempt stands. */
  readonly kind: string;
  readonly detail: string | null;
}

/** What happened last, newest first: events, and attempts where they stand. */
export async function newestEvents(db: Db, limit: number): Promise<FeedLine[]> {
  const events = await db
    .selectFrom('events')
    .innerJoin('messages', 'messages.id', 'events.message_id')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .select(['events.at', 'messages.job_id as job', 'messages.id as message', 'prospects.email', 'events.kind', 'events.detail'])
    .orderBy('events.id', 'desc')
    .limit(limit)
    .execute();
  const attempts = await db
    .selectFrom('attempts')
    .innerJoin('messages', 'messages.id', 'attempts.message_id')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .select([
      sql<number>`coalesce(attempts.finished_at, attempts.armed_at, attempts.started_at)`.as('at'),
      'messages.job_id as job',
      'messages.id as message',
      'prospects.email',
      sql<string>`coalesce(attempts.outcome, case when attempts.armed_at is null then 'connecting' else 'on the wire' end)`.as('kind'),
      'attempts.reply as detail',
    ])
    // The event beside it says the same, and in our own word.
    .where(({ or, eb }) => or([eb('attempts.outcome', 'is', null), eb('attempts.outcome', '<>', 'ambiguous')]))
    .orderBy('attempts.id', 'desc')
    .limit(limit)
    .execute();
  return [...events, ...attempts].sort((a, b) => b.at - a.at).slice(0, limit);
}

/** Enough to tell a pace from, few enough to read four times a second. */
const SAMPLE = 300;

/** Mails an hour at present, of each job that has something to send and is not paused: over the last hour, or over the newest 300 attempts where there are more. */
export async function ratesNow(db: Db, now: number): Promise<Map<number, number>> {
  const sample = await db
    .selectFrom('attempts')
    .innerJoin('messages', 'messages.id', 'attempts.message_id')
    .select(['attempts.started_at as at', 'messages.job_id as job'])
    .where('attempts.counted', '=', sql.lit(1))
    .orderBy('attempts.id', 'desc')
    .limit(SAMPLE)
    .execute();
  const recent = sample.filter(({ at }) => at > now - HOUR && at <= now + MINUTE);
  const oldest = new Map<number, { at: number; n: number }>();
  for (const { at, job } of recent) oldest.set(job, { at, n: (oldest.get(job)?.n ?? 0) + 1 });
  // A job that has begun a minute ago has not sent sixty times as much an hour.
  const cut = recent.length === SAMPLE ? now - (recent.at(-1)?.at ?? now) : undefined;
  const span = (since: number) => Math.max(1_000, cut ?? Math.max(10 * MINUTE, now - since));
  const going = await jobsWithWork(db, [...oldest.keys()]);
  return new Map([...oldest].flatMap(([job, { at, n }]) => (going.has(job) ? [[job, (n * HOUR) / span(at)]] : [])));
}

async function jobsWithWork(db: Db, ids: readonly number[]): Promise<Set<number>> {
  const rows = await db
    .selectFrom('job_counts')
    .innerJoin('jobs', 'jobs.id', 'job_counts.job_id')
    .select('jobs.id')
    .where('jobs.id', 'in', ids)
    .where('jobs.paused_at', 'is', null)
    .where('jobs.cancelled_at', 'is', null)
    .where('job_counts.state', 'in', OPEN_STATES)
    .where('job_counts.n', '>', 0)
    .execute();
  return new Set(rows.map(({ id }) => id));
}
