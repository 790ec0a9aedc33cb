import { type SqlBool, sql } from 'kysely';
import type { Db } from './schema.ts';

/**
 * What happened to mails, told as one story: the events, and the ends of attempts at sending. An attempt whose end an event tells
 * in the same commit (`uncertain`, `recovered`) is not told twice; the event has its sender. A late reply ends an attempt once more.
 */

export interface LogEntry {
  /** An event's id, or an attempt's below 0: where the entry stands. */
  readonly place: number;
  /** Epoch ms. */
  readonly at: number;
  readonly message: number;
  readonly job: number;
  readonly campaign: string;
  readonly email: string;
  /** By which addresses are compared. */
  readonly email_key: string;
  /** An event's kind, or how an attempt ended: `accepted`, `recipient_refused`, … */
  readonly kind: string;
  readonly sender: string | null;
  readonly provider: string | null;
  readonly code: number | null;
  readonly detail: string | null;
}

export interface LogFilter {
  readonly jobId: number | undefined;
  /** Lower case. */
  readonly emailKey: string | undefined;
  /** Epoch ms. */
  readonly since: number | undefined;
}

/** How far a reader has come. */
export interface LogMark {
  readonly event: number;
  readonly attempt: number;
  /** Attempts up to there whose end is still to be told. */
  readonly open: ReadonlySet<number>;
}

export async function logMark(db: Db): Promise<LogMark> {
  const newest = (table: 'events' | 'attempts') => db.selectFrom(table).select('id').orderBy('id', 'desc').limit(1).executeTakeFirst();
  const event = (await newest('events'))?.id ?? 0;
  const attempt = (await newest('attempts'))?.id ?? 0;
  // In the words of the index on messages in flight: a search for open attempts would read all of them.
  const sending = await db
    .selectFrom('messages')
    .innerJoin('attempts', 'attempts.id', 'messages.attempt_id')
    .select('attempts.id')
    .where(sql<SqlBool>`messages.state in ('drafting','sending')`)
    .where('attempts.finished_at', 'is', null)
    .execute();
  return { event, attempt, open: new Set(sending.map(({ id }) => id).filter((id) => id <= attempt)) };
}

/** Entries as `placesInOrder` and `newPlaces` name them, sorted by time; those that the filter leaves out, or that are gone, are missing. */
export async function entriesAt(db: Db, { jobId, emailKey, since }: LogFilter, places: readonly number[]): Promise<LogEntry[]> {
  const events = places.filter((place) => place > 0);
  const attempts = places.filter((place) => place < 0).map((place) => -place);
  const entries = [
    ...(events.length === 0 ? [] : await eventEntries(db).where('events.id', 'in', events).execute()),
    ...(attempts.length === 0 ? [] : await attemptEntries(db).where('attempts.id', 'in', attempts).execute()),
  ];
  // Not in the statement: SQLite would begin with all messages of the job rather than with these few ids.
  return entries
    .filter(({ job, email_key, at }) => (jobId ?? job) === job && (emailKey ?? email_key) === email_key && at >= (since ?? 0))
    .sort(byTime);
}

/** Everything of these messages, message by message in the order of their ids. */
export async function entriesOf(db: Db, messageIds: readonly number[], since = 0): Promise<LogEntry[]> {
  if (messageIds.length === 0) return [];
  const entries = [
    ...(await eventEntries(db).where('events.message_id', 'in', messageIds).execute()),
    ...(await attemptEntries(db).where('attempts.message_id', 'in', messageIds).execute()),
  ];
  return entries.filter(({ at }) => at >= since).sort((left, right) => left.message - right.message || byTime(left, right));
}

/** Where the new entries since `mark` stand, at most `limit` of each kind, and the mark behind them. */
export async function newPlaces(db: Db, mark: LogMark, limit: number): Promise<{ places: number[]; mark: LogMark }> {
  const events = await db.selectFrom('events').select(['id', 'kind']).where('id', '>', mark.event).orderBy('id').limit(limit).execute();
  const attempts = await db
    .selectFrom('attempts')
    .select(['id', 'finished_at'])
    .where(({ eb, or }) => or([eb('id', '>', mark.attempt), eb('id', 'in', [...mark.open])]))
    .orderBy('id')
    .limit(limit + mark.open.size)
    .execute();
  const ended = attempts.filter(({ finished_at }) => finished_at !== null).map(({ id }) => id);
  const late = await attemptsEndedBy(
    db,
    events.filter(({ kind }) => kind === 'late reply').map(({ id }) => id),
  );
  return {
    places: [...events.map(({ id }) => id), ...new Set([...ended, ...late].map((id) => -id))],
    mark: {
      event: events.at(-1)?.id ?? mark.event,
      attempt: Math.max(mark.attempt, attempts.at(-1)?.id ?? 0),
      open: new Set(attempts.filter(({ finished_at }) => finished_at === null).map(({ id }) => id)),
    },
  };
}

/** Of events that are replies come late. */
async function attemptsEndedBy(db: Db, eventIds: readonly number[]): Promise<number[]> {
  if (eventIds.length === 0) return [];
  const rows = await db
    .selectFrom('events')
    .innerJoin('attempts', (join) =>
      join.onRef('attempts.message_id', '=', 'events.message_id').onRef('attempts.finished_at', '=', 'events.at'),
    )
    .select('attempts.id')
    .where('events.id', 'in', eventIds)
    .execute();
  return rows.map(({ id }) => id);
}

const KEYS = 10_000;
/** Attempts end in another order than they begin: this many more are looked at to find the newest. */
const IN_FLIGHT = 256;

/**
 * Where the newest entries up to `mark` stand, in the order of their times. No index has that order, and a statement that sorts would
 * hold its read transaction while a slow reader reads: so times and ids alone are sorted here, at 20 bytes an entry.
 */
export async function placesInOrder(db: Db, filter: LogFilter, mark: LogMark, newest: number): Promise<Float64Array> {
  const ats: number[] = [];
  const places: number[] = [];
  for (const source of ['events', 'attempts'] as const) {
    const wanted = newest + IN_FLIGHT;
    let before = (source === 'events' ? mark.event : mark.attempt) + 1;
    for (let taken = 0, more = true; more && taken < wanted; ) {
      const limit = Math.min(KEYS, wanted - taken);
      const page = await (source === 'events' ? eventKeys(db, filter, before, limit) : attemptKeys(db, filter, before, limit));
      for (const { id, at } of page) {
        ats.push(at ?? 0);
        places.push(source === 'events' ? id : -id);
      }
      taken += page.length;
      before = page.at(-1)?.id ?? 0;
      more = page.length === limit;
    }
  }
  const order = Uint32Array.from(places.keys());
  order.sort((left, right) => (ats[left] ?? 0) - (ats[right] ?? 0) || inTurn(places[left] ?? 0, places[right] ?? 0));
  return Float64Array.from(order.subarray(Math.max(0, order.length - newest)), (index) => places[index] ?? 0);
}

function byTime(left: LogEntry, right: LogEntry): number {
  return left.at - right.at || inTurn(left.place, right.place);
}

/** Of the same moment: an attempt's end before what followed from it, each in the order of their ids. */
function inTurn(left: number, right: number): number {
  return Math.sign(left) - Math.sign(right) || Math.abs(left) - Math.abs(right);
}

function eventKeys(db: Db, { jobId, emailKey, since }: LogFilter, before: number, limit: number) {
  let query = db.selectFrom('events').select(['events.id', 'events.at as at']).where('events.id', '<', before);
  if (jobId !== undefined) query = query.where(inJob('events.message_id', jobId));
  if (emailKey !== undefined) query = query.where('events.message_id', 'in', messagesTo(db, emailKey));
  if (since !== undefined) query = query.where('events.at', '>=', since);
  return query.orderBy('events.id', 'desc').limit(limit).execute();
}

function attemptKeys(db: Db, { jobId, emailKey, since }: LogFilter, before: number, limit: number) {
  let query = db.selectFrom('attempts').select(['attempts.id', 'attempts.finished_at as at']).where('attempts.id', '<', before);
  query = query.where('attempts.finished_at', 'is not', null).where(TOLD_HERE);
  if (jobId !== undefined) query = query.where(inJob('attempts.message_id', jobId));
  if (emailKey !== undefined) query = query.where('attempts.message_id', 'in', messagesTo(db, emailKey));
  if (since !== undefined) query = query.where('attempts.finished_at', '>=', since);
  return query.orderBy('attempts.id', 'desc').limit(limit).execute();
}

/** Neither a join nor EXISTS: SQLite would begin with the job's messages, and sort what happened to all of them to find the newest 50. */
function inJob(message: 'events.message_id' | 'attempts.message_id', jobId: number) {
  return sql<SqlBool>`(select job_id from messages where messages.id = ${sql.ref(message)}) = ${jobId}`;
}

function messagesTo(db: Db, emailKey: string) {
  return db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .select('messages.id')
    .where('prospects.email_key', '=', emailKey);
}

const TOLD_HERE = sql<SqlBool>`(attempts.outcome not in ('ambiguous','not_armed') or not exists (select 1 from events
  where events.message_id = attempts.message_id and events.at = attempts.finished_at and events.kind in ('uncertain','recovered')))`;

/** The attempt that an event speaks of: the newest that had begun. */
const IN_FORCE = sql<number>`(select max(begun.id) from attempts as begun
  where begun.message_id = events.message_id and begun.started_at <= events.at)`;

function eventEntries(db: Db) {
  return db
    .selectFrom('events')
    .innerJoin('messages', 'messages.id', 'events.message_id')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .innerJoin('campaigns', 'campaigns.id', 'messages.campaign_id')
    .leftJoin('attempts', (join) => join.on('attempts.id', '=', IN_FORCE).on('events.kind', 'in', ['uncertain', 'recovered', 'late reply']))
    .select(['events.id as place', 'events.at as at', 'messages.id as message', 'messages.job_id as job', 'campaigns.name as campaign'])
    .select(['prospects.email', 'prospects.email_key', 'events.kind as kind', 'attempts.sender', 'attempts.provider'])
    .select([sql<number | null>`null`.as('code'), 'events.detail as detail']);
}

function attemptEntries(db: Db) {
  return db
    .selectFrom('attempts')
    .innerJoin('messages', 'messages.id', 'attempts.message_id')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .innerJoin('campaigns', 'campaigns.id', 'messages.campaign_id')
    .select(sql<number>`-attempts.id`.as('place'))
    .select(['messages.id as message', 'messages.job_id as job', 'campaigns.name as campaign', 'prospects.email', 'prospects.email_key'])
    .select([sql<number>`attempts.finished_at`.as('at'), sql<string>`attempts.outcome`.as('kind'), 'attempts.sender', 'attempts.provider'])
    .select(['attempts.code', 'attempts.reply as detail'])
    .where('attempts.finished_at', 'is not', null)
    .where(TOLD_HERE);
}
