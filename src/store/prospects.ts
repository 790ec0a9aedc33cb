import { sql } from 'kysely';
import type { Db, Tx } from './schema.ts';

export interface StoredProspect {
  readonly id: number;
  readonly email: string;
  readonly email_key: string;
  readonly fields: string;
  readonly version: number;
}

/**
 * A lead of one campaign with its first message, waiting to be drafted. Returns false when the
 * campaign has this address already: the unique index decides, not a look beforehand.
 */
export async function addProspect(
  tx: Tx,
  lead: {
    campaignId: number;
    jobId: number;
    email: string;
    key: string;
    fields: string;
    dueAt: number;
    suppressed: string | null;
    now: number;
  },
): Promise<boolean> {
  const added = await tx
    .insertInto('prospects')
    .values({
      campaign_id: lead.campaignId,
      job_id: lead.jobId,
      email: lead.email,
      email_key: lead.key,
      fields: lead.fields,
      created_at: lead.now,
      updated_at: lead.now,
    })
    .onConflict((conflict) => conflict.columns(['campaign_id', 'email_key']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (added === undefined) return false;
  await tx
    .insertInto('messages')
    .values({
      job_id: lead.jobId,
      campaign_id: lead.campaignId,
      prospect_id: added.id,
      state: lead.suppressed === null ? 'pending' : 'suppressed',
      worker_id: null,
      attempt_id: null,
      deadline_at: null,
      due_at: lead.dueAt,
      first_try_at: null,
      content_hash: null,
      frozen_sha256: null,
      reason: lead.suppressed,
      created_at: lead.now,
      state_at: lead.now,
    })
    .execute();
  return true;
}

/** The lead's new fields, and the ids of its messages; undefined when nothing changed. */
export async function updateProspect(
  tx: Tx,
  lead: { campaignId: number; key: string; fields: string; now: number },
): Promise<number[] | undefined> {
  const row = await tx
    .updateTable('prospects')
    .set({ fields: lead.fields, version: sql<number>`version + 1`, updated_at: lead.now })
    .where('campaign_id', '=', lead.campaignId)
    .where('email_key', '=', lead.key)
    .where('fields', '<>', lead.fields)
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const messages = await tx.selectFrom('messages').select('id').where('prospect_id', '=', row.id).execute();
  return messages.map(({ id }) => id);
}

/** The lead as this campaign has it; its job tells a row twice in one file from a lead that was there before. */
export function findProspect(db: Db, campaignId: number, key: string) {
  return db
    .selectFrom('prospects')
    .select(['id', 'job_id', 'fields'])
    .where('campaign_id', '=', campaignId)
    .where('email_key', '=', key)
    .executeTakeFirst();
}

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

/** Leads of a campaign to try a text on: those that wait for one first. */
export function sampleLeads(db: Db, campaignId: number, limit: number) {
  return db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .innerJoin('jobs', 'jobs.id', 'messages.job_id')
    .select(['prospects.id', 'prospects.email', 'prospects.email_key', 'prospects.fields', 'prospects.version'])
    .select(['messages.id as message_id', 'messages.job_id'])
    .where('prospects.campaign_id', '=', campaignId)
    .where('jobs.cancelled_at', 'is', null)
    .orderBy(sql`case messages.state when 'pending' then 0 when 'review' then 1 else 2 end`)
    .orderBy('messages.id')
    .limit(limit)
    .execute();
}

export function prospectById(db: Db, id: number): Promise<StoredProspect> {
  return db
    .selectFrom('prospects')
    .select(['id', 'email', 'email_key', 'fields', 'version'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
}

/** Removes what an unfinished import brought in, at most `limit` leads at a time; returns how many went. */
export async function removeProspects(tx: Tx, jobId: number, limit: number): Promise<number> {
  const rows = await tx.selectFrom('prospects').select('id').where('job_id', '=', jobId).limit(limit).execute();
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await tx.deleteFrom('messages').where('prospect_id', 'in', ids).execute();
  await tx.deleteFrom('prospects').where('id', 'in', ids).execute();
  return ids.length;
}
