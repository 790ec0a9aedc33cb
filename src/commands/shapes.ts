import * as z from 'zod';
import { GENERATORS, REVIEW_RULES } from '../domain/campaign.ts';
import { HTTP_PROVIDERS } from '../domain/httpProvider.ts';
import { cost, estimate, stats } from './figureShapes.ts';
import { campaignCheck, configCheck, imported, leadCounts } from './importShapes.ts';
import { logged, message, prospect, resolved, resolvedByLog, resolvedOne, sentMessage, story } from './mailShapes.ts';
import { count, id, sendMode, state, states, time, usd } from './shapeFields.ts';

/**
 * What commands print with `--json`, for scripts that lean on it. A test runs each command and holds its output against these: a field
 * that is missing, new or of another type fails there, and `docs/json.md` is made from them. Nothing here runs in the program itself.
 */

const worker = z.strictObject({
  generated: count.describe('mails written'),
  accepted: count.describe('mails that a server took'),
  failed: count,
  uncertain: count.describe('released, and no final reply, by this worker or a dead one before it: outreach resolve'),
  deferred: count.describe('put off, to be tried again'),
  waiting: count.describe('what is still to be done in jobs that go on'),
  next_due_at: time.nullable().describe('when the next mail may leave'),
  drips: z
    .array(
      z.strictObject({
        job: id,
        rate: z.number().describe('mails an hour, planned'),
        real_rate: z.number().nullable().describe('mails an hour that drains as far apart as the last two give; of --drain'),
      }),
    )
    .describe('drips that go on'),
  unreturned: count.nullable().describe('mails that it could not give back, because the disk refused; null when not even that can be read'),
});

const job = z.strictObject({
  id,
  campaign: z.string(),
  status: z.enum(['pending', 'processing', 'paused', 'completed', 'failed', 'cancelled']),
  source: z.string().describe('the file that was imported'),
  send_mode: sendMode,
  send_rate: z.number().nullable().describe('mails an hour; of a drip'),
  scheduled_for: time.nullable(),
  paused_reason: z.enum(['overdue', 'canary', 'restored']).nullable().describe('why the program paused it; null when a person did'),
  created_at: time,
  total: count,
  processed: count.describe('in a final state'),
  succeeded: count.describe('accepted'),
  failed: count,
  states,
  abandoned: z
    .strictObject({ pending: count, ready: count, uncertain: count })
    .describe('mails that a worker that is gone still holds, by what the next worker makes of them at its start'),
  import_complete: z.boolean().describe('nothing of a job is sent before'),
  voided: z
    .strictObject({ count, at: time.describe('of the last one'), reason: z.string() })
    .nullable()
    .describe('drafts that waited in review and no longer hold, since a person last approved or rejected here; null without any'),
  writing: z
    .strictObject({ spent_usd: usd, budget_usd: usd.nullable(), budget_reached: z.boolean() })
    .nullable()
    .describe('what a model has cost; null for a template'),
  eta: time.nullable().describe('when the last mail will have left, if all goes on as configured'),
  waits_for: z
    .array(z.strictObject({ gate: z.string(), opens_at: time.nullable().describe('null: a person opens it') }))
    .describe('the gates that are shut now'),
  problem: z.string().nullable().describe('why its campaign cannot be read'),
});

const oneJob = job.extend({
  paused_at: time.nullable(),
  cancelled_at: time.nullable(),
  import: z.strictObject({ ...leadCounts, complete: z.boolean(), rejects: z.string().nullable() }).nullable(),
});

const standstill = {
  refuses: z.string().nullable().describe('why nothing is sent before outreach reconcile'),
  worker_refuses: z.string().nullable().describe('what outreach.yaml lacks, so that no worker starts'),
};

const sender = z.strictObject({
  name: z.string(),
  type: z.enum(['smtp', ...HTTP_PROVIDERS, 'outbox']),
  from: z.string(),
  auth: z.enum(['oauth', 'password']).nullable().describe('how it logs in to its SMTP server'),
  grant: z.enum(['person', 'application']).nullable().describe('with auth oauth: who allowed it'),
  sent_24h: count.describe('tries in the last 24 hours'),
  daily_cap: count.nullable(),
  cap_today: count.nullable().describe('what warm-up lets out today'),
  next_send_at: time.nullable(),
  rest_until: time.nullable(),
  stopped_at: time.nullable().describe('since when it waits for outreach senders resume'),
  reason: z.string().nullable().describe('why it rests or was stopped'),
  warning: z.string().nullable().describe('bounces or complaints that come near to stopping it'),
});

const status = z.strictObject({
  jobs: z.array(job),
  totals: z.strictObject({ jobs: count, total: count, processed: count, succeeded: count, failed: count, states }),
  usage: z.strictObject({ month: z.string(), sent: count, limit: count.nullable() }),
  workers: z.array(
    z.strictObject({ id: z.string(), host: z.string(), pid: z.int(), mode: z.string(), alive: z.boolean(), started_at: time }),
  ),
  senders: z.array(sender),
  ...standstill,
  refusing_providers: z
    .array(z.strictObject({ name: z.string(), since: time, reason: z.string().nullable() }))
    .describe('providers of texts that only a person can mend: no quota, a refused key'),
  resting_providers: z.array(z.strictObject({ name: z.string(), rest_until: time, reason: z.string().nullable() })),
});

const plan = z.strictObject({
  from: time,
  until: time,
  timezone: z.string(),
  total: count,
  days: z.array(
    z.strictObject({
      date: z.iso.date().describe('in that time zone'),
      total: count,
      jobs: z.array(z.strictObject({ id, mails: count })),
      senders: z.array(z.strictObject({ name: z.string(), mails: count })),
    }),
  ),
  jobs: z.array(
    z.strictObject({
      id,
      campaign: z.string(),
      mails: count.describe('that leave in this time'),
      left: count.describe('that leave later'),
      ends_at: time.nullable(),
      review: count,
      uncertain: count,
      held_by: z.array(z.string()).describe('gates that only a person opens'),
      problem: z.string().nullable(),
    }),
  ),
  ...standstill,
});

const why = z.strictObject({
  id,
  job: id,
  campaign: z.string(),
  email: z.string(),
  state,
  reason: z.string().nullable(),
  becomes: z
    .enum(['pending', 'ready', 'uncertain'])
    .nullable()
    .describe('what the next worker makes of it, where one that is gone still holds it'),
  waits_for: z.array(
    z.strictObject({
      gate: z.string(),
      of: z.enum(['message', 'recipient', 'job', 'sender', 'account']),
      name: z.string().nullable().describe('the sender, where it is a sender’s'),
      opens_at: time.nullable().describe('null: a person opens it'),
    }),
  ),
  free_senders: z.array(z.string()).nullable().describe('that could take it at once'),
  expected_at: time.nullable(),
  before: count.nullable().describe('mails of its job that leave first'),
  problem: z.string().nullable(),
});

const doctor = z.strictObject({
  ok: z.boolean().describe('nothing fails'),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      subject: z.string().describe('a sender, a domain, a provider, a file'),
      status: z.enum(['ok', 'warn', 'fail']),
      detail: z.string(),
      fix: z.string().nullable(),
    }),
  ),
  notes: z.array(z.string()).describe('what was not looked at, and why'),
});

const campaign = z.strictObject({
  campaign: z.string(),
  path: z.string(),
  problem: z.string().nullable().describe('why its file cannot be read'),
  generator: z.enum(GENERATORS).nullable(),
  send_mode: sendMode.nullable(),
  send_rate: z.number().nullable(),
  review: z.enum(REVIEW_RULES).nullable(),
  senders: z.array(z.string()),
  jobs: z.array(z.strictObject({ id, status: job.shape.status, total: count, processed: count })),
  total: count,
  accepted: count,
  failed: count,
  needs_you: count.describe('in review or uncertain'),
});

interface Described {
  /** As a person would type it. */
  readonly command: string;
  /** One object, or one a line. */
  readonly prints: 'one' | 'a line each';
  readonly shape: z.ZodObject;
}

export const SHAPES: readonly Described[] = [
  { command: 'import leads.csv', prints: 'one', shape: imported },
  { command: 'config check', prints: 'one', shape: configCheck },
  { command: 'campaign check', prints: 'one', shape: campaignCheck },
  { command: 'worker --drain', prints: 'one', shape: worker },
  { command: 'status', prints: 'one', shape: status },
  { command: 'jobs', prints: 'a line each', shape: job },
  { command: 'jobs 1', prints: 'one', shape: oneJob },
  { command: 'messages', prints: 'a line each', shape: message },
  { command: 'show 17', prints: 'one', shape: story },
  { command: 'log', prints: 'a line each', shape: logged },
  { command: 'export messages', prints: 'a line each', shape: sentMessage },
  { command: 'export prospects', prints: 'a line each', shape: prospect },
  { command: 'export events', prints: 'a line each', shape: logged },
  { command: 'stats', prints: 'one', shape: stats },
  { command: 'campaigns', prints: 'a line each', shape: campaign },
  { command: 'senders', prints: 'a line each', shape: sender },
  { command: 'plan', prints: 'one', shape: plan },
  { command: 'why 12', prints: 'a line each', shape: why },
  { command: 'estimate hello', prints: 'one', shape: estimate },
  { command: 'cost', prints: 'one', shape: cost },
  { command: 'doctor', prints: 'one', shape: doctor },
  { command: 'resolve --from provider-log.csv --yes', prints: 'a line each', shape: resolvedByLog },
  { command: 'resolve --job 1 --sent', prints: 'a line each', shape: resolved },
  { command: 'resolve 17 --not-sent', prints: 'one', shape: resolvedOne },
];
