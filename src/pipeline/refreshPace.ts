import { createHash } from 'node:crypto';
import type { Campaign } from '../domain/campaign.ts';
import { paceHashOf, recordPace } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import { undoDeferrals } from '../store/messages.ts';
import type { Limits } from './gates.ts';
import { recipientRules } from './recipientGates.ts';

const BATCH = 500;

/**
 * Where windows, gaps or caps of recipients have changed, mails that stand in line for the old ones
 * are put where they would be due without any; the claim finds their new place. A crash on the way
 * leaves some for their old opening: late, never early. Returns the hash of the pace; `done` is what it returned to this worker
 * last: if the database has another one since, a worker beside it reads other settings, and both would put all mails in line
 * again and again, each because of the other.
 */
export async function refreshPace(
  store: Store,
  campaign: Campaign,
  limits: Limits,
  jobIds: readonly number[],
  done?: string,
): Promise<string> {
  const rules = recipientRules(campaign, limits);
  const hash = rules === null ? '' : createHash('sha256').update(JSON.stringify(rules)).digest('hex');
  const known = hash === done ? hash : await paceHashOf(store.db, campaign.name);
  if (known === undefined || known === hash || !(await store.write((tx) => recordPace(tx, campaign.name, hash)))) return hash;
  for (const jobId of jobIds) {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const from: number = after;
      after = await store.write((tx) => undoDeferrals(tx, jobId, from, BATCH));
    }
  }
  return hash;
}
