import { sql } from 'kysely';
import { type MessageState, sumOf } from '../domain/message.ts';
import { countsOf } from './jobs.ts';
import { type MessageSummary, summaries } from './progress.ts';
import type { Db } from './schema.ts';

/**
 * Lists of messages that a person moves through, of any length: a list is runs of messages of one
 * job in one state, whose lengths the counters tell, so no read visits more than it shows.
 */
interface Run {
  readonly job: number;
  readonly state: MessageState;
  readonly n: number;
}

export interface MessageList {
  readonly runs: readonly Run[];
  readonly length: number;
}

/** What a person looks for stands first. */
const ORDER: readonly MessageState[] = [
  'uncertain',
  'review',
  'failed',
  'sending',
  'drafting',
  'ready',
  'pending',
  'accepted',
  'suppressed',
  'cancelled',
];

/** A job's messages; those in `states` if any are named. */
export async function listOfJob(db: Db, job: number, states: readonly MessageState[] = ORDER): Promise<MessageList> {
  const counts = await countsOf(db, job);
  const runs = ORDER.filter((state) => states.includes(state) && counts[state] > 0).map((state) => ({ job, state, n: counts[state] }));
  return { runs, length: sumOf(counts, states) };
}

/** What waits for approval, of every job that is not cancelled. */
export function listOfReview(db: Db): Promise<MessageList> {
  return listOfState(db, 'review');
}

/** What nobody knows the end of: of one job, or of every job that is not cancelled. */
export function listOfUncertain(db: Db, job: number | undefined): Promise<MessageList> {
  return job === undefined ? listOfState(db, 'uncertain') : listOfJob(db, job, ['uncertain']);
}

async function listOfState(db: Db, state: MessageState): Promise<MessageList> {
  const rows = await db
    .selectFrom('job_counts')
    .innerJoin('jobs', 'jobs.id', 'job_counts.job_id')
    .select(['job_counts.job_id as job', 'job_counts.n'])
    .where('job_counts.state', '=', state)
    .where('job_counts.n', '>', 0)
    .where('jobs.cancelled_at', 'is', null)
    .orderBy('job_counts.job_id')
    .execute();
  const runs = rows.map(({ job, n }) => ({ job, n, state }));
  return { runs, length: runs.reduce((sum, { n }) => sum + n, 0) };
}

/** Ids of the whole list. */
export async function idsOf(db: Db, { runs }: MessageList): Promise<number[]> {
  const ids: number[] = [];
  for (const run of runs) ids.push(...(await idsOfRun(db, run, 0, run.n)));
  return ids;
}

export async function messagesAt(db: Db, { runs }: MessageList, offset: number, limit: number): Promise<MessageSummary[]> {
  const ids: number[] = [];
  let skip = offset;
  for (const run of runs) {
    if (ids.length >= limit) break;
    if (skip < run.n) ids.push(...(await idsOfRun(db, run, skip, limit - ids.length)));
    skip = Math.max(0, skip - run.n);
  }
  return inOrder(db, ids);
}

/** Where in the list a message stands now; undefined when it is not in it. */
export async function placeInList(db: Db, { runs }: MessageList, id: number): Promise<number | undefined> {
  const message = await db.selectFrom('messages').select(['job_id', 'state']).where('id', '=', id).executeTakeFirst();
  const index = runs.findIndex(({ job, state }) => job === message?.job_id && state === message.state);
  const run = runs[index];
  if (run === undefined) return undefined;
  const { n } = await db
    .selectFrom('messages')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('job_id', '=', run.job)
    .where('state', '=', run.state)
    .where('id', '<', id)
    .executeTakeFirstOrThrow();
  return runs.slice(0, index).reduce((sum, { n: length }) => sum + length, n);
}

/** From the nearer end: what is skipped is walked over, 15 ms for a million entries of the index. */
async function idsOfRun(db: Db, { job, state, n }: Run, skip: number, limit: number): Promise<number[]> {
  const wanted = Math.min(limit, n - skip);
  const fromEnd = skip > n / 2;
  const rows = await db
    .selectFrom('messages')
    .select('id')
    .where('job_id', '=', job)
    .where('state', '=', state)
    .orderBy('id', fromEnd ? 'desc' : 'asc')
    .limit(wanted)
    .offset(fromEnd ? n - skip - wanted : skip)
    .execute();
  const ids = rows.map(({ id }) => id);
  return fromEnd ? ids.reverse() : ids;
}

/** A job's messages to addresses that begin like this (lower case), by address. */
export async function messagesToPrefix(db: Db, job: number, prefix: string, limit: number): Promise<MessageSummary[]> {
  const rows = await db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .select('messages.id')
    .where('prospects.campaign_id', '=', db.selectFrom('jobs').select('campaign_id').where('id', '=', job))
    .where('prospects.email_key', '>=', prefix)
    .where('prospects.email_key', '<', `${prefix}\u{10ffff}`)
    .where(sql`+messages.job_id`, '=', job)
    .orderBy('prospects.email_key')
    .limit(limit)
    .execute();
  return inOrder(
    db,
    rows.map(({ id }) => id),
  );
}

async function inOrder(db: Db, ids: readonly number[]): Promise<MessageSummary[]> {
  if (ids.length === 0) return [];
  const rows = await summaries(db).where('messages.id', 'in', ids).execute();
  return ids.flatMap((id) => rows.find((row) => row.id === id) ?? []);
}
