import { sql } from 'kysely';
import type { AttachedFile } from '../domain/attachment.ts';
import { FORGOTTEN } from '../domain/personKey.ts';
import { deleteDrafts } from './drafts.ts';
import { deleteGenerations } from './generations.ts';
import { TOMBSTONE } from './prospects.ts';
import type { Db, Tx } from './schema.ts';
import { suppress } from './suppressions.ts';

/** One person in every campaign: what is held of them, and how it is erased. Keys are addresses in lower case. */

/** What still happens with this person's mails; undefined when nothing does. */
export async function onTheirWay(
  db: Db,
  key: string,
  now: number,
): Promise<{ what: 'sending' | 'uncertain' | 'writing'; id: number } | undefined> {
  const message = await theirMessages(db, key)
    .select(['messages.id', 'messages.state'])
    .where('messages.state', 'in', ['sending', 'uncertain'])
    .orderBy('messages.state')
    .limit(1)
    .executeTakeFirst();
  if (message !== undefined) return { what: message.state === 'sending' ? 'sending' : 'uncertain', id: message.id };
  const call = await theirMessages(db, key)
    .innerJoin('ai_calls', 'ai_calls.message_id', 'messages.id')
    .select('messages.id')
    .where('ai_calls.finished_at', 'is', null)
    .where('ai_calls.deadline_at', '>', now)
    .limit(1)
    .executeTakeFirst();
  return call && { what: 'writing', id: call.id };
}

/** True when the message is to somebody who was forgotten: whatever still comes in for it is not kept. */
export async function isToForgotten(db: Db, messageId: number): Promise<boolean> {
  const row = await db
    .selectFrom('messages')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .select('prospects.id')
    .where('messages.id', '=', messageId)
    .where('prospects.email_key', 'like', `${FORGOTTEN}%`)
    .executeTakeFirst();
  return row !== undefined;
}

export interface Erased {
  readonly leads: number;
  readonly messages: number;
  readonly drafts: number;
  readonly generations: number;
}

/**
 * Every copy of this person, but for `hash`, which they are known by from now on. The rows stay, so
 * that counts hold: of jobs, of senders and their bounces, and of money.
 */
export async function erasePerson(tx: Tx, key: string, hash: string, now: number): Promise<Erased> {
  const ids = (await theirMessages(tx, key).select('messages.id').execute()).map(({ id }) => id);
  const files = await filesOf(tx, ids);
  const drafts = await countIn(tx, 'drafts', ids);
  const generations = await countIn(tx, 'generations', ids);
  const leads = await buryProspects(tx, key, hash, now);
  if (ids.length > 0) {
    await deleteDrafts(tx, ids);
    await deleteGenerations(tx, ids);
    await dropUnused(tx, files);
    await tx.updateTable('messages').set({ reason: 'forgotten' }).where('id', 'in', ids).where('reason', 'is not', null).execute();
    await tx
      .updateTable('messages')
      .set({ frozen_sha256: 'forgotten', approved_sha256: null })
      .where('id', 'in', ids)
      .where('frozen_sha256', 'is not', null)
      .execute();
    await tx.updateTable('events').set({ detail: null }).where('message_id', 'in', ids).execute();
    await tx.updateTable('attempts').set({ sha256: null, domain: '', replay_at: null }).where('message_id', 'in', ids).execute();
    await tx.updateTable('attempts').set({ reply: 'forgotten' }).where('message_id', 'in', ids).where('reply', 'is not', null).execute();
    // The hash covers the lead's fields: whoever guesses them could confirm the guess.
    await tx.updateTable('ai_calls').set({ prompt_hash: 'forgotten' }).where('message_id', 'in', ids).execute();
  }
  await eraseMentions(tx, key);
  await tx.deleteFrom('suppressions').where('email_key', '=', key).execute();
  await suppress(tx, hash, 'forgotten', 'forget', now);
  return { leads, messages: ids.length, drafts, generations };
}

/** Everything that is stored of a lead, in every campaign. */
export function leadsOf(db: Db, key: string) {
  return db
    .selectFrom('prospects')
    .innerJoin('campaigns', 'campaigns.id', 'prospects.campaign_id')
    .innerJoin('jobs', 'jobs.id', 'prospects.job_id')
    .select(['prospects.id', 'prospects.email', 'prospects.fields', 'prospects.source', 'prospects.basis'])
    .select(['prospects.created_at', 'prospects.updated_at', 'prospects.job_id', 'campaigns.name as campaign', 'jobs.source as file'])
    .where('prospects.email_key', '=', key)
    .orderBy('prospects.id')
    .execute();
}

/** Keys of people who were not forgotten, in order, after `after`. */
export async function peopleAfter(db: Db, after: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('prospects')
    .select('email_key')
    .distinct()
    .where('email_key', '>', after)
    .where('email_key', 'not like', `${FORGOTTEN}%`)
    .orderBy('email_key')
    .limit(limit)
    .execute();
  return rows.map(({ email_key }) => email_key);
}

/** The last attempt at this person that was accepted. */
export function lastAccepted(db: Db, key: string) {
  return theirMessages(db, key)
    .innerJoin('attempts', 'attempts.message_id', 'messages.id')
    .select(['attempts.message_id', 'attempts.sender', 'attempts.started_at', 'attempts.day'])
    .where('attempts.outcome', '=', 'accepted')
    .orderBy('attempts.id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function messagesOfLead(db: Db, prospectId: number): Promise<number[]> {
  const rows = await db.selectFrom('messages').select('id').where('prospect_id', '=', prospectId).orderBy('id').execute();
  return rows.map(({ id }) => id);
}

/** Imports that are not complete: their files are still written to. */
export async function openImports(db: Db): Promise<{ job_id: number; rejects_path: string }[]> {
  return db.selectFrom('imports').select(['job_id', 'rejects_path']).where('finished_at', 'is', null).execute();
}

function theirMessages(db: Db, key: string) {
  return db.selectFrom('prospects').innerJoin('messages', 'messages.prospect_id', 'prospects.id').where('prospects.email_key', '=', key);
}

/** A person who was forgotten, let back in and imported again may have a tombstone in this campaign already: then the new one is numbered. */
async function buryProspects(tx: Tx, key: string, hash: string, now: number): Promise<number> {
  const leads = await tx.selectFrom('prospects').select(['id', 'campaign_id']).where('email_key', '=', key).execute();
  for (const { id, campaign_id } of leads) {
    const before = await tx
      .selectFrom('prospects')
      .select('id')
      .where('campaign_id', '=', campaign_id)
      .where('email_key', '=', hash)
      .executeTakeFirst();
    const email_key = before === undefined ? hash : `${hash}.${id}`;
    if (before !== undefined) await suppress(tx, email_key, 'forgotten', 'forget', now);
    const buried = { ...TOMBSTONE, email_key, version: sql<number>`version + 1`, updated_at: now };
    await tx.updateTable('prospects').set(buried).where('id', '=', id).execute();
  }
  return leads.length;
}

async function countIn(tx: Tx, table: 'drafts' | 'generations', ids: readonly number[]): Promise<number> {
  const rows = ids.length === 0 ? [] : await tx.selectFrom(table).select('message_id').where('message_id', 'in', ids).execute();
  return rows.length;
}

async function filesOf(tx: Tx, ids: readonly number[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await tx.selectFrom('drafts').select('attachments').where('message_id', 'in', ids).execute();
  return [...new Set(rows.flatMap(({ attachments }) => (JSON.parse(attachments) as AttachedFile[]).map(({ sha256 }) => sha256)))];
}

/** What was attached to their mails alone goes with them. */
async function dropUnused(tx: Tx, files: readonly string[]): Promise<void> {
  for (const sha256 of files) {
    const other = await tx
      .selectFrom('drafts')
      .select('message_id')
      .where('attachments', 'like', `%${sha256}%`)
      .limit(1)
      .executeTakeFirst();
    if (other === undefined) await tx.deleteFrom('attached_files').where('sha256', '=', sha256).execute();
  }
}

/** A sender or model that rests keeps a server's last words, which may name whom they were about. */
async function eraseMentions(tx: Tx, key: string): Promise<void> {
  const pattern = `%${key.replace(/[\\%_]/g, '\\$&')}%`;
  const names = sql<boolean>`lower(reason) like ${pattern} escape '\\'`;
  await tx.updateTable('senders').set({ reason: 'a failure whose words named a forgotten person' }).where(names).execute();
  await tx.updateTable('ai_providers').set({ reason: 'a failure whose words named a forgotten person' }).where(names).execute();
}
