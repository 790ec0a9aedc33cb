import { type SqlBool, sql } from 'kysely';
import { domainKey } from '../domain/address.ts';
import { statesBefore } from '../domain/message.ts';
import { FORGOTTEN } from '../domain/personKey.ts';
import type { Db, Schema, Tx } from './schema.ts';
import { type Blanks, changed, statement } from './statement.ts';

/** Why this address gets no mail, itself or with its whole domain; undefined when it may get some. `key` is the address in lower case. */
export async function suppressionOf(db: Db, key: string): Promise<string | undefined> {
  return (await selectReason(db, { key, domain: domainKey(key) })).rows[0]?.reason;
}

const selectReason = statement((db, value: Blanks<{ key: string; domain: string }>) =>
  db
    .selectFrom('suppressions')
    .select('reason')
    .where('email_key', 'in', [value('key'), value('domain')]),
);

/** Joins the suppressions of a row of `prospects`: of its address, or of its whole domain. */
export const isSuppressed = sql<SqlBool>`suppressions.email_key in (prospects.email_key, '@' || prospects.domain)`;

/** False when it stands there already; the first reason stays. */
export async function suppress(tx: Tx, key: string, reason: string, source: string, now: number): Promise<boolean> {
  return changed(await insertSuppression(tx, { key, reason, source, now }));
}

const insertSuppression = statement((db, value: Blanks<{ key: string; reason: string; source: string; now: number }>) =>
  db
    .insertInto('suppressions')
    .values({ email_key: value('key'), reason: value('reason'), source: value('source'), created_at: value('now') })
    .onConflict((conflict) => conflict.column('email_key').doNothing()),
);

/** Returns the keys that stood there. */
export async function liftSuppressions(tx: Tx, keys: readonly string[]): Promise<string[]> {
  const rows = await tx.deleteFrom('suppressions').where('email_key', 'in', keys).returning('email_key').execute();
  return rows.map(({ email_key }) => email_key);
}

/** Those that bounces of this source brought; returns how many. */
export async function liftBounces(tx: Tx, source: string): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('suppressions')
    .where('source', '=', source)
    .where('reason', 'like', BOUNCE)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

export type Suppression = Schema['suppressions'];

export function suppressionsAmong(db: Db, keys: readonly string[]): Promise<Suppression[]> {
  return db.selectFrom('suppressions').selectAll().where('email_key', 'in', keys).orderBy('email_key').execute();
}

export interface SuppressionFilter {
  /** Made since then, epoch ms. */
  readonly since?: number | undefined;
  /** A part of the reason, in any case. */
  readonly reason?: string | undefined;
}

/** In the order of their keys, after `after`: a list of any length is read page by page. */
export function suppressionPage(db: Db, after: string, limit: number, { since, reason }: SuppressionFilter = {}): Promise<Suppression[]> {
  let page = db.selectFrom('suppressions').selectAll().where('email_key', '>', after);
  if (since !== undefined) page = page.where('created_at', '>=', since);
  if (reason !== undefined) page = page.where(sql<SqlBool>`instr(lower(reason), ${reason.toLowerCase()}) > 0`);
  return page.orderBy('email_key').limit(limit).execute();
}

const BOUNCE = 'hard bounce:%';
/** What stands before a message's id in `source`. */
const MESSAGE = 'message ';

/** One that a refused mail brought, and who that mail was from and for, while its draft is kept. */
export interface Bounce extends Suppression {
  readonly envelope_from: string | null;
  readonly envelope_to: string | null;
}

/** The same of those that a refused mail brought. */
export function bouncePage(db: Db, after: string, since: number | undefined, limit: number): Promise<Bounce[]> {
  return db
    .selectFrom('suppressions')
    .leftJoin('drafts', (join) => join.on('drafts.message_id', '=', sql<number>`cast(substr(source, ${MESSAGE.length + 1}) as integer)`))
    .selectAll('suppressions')
    .select(['envelope_from', 'envelope_to'])
    .where('email_key', '>', after)
    .where('reason', 'like', BOUNCE)
    .where('suppressions.created_at', '>=', since ?? 0)
    .orderBy('email_key')
    .limit(limit)
    .execute();
}

/** Whether anybody was ever forgotten: without one, no address needs to be hashed to be compared. */
export async function anyForgotten(db: Db): Promise<boolean> {
  return (await selectForgotten(db, {})).rows.length > 0;
}

const selectForgotten = statement((db) =>
  db
    .selectFrom('suppressions')
    .select('email_key')
    .where('email_key', '>=', sql.lit(FORGOTTEN))
    .where('email_key', '<', sql.lit(`${FORGOTTEN}g`))
    .limit(sql.lit(1)),
);

/** Whether a mail to this address, of any campaign, is not yet on the wire. */
export async function isWaitedFor(db: Db, key: string): Promise<boolean> {
  return (await selectWaiting(db, { key })).rows.length > 0;
}

const selectWaiting = statement((db, value: Blanks<{ key: string }>) =>
  db
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .select('messages.id')
    .where('prospects.email_key', '=', value('key'))
    .where(
      'messages.state',
      'in',
      statesBefore('suppressed').map((state) => sql.lit(state)),
    )
    .limit(sql.lit(1)),
);

/** Mails not yet on the wire to these addresses and domains, at most `limit`. Keys are addresses in lower case, or `@` and a domain. */
export async function waitingFor(tx: Tx, keys: readonly string[], limit: number): Promise<number[]> {
  const domains = keys.filter((key) => key.startsWith('@')).map((key) => key.slice(1));
  const addresses = keys.filter((key) => !key.startsWith('@'));
  const waiting = tx
    .selectFrom('prospects')
    .innerJoin('messages', 'messages.prospect_id', 'prospects.id')
    .select('messages.id')
    .where('messages.state', 'in', statesBefore('suppressed'))
    .limit(limit);
  // Apart, so that addresses are sought in their index; only a domain reads all leads.
  const rows = addresses.length === 0 ? [] : await waiting.where('prospects.email_key', 'in', addresses).execute();
  if (domains.length > 0) rows.push(...(await waiting.where('prospects.domain', 'in', domains).execute()));
  return [...new Set(rows.map(({ id }) => id))];
}
