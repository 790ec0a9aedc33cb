import { sql } from 'kysely';
import type { Origin } from '../domain/lead.ts';
import { type MessageState, statesBefore } from '../domain/message.ts';
import { FORGOTTEN } from '../domain/personKey.ts';
import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

export interface StoredProspect {
  readonly id: number;
  readonly email: string;
  readonly email_key: string;
  readonly fields: string;
  readonly version: number;
}

/** What stands in the row of a person who was forgotten, beside the hash as their key. */
export const TOMBSTONE = { email: 'forgotten', domain: '', fields: '{}', source: null, basis: null } as const;

export interface NewLead extends Origin {
  readonly campaignId: number;
  readonly jobId: number;
  readonly email: string;
  /** The address in lower case. */
  readonly key: string;
  readonly domain: string;
  /** JSON. */
  readonly fields: string;
  readonly dueAt: number;
  /** Why it gets no mail; null when it may get some. */
  readonly suppressed: string | null;
  readonly now: number;
}

/**
 * A lead of one campaign with its first message, waiting to be drafted. Returns false when the
 * campaign has this address already: the unique index decides, not a look beforehand.
 */
export async function addProspect(tx: Tx, lead: NewLead): Promise<boolean> {
  const [added] = (await insertProspect(tx, lead)).rows;
  if (added === undefined) return false;
  await insertMessage(tx, { ...lead, prospectId: added.id, state: lead.suppressed === null ? 'pending' : 'suppressed' });
  return true;
}

const insertProspect = statement((db, value: Blanks<NewLead>) =>
  db
    .insertInto('prospects')
    .values({
      campaign_id: value('campaignId'),
      job_id: value('jobId'),
      email: value('email'),
      email_key: value('key'),
      domain: value('domain'),
      fields: value('fields'),
      source: value('source'),
      basis: value('basis'),
      created_at: value('now'),
      updated_at: value('now'),
    })
    .onConflict((conflict) => conflict.columns(['campaign_id', 'email_key']).doNothing())
    .returning('id'),
);

const insertMessage = statement((db, value: Blanks<NewLead & { prospectId: number; state: MessageState }>) =>
  db.insertInto('messages').values({
    job_id: value('jobId'),
    campaign_id: value('campaignId'),
    prospect_id: value('prospectId'),
    state: value('state'),
    worker_id: null,
    attempt_id: null,
    deadline_at: null,
    due_at: value('dueAt'),
    deferred_from: null,
    first_try_at: null,
    content_hash: null,
    frozen_sha256: null,
    reason: value('suppressed'),
    created_at: value('now'),
    state_at: value('now'),
  }),
);

/** The fields of a lead that the campaign has already; returns the ids of its messages. */
export async function updateProspect(tx: Tx, id: number, fields: string, now: number): Promise<number[]> {
  await tx.updateTable('prospects').set({ fields, version: sql<number>`version + 1`, updated_at: now }).where('id', '=', id).execute();
  const messages = await tx.selectFrom('messages').select('id').where('prospect_id', '=', id).execute();
  return messages.map((message) => message.id);
}

/** This import has had its say about the lead: a second row of the file changes nothing. */
export async function noteUpdatedBy(tx: Tx, id: number, jobId: number): Promise<void> {
  await tx.updateTable('prospects').set({ update_job_id: jobId }).where('id', '=', id).execute();
}

/** Where a lead is from that the campaign has already; what is not said stays as it was. No draft is void for it. */
export async function recordOrigin(tx: Tx, lead: { campaignId: number; key: string } & Origin): Promise<void> {
  const said = { ...(lead.source === null ? {} : { source: lead.source }), ...(lead.basis === null ? {} : { basis: lead.basis }) };
  if (Object.keys(said).length === 0) return;
  await tx.updateTable('prospects').set(said).where('campaign_id', '=', lead.campaignId).where('email_key', '=', lead.key).execute();
}

/** The lead as this campaign has it; its jobs tell a row twice in one file from a lead that was there before. */
export async function findProspect(db: Db, campaignId: number, key: string) {
  return (await selectKnown(db, { campaignId, key })).rows[0];
}

const selectKnown = statement((db, value: Blanks<{ campaignId: number; key: string }>) =>
  db
    .selectFrom('prospects')
    .select(['id', 'job_id', 'update_job_id', 'fields', 'source', 'basis'])
    .where('campaign_id', '=', value('campaignId'))
    .where('email_key', '=', value('key')),
);

/** Every message to this address, whatever its campaign. */
export function messagesTo(db: Db, key: string) {
  return db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .innerJoin('campaigns', 'campaigns.id', 'messages.campaign_id')
    .select(['messages.id', 'messages.job_id', 'messages.state', 'campaigns.name as campaign'])
    .where('prospects.email_key', '=', key)
    .orderBy('messages.id')
    .execute();
}

/** Leads of a campaign to try a text on: those that wait for one first. With `key` (an address in lower case) that one alone. */
export function sampleLeads(db: Db, campaignId: number, limit: number, key?: string) {
  const leads = db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .innerJoin('jobs', 'jobs.id', 'messages.job_id')
    .select(['prospects.id', 'prospects.email', 'prospects.email_key', 'prospects.fields', 'prospects.version'])
    .select(['messages.id as message_id', 'messages.job_id'])
    .where('prospects.campaign_id', '=', campaignId)
    .where('jobs.cancelled_at', 'is', null)
    .where('prospects.email_key', 'not like', `${FORGOTTEN}%`)
    .orderBy(sql`case messages.state when 'pending' then 0 when 'review' then 1 else 2 end`)
    .orderBy('messages.id')
    .limit(limit);
  return (key === undefined ? leads : leads.where('prospects.email_key', '=', key)).execute();
}

/** The fields of up to `limit` leads of a campaign that get a mail or got one, in no order that is promised. */
export function someFields(db: Db, campaignId: number, limit: number): Promise<{ fields: string }[]> {
  return db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .select('prospects.fields')
    .where('prospects.campaign_id', '=', campaignId)
    .where('messages.state', 'not in', ['suppressed', 'cancelled'])
    .where('prospects.email_key', 'not like', `${FORGOTTEN}%`)
    .limit(limit)
    .execute();
}

export async function prospectById(db: Db, id: number): Promise<StoredProspect> {
  const [row] = (await selectProspect(db, { id })).rows;
  if (row === undefined) throw new Error(`lead ${id} is gone`);
  return row;
}

const selectProspect = statement((db, value: Blanks<{ id: number }>) =>
  db.selectFrom('prospects').select(['id', 'email', 'email_key', 'fields', 'version']).where('id', '=', value('id')),
);

/** Leads with a mail still to come of which source or basis is not known, in one campaign; undefined when there are none. */
export function unsourcedLeads(db: Db): Promise<{ campaign: string; leads: number } | undefined> {
  return db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .innerJoin('campaigns', 'campaigns.id', 'prospects.campaign_id')
    .select(({ fn }) => ['campaigns.name as campaign', fn.countAll<number>().as('leads')])
    .where('messages.state', 'in', statesBefore('suppressed'))
    .where(({ or, eb }) => or([eb('prospects.source', 'is', null), eb('prospects.basis', 'is', null)]))
    .groupBy('campaigns.name')
    .limit(1)
    .executeTakeFirst();
}

/** Removes what an unfinished import brought in, at most `limit` leads at a time; returns how many went. Leads that were there before it have a story, and stay. */
export async function removeProspects(tx: Tx, jobId: number, limit: number): Promise<number> {
  const rows = await tx
    .selectFrom('prospects')
    .select('id')
    .where('job_id', '=', jobId)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('messages')
            .innerJoin('events', 'events.message_id', 'messages.id')
            .select('events.id')
            .whereRef('messages.prospect_id', '=', 'prospects.id'),
        ),
      ),
    )
    .limit(limit)
    .execute();
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await tx.deleteFrom('messages').where('prospect_id', 'in', ids).execute();
  await tx.deleteFrom('prospects').where('id', 'in', ids).execute();
  return ids.length;
}
