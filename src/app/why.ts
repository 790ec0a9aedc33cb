import type { Campaign } from '../domain/campaign.ts';
import { DAY } from '../domain/duration.ts';
import { OutreachError } from '../domain/errors.ts';
import { type MessageState, OPEN_STATES } from '../domain/message.ts';
import { type NamedGate, shutGatesOf } from '../pipeline/explainMessage.ts';
import { forecast } from '../pipeline/forecast.ts';
import { factsIn } from '../pipeline/paceFacts.ts';
import { type RetryBar, retryBar } from '../pipeline/retryMessages.ts';
import { abandonedMails, type Becomes, returningMails, whyAbandoned } from '../store/abandoned.ts';
import { refusingProviders } from '../store/aiProviders.ts';
import { findJob, openJobs } from '../store/jobs.ts';
import { waitingMessage } from '../store/outlook.ts';
import type { Db } from '../store/schema.ts';
import type { App } from './app.ts';

/** Why a message has not left; times are epoch milliseconds. */
export interface Explanation {
  readonly id: number;
  readonly job: number;
  readonly campaign: string;
  readonly email: string;
  readonly state: MessageState;
  readonly reason: string | null;
  /** What the next worker makes of it, where one that is gone still holds it; null elsewhere. */
  readonly becomes: Becomes | null;
  readonly gates: readonly NamedGate[];
  /** Senders that could take it at once; null when no gate was asked. */
  readonly freeSenders: readonly string[] | null;
  /** When the forecast sends it, and how many mails of its job leave before; null when it does not within three months. */
  readonly expectedAt: number | null;
  readonly before: number | null;
  /** What keeps a failed message from a retry; null when nothing does. */
  readonly retryBar: RetryBar | null;
  /** The campaign cannot be read. */
  readonly problem: string | null;
}

const HORIZON = 92 * DAY;

export async function explain(app: App, id: number, now: number): Promise<Explanation> {
  const { db, locks } = await app.openStore();
  const abandoned = await abandonedMails({ db, locks });
  const message = await waitingMessage(db, id);
  const job = message && (await findJob(db, message.job_id));
  if (message === undefined || job === undefined)
    throw new OutreachError('not_found', `there is no message ${id}`, { hint: 'See them with: outreach messages' });
  const { state, email } = message;
  const left = abandoned.get(id);
  const becomes = left?.becomes ?? null;
  const reason = left === undefined ? message.reason : whyAbandoned(left);
  const asIs = { id, job: job.id, campaign: job.campaign, email, state, reason, becomes, retryBar: null };
  const nothing = { gates: [], freeSenders: null, expectedAt: null, before: null, problem: null };
  if (state === 'failed') return { ...asIs, ...nothing, retryBar: (await retryBar(db, id, now)) ?? null };
  const leaves = (OPEN_STATES as readonly string[]).includes(becomes ?? state) && (becomes ?? state) !== 'sending';
  if (!leaves) return { ...asIs, ...nothing };
  try {
    const campaign = app.campaigns.load(job.campaign);
    const unwritten = (becomes ?? state) === 'ready' ? undefined : await writersRefuse(app, db, campaign);
    if (unwritten !== undefined) return { ...asIs, ...nothing, problem: unwritten };
    const found = await shutGatesOf(factsIn(db), message, job, campaign, app.pace, now);
    const open = await openJobs(db);
    const returning = returningMails(abandoned);
    const readable = open.flatMap((other) => loaded(app, other.campaign).map((its) => ({ job: other, campaign: its })));
    const { mails } = await forecast(db, readable, app.pace, { from: now, until: now + HORIZON, message: id, returning });
    const last = mails.at(-1);
    if (last?.messageId !== id) return { ...asIs, ...nothing, ...found };
    return { ...asIs, ...found, expectedAt: last.at, before: mails.filter(({ jobId }) => jobId === job.id).length - 1, problem: null };
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    return { ...asIs, ...nothing, problem: error.message };
  }
}

/** Why nobody writes for a campaign before a person has done something; undefined when a provider of texts may. */
async function writersRefuse({ config }: App, db: Db, { generator }: Campaign): Promise<string | undefined> {
  const names = generator === 'ai' ? (config.ai?.providers ?? []).map(({ name }) => name) : [];
  const refusing = (await refusingProviders(db)).filter(({ name }) => names.includes(name));
  if (refusing.length === 0 || refusing.length < names.length) return undefined;
  return `no text can be written: ${refusing.map(({ name, reason }) => `${name}: ${reason}`).join('; ')}`;
}

/** Other jobs share senders and limits with this one; one that cannot be read sends nothing. */
function loaded(app: App, campaign: string) {
  try {
    return [app.campaigns.load(campaign)];
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    return [];
  }
}
