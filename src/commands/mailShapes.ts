import * as z from 'zod';
import { count, id, state, time, usd } from './shapeFields.ts';

/** Mails, their leads and what happened to them, as `--json` prints them. */

export const message = z.strictObject({
  id,
  job: id,
  campaign: z.string(),
  email: z.string(),
  step: id,
  state,
  subject: z.string().nullable().describe('null before it is written'),
  sender: z.string().nullable().describe('of the last try'),
  message_id: z.string().nullable().describe('the header Message-ID'),
  due_at: time,
  attempts: count,
  reason: z.string().nullable().describe('why it is where it is'),
  state_at: time.describe('since when it is in this state'),
  hash: z
    .string()
    .nullable()
    .describe('SHA-256 of the frozen draft: approve ID@HASH names its first 8 or more digits; null without a draft'),
});

const outcome = z.enum([
  'accepted',
  'temporary',
  'throttled',
  'sender_failed',
  'sender_refused',
  'recipient_refused',
  'content_refused',
  'not_armed',
  'ambiguous',
]);

export const story = message.extend({
  text: z.string().nullable(),
  html: z.string().nullable(),
  attachments: z.array(
    z.strictObject({ name: z.string(), size: count.describe('bytes'), type: z.string(), sha256: z.string(), inline: z.boolean() }),
  ),
  written_by: z
    .strictObject({ provider: z.string(), model: z.string(), calls: count, cost_usd: usd.nullable() })
    .nullable()
    .describe('null for a template'),
  attempts: z.array(
    z.strictObject({
      sender: z.string(),
      provider: z.string(),
      started_at: time,
      armed_at: time.nullable().describe('from here on the mail may be accepted'),
      finished_at: time.nullable(),
      outcome: outcome.nullable().describe('null while it is on its way'),
      code: z.int().nullable(),
      reply: z.string().nullable().describe('the last words of the server, or of an error'),
      sha256: z.string().nullable().describe('of the bytes on the wire'),
      progress: z
        .enum(['nothing', 'part', 'all', 'end'])
        .nullable()
        .describe('how much of the mail had been written when the try ended, `all` without its end; null where nobody knows'),
    }),
  ),
  events: z.array(
    z.strictObject({
      at: time,
      kind: z.string(),
      detail: z.string().nullable().describe('of approved: the first digits of the hash that was approved'),
      actor: z.string().nullable().describe('login name of the person who did it; null where the program did'),
    }),
  ),
});

export const logged = z.strictObject({
  at: time,
  message: id,
  job: id,
  campaign: z.string(),
  email: z.string(),
  kind: z.string().describe('drafted, held, approved, …; or how a try ended: accepted, recipient_refused, …; uncertain'),
  sender: z.string().nullable(),
  provider: z.string().nullable(),
  code: z.int().nullable(),
  detail: z.string().nullable(),
});

export const sentMessage = message.omit({ due_at: true, hash: true }).extend({
  due_at: time.nullable(),
  provider: z.string().nullable(),
  code: z.int().nullable().describe('of the last reply'),
  reply: z.string().nullable(),
  created_at: time,
  state_at: time.describe('since when it is in that state'),
  sent_at: time.nullable(),
  text: z.string().nullable(),
});

export const prospect = z.strictObject({
  id,
  job: id,
  campaign: z.string(),
  email: z.string(),
  domain: z.string(),
  state: state.nullable(),
  source: z.string().nullable(),
  basis: z.string().nullable(),
  created_at: time,
  updated_at: time,
  fields: z.record(z.string(), z.string()).describe('the other columns of the CSV'),
});

export const resolvedOne = z.strictObject({ id, state: state.describe('its state now') });

export const resolved = resolvedOne.extend({
  left: z.string().nullable().describe('why it was left as it was; null when the verdict was recorded'),
});

export const resolvedByLog = resolved.extend({
  verdict: z.enum(['sent', 'not_sent']).nullable().describe('what its rows say; null when nobody can tell'),
  by: z.enum(['message_id', 'address']).describe('how its rows were found: by Message-ID, or by address and time'),
  line: count.describe('of the first such row'),
  says: z.string().describe('the words of its rows'),
});
