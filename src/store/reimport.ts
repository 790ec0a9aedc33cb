import { type SqlBool, sql } from 'kysely';
import type { Origin } from '../domain/lead.ts';
import { deleteDrafts } from './drafts.ts';
import { noteEvent } from './events.ts';
import { UNDRAFTED } from './messages.ts';
import type { Db, Tx } from './schema.ts';
import { type Blanks, statement } from './statement.ts';

/** A lead of a new import that the campaign has already. */
interface KnownLead extends Origin {
  readonly campaignId: number;
  /** The job of the new import. */
  readonly jobId: number;
  readonly email: string;
  /** The address in lower case. */
  readonly key: string;
  /** JSON. */
  readonly fields: string;
  readonly dueAt: number;
  readonly now: number;
}

/**
 * Takes a lead over from a cancelled job if nobody wrote to them: no try was ever armed, no person
 * rejected the mail, and no list given to `reconcile` says that it left. Returns false for every
 * other lead. The message keeps its number, token and story; draft and tries begin anew.
 */
export async function reimportLead(tx: Tx, lead: KnownLead): Promise<boolean> {
  const message = await unwrittenMessage(tx, lead.campaignId, lead.key);
  if (message === undefined) return false;
  await deleteDrafts(tx, [message.id]);
  await tx
    .updateTable('messages')
    .set({
      ...UNDRAFTED,
      state: 'pending',
      job_id: lead.jobId,
      tries: 0,
      first_try_at: null,
      deferred_from: null,
      due_at: lead.dueAt,
      reason: null,
      state_at: lead.now,
    })
    .where('id', '=', message.id)
    .execute();
  await tx
    .updateTable('prospects')
    .set({
      job_id: lead.jobId,
      email: lead.email,
      fields: lead.fields,
      // What is not said stays as it was.
      ...(lead.source === null ? {} : { source: lead.source }),
      ...(lead.basis === null ? {} : { basis: lead.basis }),
      version: sql<number>`version + 1`,
      updated_at: lead.now,
    })
    .where('id', '=', message.prospect_id)
    .execute();
  await noteEvent(tx, message.id, 'imported again', lead.now, `job ${message.from} was cancelled`);
  return true;
}

/** The message to this address in the campaign, if its job is cancelled and it never left. */
export async function unwrittenMessage(db: Db, campaignId: number, key: string) {
  const { rows } = await selectUnwritten(db, { campaignId, key });
  return rows[0];
}

const selectUnwritten = statement((db, value: Blanks<{ campaignId: number; key: string }>) =>
  db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .innerJoin('jobs', 'jobs.id', 'messages.job_id')
    .select(['messages.id', 'messages.prospect_id', 'messages.job_id as from'])
    .where('prospects.campaign_id', '=', value('campaignId'))
    .where('prospects.email_key', '=', value('key'))
    .where('messages.campaign_id', '=', value('campaignId'))
    .where('messages.state', '=', sql.lit('cancelled' as const))
    .where('jobs.cancelled_at', 'is not', null)
    .where(sql<SqlBool>`not exists (select 1 from attempts where message_id = messages.id and armed_at is not null)`)
    .where(sql<SqlBool>`not exists (select 1 from events where message_id = messages.id and kind in ('rejected', 'sent already'))`),
);
