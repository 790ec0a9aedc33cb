import { parseAddress } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { voidMessages, WRITE_AGAIN } from '../pipeline/refreshCampaign.ts';
import { spendOf } from '../store/aiCalls.ts';
import type { Store } from '../store/database.ts';
import { deleteGenerations } from '../store/generations.ts';
import { countsOf, openJobs } from '../store/jobs.ts';
import { messagesTo } from '../store/prospects.ts';
import type { DraftChoice } from '../worker/draftStage.ts';

interface Wish {
  readonly campaign?: string;
  readonly job?: number;
  readonly lead?: string;
  readonly limit?: number;
}

/** Turns what a person asked to be written into jobs and messages, and counts what waits there. */
export async function chooseDrafts(store: Store, wish: Wish): Promise<{ choice: DraftChoice; waiting: number }> {
  const jobs = (await openJobs(store.db)).filter(
    ({ id, campaign }) => (wish.job === undefined || id === wish.job) && (wish.campaign === undefined || campaign === wish.campaign),
  );
  if (jobs.length === 0 && (wish.job !== undefined || wish.campaign !== undefined)) {
    const what = wish.job === undefined ? `campaign ${wish.campaign}` : `job ${wish.job}`;
    throw new OutreachError('not_found', `${what} has nothing to write`, { hint: 'See them with: outreach jobs' });
  }
  const paused = jobs.find(({ paused_at }) => paused_at !== null);
  if (paused !== undefined && jobs.length === 1)
    throw new OutreachError('refused', `job ${paused.id} is paused`, { hint: `Go on with: outreach resume ${paused.id}` });
  const jobIds = jobs.map(({ id }) => id);
  const limit = wish.limit;
  if (wish.lead === undefined) {
    let waiting = 0;
    for (const id of jobIds) waiting += (await countsOf(store.db, id)).pending;
    return { choice: { jobIds, messageIds: undefined, limit }, waiting };
  }
  const messages = (await leadMessages(store, wish.lead)).filter(({ job_id }) => jobIds.includes(job_id));
  const waiting = messages.filter(({ state }) => state === 'pending').length;
  return { choice: { jobIds, messageIds: messages.map(({ id }) => id), limit }, waiting };
}

/** `generate --again`: what was written for the chosen messages and not sent goes, the paid text included. Returns how many wait now. */
export async function dropDrafts(store: Store, lead: string, { messageIds = [], jobIds = [] }: DraftChoice): Promise<number> {
  const messages = (await leadMessages(store, lead)).filter(({ id, job_id }) => messageIds.includes(id) && jobIds.includes(job_id));
  const ids = messages.filter(({ state }) => ['pending', 'review', 'ready'].includes(state)).map(({ id }) => id);
  if (ids.length === 0) {
    throw new OutreachError('refused', `nothing for ${lead} can be written again: it is sent, held by a worker, or over`, {
      hint: `See: outreach messages --email ${lead}`,
    });
  }
  await store.write(async (tx) => {
    await voidMessages(tx, ids, Date.now(), WRITE_AGAIN);
    await deleteGenerations(tx, ids);
  });
  return ids.length;
}

export async function spentOn(store: Store, { jobIds }: DraftChoice): Promise<number> {
  let nano = 0;
  for (const id of jobIds ?? []) nano += (await spendOf(store.db, id)).settled;
  return nano;
}

async function leadMessages(store: Store, lead: string) {
  const address = parseAddress(lead);
  if (!address.ok) throw new OutreachError('usage', `--lead ${lead}: ${address.reason}`);
  const messages = await messagesTo(store.db, address.address.key);
  if (messages.length === 0) throw new OutreachError('not_found', `there is no lead ${lead}`, { hint: 'See them with: outreach messages' });
  return messages;
}
