import * as z from 'zod';
import { count, id, time, usd } from './shapeFields.ts';

/** What mails came to and what they cost, as `--json` prints it. */

const spent = {
  calls: count,
  unpriced: count.describe('of a provider without a price; not in usd'),
  unknown: count.describe('without a known end; counted at the most they can have cost'),
  usd,
};

export const cost = z.strictObject({
  total_usd: usd,
  jobs: z.array(z.strictObject({ job: id, campaign: z.string(), ...spent })),
  models: z.array(z.strictObject({ provider: z.string(), model: z.string(), ...spent })),
  days: z.array(z.strictObject({ day: z.iso.date().describe('in UTC'), ...spent })),
});

export const estimate = z.strictObject({
  campaign: z.string(),
  mails: count.nullable().describe('still to be written; null for a template'),
  model: z.string().nullable(),
  usd: usd.nullable().describe('null without a price'),
  most_usd: usd.nullable(),
  measured_calls: count.describe('that usd was measured on; 0 when it is reckoned from the length of the prompts'),
  seconds: z.number().min(0).nullable(),
});

const tally = {
  sent: count.describe('accepted by the provider'),
  bounced: count.describe("refused by the recipient's server, or sent back later"),
  complained: count,
  uncertain: count,
  failed: count,
};

export const stats = z.strictObject({
  campaign: z.string().nullable().describe('null: all of them'),
  timezone: z.string().describe('whose days are told apart'),
  since: time.nullable(),
  until: time,
  totals: z.strictObject({
    ...tally,
    drafted: count.describe('mails whose text was written'),
    suppressed: count,
    cancelled: count,
    total: count.describe('as they stand now, whatever the period'),
    waiting: count,
    review: count,
  }),
  by_sender: z.array(z.strictObject({ sender: z.string(), ...tally })),
  by_domain: z.array(z.strictObject({ domain: z.string(), ...tally })),
  other_domains: z.strictObject({ domains: count, ...tally }),
  by_day: z.array(z.strictObject({ date: z.iso.date(), ...tally, drafted: count, suppressed: count })),
});
