import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { DAY } from '../domain/duration.ts';
import type { ClockShift } from '../domain/localDay.ts';
import type { MessageState, StateCounts } from '../domain/message.ts';
import { toCounts } from './jobs.ts';
import type { Db } from './schema.ts';

/**
 * What became of mails, counted. A mail belongs to the day of its last try, so that a bounce stands beside
 * what was sent with it. Each function reads the tables once, in the order they lie on the disk: a million
 * mails take about half a second a function. A plus before a column keeps its index out of it: in the order
 * of an index every row is a jump (three times as slow). `cross join` keeps tables in the order they are written:
 * left to itself SQLite asks a list of bounces once for every attempt, and takes minutes. Nothing here is for a screen that is drawn again and again.
 */

export interface Span {
  /** All campaigns when left out. */
  readonly campaignId: number | undefined;
  /** Epoch ms; everything when left out. */
  readonly since: number | undefined;
  /** Whose days are told apart. */
  readonly clock: readonly ClockShift[];
}

/** Days are numbers of that clock: 0 is 1970-01-01. */
export interface EndedRow {
  readonly day: number;
  /** Null for mails that were not tried. */
  readonly sender: string | null;
  /** Null for all domains that were not asked for. */
  readonly domain: string | null;
  readonly state: MessageState;
  readonly n: number;
  /** How many of them the recipient's server refused for good. */
  readonly refused: number;
}

export interface ReturnedRow {
  readonly day: number;
  readonly sender: string;
  /** Empty when the person was forgotten. */
  readonly domain: string;
  readonly kind: 'bounced' | 'complained';
  readonly n: number;
}

/** One moment of the database for all of `read`: figures that belong together agree, and no writer waits meanwhile. */
export function atOneMoment<T>(db: Db, read: (db: Db) => Promise<T>): Promise<T> {
  return db.connection().execute(async (connection) => {
    // Deferred: it takes no lock that a writer needs.
    await sql`begin deferred`.execute(connection);
    try {
      return await read(connection);
    } finally {
      await sql`rollback`.execute(connection);
    }
  });
}

/** Every mail of every job, by its state now; read from counters. */
export async function countsNow(db: Db, campaignId: number | undefined): Promise<StateCounts> {
  let query = db
    .selectFrom('job_counts')
    .innerJoin('jobs', 'jobs.id', 'job_counts.job_id')
    .select(['job_counts.state', sql<number>`sum(job_counts.n)`.as('n')])
    .groupBy('job_counts.state');
  if (campaignId !== undefined) query = query.where('jobs.campaign_id', '=', campaignId);
  return toCounts(await query.execute());
}

/** Mails that came to an end, by day, sender and, of these domains, by domain. */
export async function endedMails(db: Db, span: Span, domains: readonly string[]): Promise<EndedRow[]> {
  const domain =
    domains.length === 0
      ? sql`null`
      : sql`case when attempts.domain in (select value from json_each(${JSON.stringify(domains)})) then attempts.domain end`;
  const { rows } = await sql<EndedRow>`select ${dayOf(span, ENDED_AT)} as day,
      case when ${NEVER_SENT} then null else attempts.sender end as sender,
      case when ${NEVER_SENT} then null else ${domain} end as domain,
      messages.state as state,
      count(*) as n,
      sum(case when messages.state = 'failed' and attempts.outcome = 'recipient_refused' then 1 else 0 end) as refused
    from messages left join attempts on attempts.id = messages.attempt_id
    where messages.state in ('accepted', 'failed', 'uncertain', 'suppressed', 'cancelled') and ${ofCampaign(span)} and ${since(span, ENDED_AT)}
    group by 1, 2, 3, 4`.execute(db);
  return rows;
}

/** Mails that were accepted, and came back or were complained of later; by the day of their try. */
export async function returnedMails(db: Db, span: Span): Promise<ReturnedRow[]> {
  const { rows } = await sql<ReturnedRow>`select ${dayOf(span, sql`attempts.started_at`)} as day,
      attempts.sender as sender, attempts.domain as domain, returned.kind as kind, count(*) as n
    from (select distinct +message_id as message_id, kind from events where kind in ('bounced', 'complained')) as returned
    cross join messages cross join attempts
    where messages.id = returned.message_id and attempts.id = messages.attempt_id
      and ${ofCampaign(span)} and ${since(span, sql`attempts.started_at`)}
    group by 1, 2, 3, 4`.execute(db);
  return rows;
}

/** Mails whose text was written, by the day on which it was last written. */
export async function draftedMails(db: Db, span: Span): Promise<{ day: number; n: number }[]> {
  const [joined, chosen] =
    span.campaignId === undefined
      ? [sql``, sql<SqlBool>`1 = 1`]
      : [sql`cross join messages`, sql<SqlBool>`messages.id = events.message_id and ${ofCampaign(span)}`];
  const { rows } = await sql<{ day: number; n: number }>`select day, count(*) as n
    from (
      select ${dayOf(span, sql`max(events.at)`)} as day from events ${joined}
      where events.kind = 'drafted' and ${chosen} and ${since(span, sql`events.at`)}
      group by +events.message_id
    ) as written
    group by day`.execute(db);
  return rows;
}

/**
 * The domains that mails were tried at most, and how many domains there are; people who were forgotten have none.
 * Of all campaigns together an index knows, without a row being read: sorting a million names takes as long as all the rest.
 */
export async function domainsTriedMost(db: Db, span: Span, limit: number): Promise<{ domains: number; top: string[] }> {
  const { campaignId } = span;
  const tried = campaignId === undefined ? sql`attempts` : sql`messages cross join attempts`;
  const chosen = campaignId === undefined ? sql<SqlBool>`1 = 1` : sql<SqlBool>`attempts.id = messages.attempt_id and ${ofCampaign(span)}`;
  const { rows } = await sql<{ domain: string; domains: number }>`select attempts.domain as domain, count(*) over () as domains
    from ${tried}
    where ${chosen} and attempts.counted = 1 and attempts.domain <> '' and ${since(span, sql`attempts.started_at`)}
    group by attempts.domain order by count(*) desc, attempts.domain limit ${sql.lit(limit)}`.execute(db);
  return { domains: rows[0]?.domains ?? 0, top: rows.map(({ domain }) => domain) };
}

export interface FailureRow {
  readonly outcome: string | null;
  readonly code: number | null;
  readonly n: number;
  /** One of the replies. */
  readonly example: string | null;
}

/** Why mails failed, the most frequent first. Replies differ in every id and address, so they are not what is counted. */
export async function failureReasons(db: Db, campaignId: number): Promise<FailureRow[]> {
  const { rows } =
    await sql<FailureRow>`select attempts.outcome as outcome, attempts.code as code, count(*) as n, min(messages.reason) as example
    from messages left join attempts on attempts.id = messages.attempt_id
    where messages.state = 'failed' and ${ofJobsOf(campaignId)}
    group by 1, 2 order by count(*) desc, 1, 2`.execute(db);
  return rows;
}

export interface NamedMail {
  readonly id: number;
  readonly email: string;
  readonly sender: string | null;
  readonly reason: string | null;
  /** Epoch ms of the last try, or since when it stands so. */
  readonly at: number;
}

/** The latest mails of a campaign that stand in `state`. */
export async function latestIn(db: Db, campaignId: number, state: MessageState, limit: number): Promise<NamedMail[]> {
  const { rows } =
    await sql<NamedMail>`select messages.id as id, prospects.email as email, attempts.sender as sender, messages.reason as reason,
      coalesce(attempts.started_at, messages.state_at) as at
    from messages join prospects on prospects.id = messages.prospect_id left join attempts on attempts.id = messages.attempt_id
    where messages.state = ${state} and ${ofJobsOf(campaignId)}
    order by at desc, messages.id desc limit ${limit}`.execute(db);
  return rows;
}

/** Of one state there are few: found by the index of each job's states. */
function ofJobsOf(campaignId: number): RawBuilder<SqlBool> {
  return sql<SqlBool>`messages.job_id in (select id from jobs where campaign_id = ${campaignId})`;
}

const NEVER_SENT = sql<SqlBool>`messages.state in ('suppressed', 'cancelled')`;
/** A person may settle an uncertain mail days later: it was sent when it was tried. */
const ENDED_AT = sql<number>`(case when ${NEVER_SENT} then messages.state_at else coalesce(attempts.started_at, messages.state_at) end)`;
/** Worked out by SQLite, so that a million mails come out as a few rows a day. */
function dayOf({ clock: [first, ...later] }: Span, time: RawBuilder<unknown>): RawBuilder<number> {
  const shifts = later.reverse().map(({ at, offset }) => sql`when ${time} >= ${sql.lit(at)} then ${sql.lit(offset)}`);
  const start = sql.lit(first?.offset ?? 0);
  const offset = shifts.length === 0 ? start : sql`case ${sql.join(shifts, sql` `)} else ${start} end`;
  return sql<number>`(${time} + ${offset}) / ${sql.lit(DAY)}`;
}

function ofCampaign({ campaignId }: Span): RawBuilder<SqlBool> {
  return campaignId === undefined ? sql<SqlBool>`1 = 1` : sql<SqlBool>`messages.campaign_id = ${campaignId}`;
}

function since({ since: from }: Span, time: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return from === undefined ? sql<SqlBool>`1 = 1` : sql<SqlBool>`${time} >= ${from}`;
}
