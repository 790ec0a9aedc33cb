import { costNano, mostTokens, type Price } from '../domain/aiCost.ts';
import type { Campaign } from '../domain/campaign.ts';
import { mailPrompt } from '../domain/prompt.ts';
import { findCampaign } from '../store/campaigns.ts';
import { usualCall } from '../store/costs.ts';
import { countsOf, openJobs } from '../store/jobs.ts';
import { sampleLeads } from '../store/prospects.ts';
import type { Db } from '../store/schema.ts';
import { fieldsOf } from './draftMessage.ts';

/** The model that will be asked first. */
export interface Model {
  readonly model: string;
  readonly price: Price | undefined;
  readonly maxOutputTokens: number;
}

export interface Estimate {
  /** Mails that are still to be written. */
  readonly mails: number;
  /** For one mail, in billionths of a USD; null without a price. */
  readonly each: number | null;
  /** The most that one call can cost. */
  readonly most: number | null;
  /** Calls that `each` was measured on; 0 when it is reckoned from the prompts' length. */
  readonly measured: number;
  /** How long one call takes, in ms; null before the first. */
  readonly callMs: number | null;
}

/** English text has about four bytes a token; a mail of 150 words with its JSON about 300 tokens. */
const BYTES_PER_TOKEN = 4;
const MAIL_TOKENS = 300;
const SAMPLE = 20;

/** What the mails that are not written yet will cost: as measured in this campaign, or reckoned from a sample of its prompts. */
export async function estimateCost(db: Db, campaign: Campaign, { model, price, maxOutputTokens }: Model): Promise<Estimate> {
  const known = await findCampaign(db, campaign.name);
  if (known === undefined) return { mails: 0, each: null, most: null, measured: 0, callMs: null };
  let mails = 0;
  for (const { id, campaign_id } of await openJobs(db)) {
    if (campaign_id !== known.id) continue;
    const { pending, drafting } = await countsOf(db, id);
    mails += pending + drafting;
  }
  const usual = await usualCall(db, known.id, model);
  const prompts = (await sampleLeads(db, known.id, SAMPLE)).map((lead) => {
    const { messages } = mailPrompt(campaign, fieldsOf(lead));
    return messages.map(({ content }) => content).join('\n');
  });
  const average = prompts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / Math.max(1, prompts.length);
  const longest = prompts.toSorted((a, b) => b.length - a.length)[0] ?? '';
  const reckoned = price && costNano(price, { input: Math.ceil(average / BYTES_PER_TOKEN), output: MAIL_TOKENS });
  return {
    mails,
    each: price === undefined ? null : (usual?.nano ?? reckoned ?? null),
    most: price === undefined ? null : costNano(price, mostTokens(longest, maxOutputTokens)),
    measured: usual?.calls ?? 0,
    callMs: usual?.ms ?? null,
  };
}
