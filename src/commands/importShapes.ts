import * as z from 'zod';
import { count, id, time } from './shapeFields.ts';

/** What taking in leads, and checking what they are taken in for, prints with `--json`. */

export const leadCounts = {
  rows: count.describe('read from the file'),
  imported: count,
  reimported: count.describe('of the imported: leads of a cancelled job that had not written to them'),
  updated: count.describe('with --update or --replace: leads whose fields changed'),
  duplicates: count,
  invalid: count.describe('in the rejects file, with line and reason'),
  suppressed: count.describe('who get no mail: they are on the list of the suppressed, or their row says so'),
  suppressed_by: z
    .record(z.string(), count)
    .describe(
      'the suppressed by reason: unsubscribed, do_not_contact, complained, bounced, cleaned, blocked, no_consent, unconfirmed, inactive, archived and invalid are what their rows say; listed are those who were suppressed before',
    ),
  repeated: count.describe('rows whose address an earlier row of the file has; that one counts'),
  repeated_lines: z.array(z.int().positive()).describe('the lines of the first hundred of them'),
};

const trouble = z.strictObject({
  file: z.string(),
  line: z.int().positive().nullable(),
  column: z.int().positive().nullable(),
  message: z.string(),
  hint: z.string().nullable(),
});

export const imported = z.strictObject({
  job: id.nullable().describe('null with --dry-run; of a file that was imported before and changes nothing, the job of that import'),
  campaign: z.string(),
  ...leadCounts,
  rejects: z.string().nullable().describe('path of the rejects file; null when every row was taken'),
  warnings: z.array(trouble).describe("what is probably a slip in the campaign's text, beside these leads; it stops nothing"),
});

const verdict = {
  ok: z.boolean().describe('false with any problem'),
  problems: z.array(trouble).describe('what must be mended'),
  warnings: z.array(trouble).describe('what is probably a slip in a text, beside the leads that are known; it stops nothing'),
};

export const configCheck = z.strictObject({ ...verdict, files: z.array(z.string()) });

export const campaignCheck = z.strictObject({
  campaign: z.string(),
  ...verdict,
  variables: z.array(
    z.strictObject({
      name: z.string(),
      line: z.int().positive(),
      column: z.int().positive(),
      state: z.enum(['known', 'default', 'unknown']),
      did_you_mean: z.string().nullable(),
    }),
  ),
  leads: z.strictObject({
    from: z.string(),
    path: z.string().nullable().describe('of a CSV'),
    columns: z.array(z.string()),
    looked_at: count,
    unwritable: z.array(z.strictObject({ email: z.string(), reason: z.string() })),
  }),
  mail: z.strictObject({ email: z.string(), subject: z.string(), text: z.string() }).nullable().describe('null where a model writes'),
  window: z.strictObject({ text: z.string(), timezone: z.string(), opens_at: time.nullable() }).nullable(),
  senders: z.array(z.strictObject({ name: z.string(), type: z.string(), from: z.string(), daily_cap: count.nullable() })),
});
