import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

export interface StoredCampaign {
  readonly id: number;
  readonly name: string;
  /** What drafts and approvals of this campaign must have been made from to be sent. */
  readonly content_hash: string;
}

/** The campaign's row, made on first use. */
export async function ensureCampaign(tx: Tx, name: string, contentHash: string, now: number): Promise<StoredCampaign> {
  const found = await findCampaign(tx, name);
  if (found !== undefined) return found;
  return tx
    .insertInto('campaigns')
    .values({ name, content_hash: contentHash, created_at: now })
    .returning(['id', 'name', 'content_hash'])
    .executeTakeFirstOrThrow();
}

export function findCampaign(db: Db, name: string): Promise<StoredCampaign | undefined> {
  return db.selectFrom('campaigns').select(['id', 'name', 'content_hash']).where('name', '=', name).executeTakeFirst();
}

/** Of every campaign that anybody was imported for, in their order. */
export async function campaignNames(db: Db): Promise<string[]> {
  return (await db.selectFrom('campaigns').select('name').orderBy('name').execute()).map(({ name }) => name);
}

/** False when the waiting mails stand in line for this pace already. */
export async function recordPace(tx: Tx, name: string, paceHash: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('campaigns')
    .set({ pace_hash: paceHash })
    .where('name', '=', name)
    .where('pace_hash', '<>', paceHash)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function paceHashOf(db: Db, name: string): Promise<string | undefined> {
  return (await db.selectFrom('campaigns').select('pace_hash').where('name', '=', name).executeTakeFirst())?.pace_hash;
}

/** False when another worker has recorded the same content already. */
export async function recordContent(tx: Tx, campaignId: number, contentHash: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('campaigns')
    .set({ content_hash: contentHash })
    .where('id', '=', campaignId)
    .where('content_hash', '<>', contentHash)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function contentOf(db: Db, campaignId: number): Promise<string> {
  const [row] = (await selectContent(db, { campaignId })).rows;
  if (row === undefined) throw new Error(`campaign ${campaignId} is gone`);
  return row.content_hash;
}

const selectContent = statement((db, value: Blanks<{ campaignId: number }>) =>
  db.selectFrom('campaigns').select('content_hash').where('id', '=', value('campaignId')),
);
