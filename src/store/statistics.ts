import { type RawBuilder, type SqlBool, sql } from 'kysely';
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

/** A quarter of an hour: every time zone's day begins at a whole one. */
export const SLOT_MS = 900_000;

export interface Span {
  /** All campaigns when left out. */
  readonly campaignId: number | undefined;
  /** Epoch ms; everything when left out. */
  readonly since: number | undefined;
}

export interface EndedRow {
  /** Epoch ms / SLOT_MS. */
  readonly slot: number;
  /** Null for mails that were not tried. */
  readonly sender: string | null;
  readonly state: MessageState;
  readonly n: number;
  /** How many of them the recipient's server refused for good. */
  readonly refused: number;
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

/** Mails that came to an end, by its time and sender. */
export async function endedMails(db: Db, span: Span): Promise<EndedRow[]> {
  const { rows } = await sql<EndedRow>`select
      ${ENDED_AT} / ${sql.lit(SLOT_MS)} as slot,
      case when ${NEVER_SENT} then null else attempts.sender end as sender,
      messages.state as state,
      count(*) as n,
      sum(case when ${isRefused} then 1 else 0 end) as refused
    from messages left join attempts on attempts.id = messages.attempt_id
    where messages.state in ('accepted', 'failed', 'uncertain', 'suppressed', 'cancelled') and ${ofCampaign(span)}
      and ${since(span, ENDED_AT)}
    group by 1, 2, 3`.execute(db);
  return rows;
}

export interface ReturnedRow {
  readonly slot: number;
  readonly sender: string;
  /** Empty when the person was forgotten. */
  readonly domain: string;
  readonly kind: 'bounced' | 'complained';
  readonly n: number;
}

/** Mails that were accepted, and came back or were complained of later; by the time of their try. */
export async function returnedMails(db: Db, span: Span): Promise<ReturnedRow[]> {
  const { rows } = await sql<ReturnedRow>`select attempts.started_at / ${sql.lit(SLOT_MS)} as slot,
      attempts.sender as sender, attempts.domain as domain, returned.kind as kind, count(*) as n
    from (select distinct +message_id as message_id, kind from events where kind in ('bounced', 'complained')) as returned
    cross join messages cross join attempts
    where messages.id = returned.message_id and attempts.id = messages.attempt_id and ${ofCampaign(span)} and ${since(span, sql`attempts.started_at`)}
    group by 1, 2, 3, 4`.execute(db);
  return rows;
}

/** Mails whose text was written, by the time it was last written. */
export async function draftedMails(db: Db, span: Span): Promise<{ slot: number; n: number }[]> {
  const [joined, chosen] =
    span.campaignId === undefined
      ? [sql``, sql<SqlBool>`1 = 1`]
      : [sql`cross join messages`, sql<SqlBool>`messages.id = events.message_id and ${ofCampaign(span)}`];
  const { rows } = await sql<{ slot: number; n: number }>`select slot, count(*) as n
    from (
      select max(events.at) / ${sql.lit(SLOT_MS)} as slot from events ${joined}
      where events.kind = 'drafted' and ${chosen} and ${since(span, sql`events.at`)}
      group by +events.message_id
    ) as written
    group by slot`.execute(db);
  return rows;
}

export interface DomainRow {
  readonly domain: string;
  readonly sent: number;
  readonly failed: number;
  readonly uncertain: number;
  readonly refused: number;
}

/** The domains with the most mails, and how many there are; people who were forgotten have none. */
export async function domainsWithMost(db: Db, span: Span, limit: number): Promise<{ domains: number; top: DomainRow[] }> {
  if (span.campaignId !== undefined) return groupDomains(db, span, limit, sql`attempts.domain <> ''`);
  // Of all campaigns an index knows which ones were tried most: sorting a million names would take as long as all the rest.
  const { rows } = await sql<{ domain: string; domains: number }>`select domain, count(*) over () as domains from attempts
    where counted = 1 and domain <> '' and ${since(span, sql`started_at`)}
    group by domain order by count(*) desc, domain limit ${sql.lit(limit)}`.execute(db);
  if (rows.length === 0) return { domains: 0, top: [] };
  const among = sql<SqlBool>`attempts.domain in (${sql.join(rows.map(({ domain }) => domain))})`;
  return { ...(await groupDomains(db, span, limit, among)), domains: rows[0]?.domains ?? 0 };
}

async function groupDomains(db: Db, span: Span, limit: number, among: RawBuilder<SqlBool>): Promise<{ domains: number; top: DomainRow[] }> {
  const { rows } = await sql<DomainRow & { domains: number }>`select attempts.domain as domain,
      sum(case when messages.state = 'accepted' then 1 else 0 end) as sent,
      sum(case when messages.state = 'failed' then 1 else 0 end) as failed,
      sum(case when messages.state = 'uncertain' then 1 else 0 end) as uncertain,
      sum(case when ${isRefused} then 1 else 0 end) as refused,
      count(*) over () as domains
    from messages cross join attempts
    where attempts.id = messages.attempt_id and messages.state in ('accepted', 'failed', 'uncertain') and ${ofCampaign(span)}
      and ${among} and ${since(span, sql`attempts.started_at`)}
    group by attempts.domain order by count(*) desc, attempts.domain limit ${sql.lit(limit)}`.execute(db);
  return { domains: rows[0]?.domains ?? 0, top: rows.map(({ domains: _, ...row }) => row) };
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
const isRefused = sql<SqlBool>`messages.state = 'failed' and attempts.outcome = 'recipient_refused'`;

function ofCampaign({ campaignId }: Span): RawBuilder<SqlBool> {
  return campaignId === undefined ? sql<SqlBool>`1 = 1` : sql<SqlBool>`messages.campaign_id = ${campaignId}`;
}

function since({ since: from }: Span, time: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return from === undefined ? sql<SqlBool>`1 = 1` : sql<SqlBool>`${time} >= ${from}`;
}
