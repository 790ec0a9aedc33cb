import { sql } from 'kysely';
import type { MessageState } from '../domain/message.ts';
import type { Db } from './schema.ts';

/**
 * Whole tables for another program, page by page in the order of their ids. Each page is one statement, and nothing is held between
 * two: a read transaction as long as a slow reader would keep the write-ahead log growing, and `forget` from emptying it.
 */

export interface ExportFilter {
  readonly campaignId: number | undefined;
  readonly jobId: number | undefined;
  /** Of the message; a lead's newest one. */
  readonly state: MessageState | undefined;
  /** Epoch ms: changed since then. */
  readonly since: number | undefined;
}

/** Ids after `after`, up to `upTo`: what comes in while the export runs is not part of it. */
export interface Span {
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

export async function lastId(db: Db, table: 'messages' | 'prospects'): Promise<number> {
  const row = await db.selectFrom(table).select('id').orderBy('id', 'desc').limit(1).executeTakeFirst();
  return row?.id ?? 0;
}

export type MessageExport = Awaited<ReturnType<typeof messageRows>>[number];
export type ProspectExport = Awaited<ReturnType<typeof prospectRows>>[number];

export function messageRows(db: Db, { campaignId, jobId, state, since }: ExportFilter, { after, upTo, limit }: Span) {
  let query = db
    .selectFrom('messages')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .innerJoin('campaigns', 'campaigns.id', 'messages.campaign_id')
    .leftJoin('drafts', 'drafts.message_id', 'messages.id')
    .leftJoin('attempts', (join) => join.on('attempts.id', '=', NEWEST_ATTEMPT))
    .select(['messages.id', 'messages.job_id as job', 'campaigns.name as campaign', 'prospects.email', 'messages.step'])
    .select(['messages.state', 'messages.reason', 'drafts.subject', 'drafts.header_message_id as message_id'])
    .select(['attempts.sender', 'attempts.provider'])
    .select(sql<number>`(select count(*) from attempts where attempts.message_id = messages.id)`.as('attempts'))
    .select(['attempts.code', 'attempts.reply', 'messages.created_at', 'messages.due_at', 'messages.state_at'])
    .select(['attempts.armed_at', 'drafts.text'])
    .where('messages.id', '>', after)
    .where('messages.id', '<=', upTo)
    .orderBy('messages.id')
    .limit(limit);
  if (campaignId !== undefined) query = query.where('messages.campaign_id', '=', campaignId);
  if (jobId !== undefined) query = query.where('messages.job_id', '=', jobId);
  if (state !== undefined) query = query.where('messages.state', '=', state);
  if (since !== undefined) query = query.where('messages.state_at', '>=', since);
  return query.execute();
}

const NEWEST_ATTEMPT = sql<number>`(select id from attempts where message_id = messages.id order by token desc limit 1)`;

export function prospectRows(db: Db, { campaignId, jobId, state, since }: ExportFilter, { after, upTo, limit }: Span) {
  let query = db
    .selectFrom('prospects')
    .innerJoin('campaigns', 'campaigns.id', 'prospects.campaign_id')
    .select(['prospects.id', 'prospects.job_id as job', 'campaigns.name as campaign', 'prospects.email', 'prospects.domain'])
    .select(NEWEST_STATE.as('state'))
    .select(['prospects.source', 'prospects.basis', 'prospects.created_at', 'prospects.updated_at', 'prospects.fields'])
    .where('prospects.id', '>', after)
    .where('prospects.id', '<=', upTo)
    .orderBy('prospects.id')
    .limit(limit);
  if (campaignId !== undefined) query = query.where('prospects.campaign_id', '=', campaignId);
  if (jobId !== undefined) query = query.where('prospects.job_id', '=', jobId);
  if (state !== undefined) query = query.where(NEWEST_STATE, '=', state);
  if (since !== undefined) query = query.where('prospects.updated_at', '>=', since);
  return query.execute();
}

const NEWEST_STATE = sql<MessageState | null>`(select state from messages where prospect_id = prospects.id order by id desc limit 1)`;

/** Ids of the messages of one page of events; `since` is the events' own and is not asked here. */
export async function messageIds(db: Db, { campaignId, jobId, state }: ExportFilter, { after, upTo, limit }: Span): Promise<number[]> {
  let query = db.selectFrom('messages').select('id').where('id', '>', after).where('id', '<=', upTo).orderBy('id').limit(limit);
  if (campaignId !== undefined) query = query.where('campaign_id', '=', campaignId);
  if (jobId !== undefined) query = query.where('job_id', '=', jobId);
  if (state !== undefined) query = query.where('state', '=', state);
  return (await query.execute()).map(({ id }) => id);
}
