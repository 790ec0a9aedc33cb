import type { AttachedFile } from '../domain/attachment.ts';
import { type Campaign, needsApproval } from '../domain/campaign.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import { localDay } from '../domain/localDay.ts';
import { reached } from '../domain/milestone.ts';
import { type GateName, nextSendAfter, type ShutGate, slotAfter } from '../domain/pace.ts';
import { usagePeriod } from '../domain/usage.ts';
import type { FrozenMail } from '../mail/mailer.ts';
import { dropBrokenFiles } from '../store/attachedFiles.ts';
import { startAttempt } from '../store/attempts.ts';
import type { Store } from '../store/database.ts';
import { noteEvent } from '../store/events.ts';
import { jobNow, markStarted, takeDripSlot } from '../store/jobs.ts';
import { type Hold, moveByHand, nextDueAt } from '../store/messages.ts';
import type { JobRow, Tx } from '../store/schema.ts';
import { setSender } from '../store/senders.ts';
import { claimReady, type DueMessage, deferMessage, firstDue } from '../store/sending.ts';
import { takeUsage } from '../store/usage.ts';
import { frozenMail, hasFiles } from './frozenMail.ts';
import { askGates, type PaceSettings, type SenderSettings } from './gates.ts';
import { holdJob, noteCanary } from './holdJob.ts';
import { holdForApproval } from './holdUnapproved.ts';
import { factsIn } from './paceFacts.ts';
import { RecipientLine, recipientRules } from './recipientGates.ts';
import { voidMessages } from './refreshCampaign.ts';
import { settleAccepted } from './settleAccepted.ts';

export interface ClaimDependencies extends PaceSettings {
  readonly store: Store;
  readonly worker: string;
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  providerOf(sender: string): string;
}

/** One message on its way out: everything the attempt needs, taken in one transaction. */
export interface ClaimedMail {
  readonly kind: 'claimed';
  readonly hold: Hold;
  readonly attemptId: number;
  readonly jobId: number;
  readonly sender: string;
  /** Failures in a row that the sender had when it was chosen. */
  readonly failures: number;
  readonly startedAt: number;
  /** The sender's local date. */
  readonly day: string;
  readonly mail: FrozenMail;
  /** Messages that this claim found outdated on its way and put back to be drafted anew. */
  readonly voided: number;
}

export type ClaimResult =
  | ClaimedMail
  /** Gates are shut; `opensAt` is null when only a person opens them. */
  | { readonly kind: 'shut'; readonly gates: readonly ShutGate[]; readonly opensAt: number | null }
  /** Gates are open and nothing is due; `opensAt` is when the next message is. `more`: so many were set aside that others had no turn yet. */
  | { readonly kind: 'nothing_due'; readonly opensAt: number | null; readonly voided: number; readonly more: boolean };

/** Gates that other mails have shut. */
const IN_LINE: readonly GateName[] = ['sender gap', 'sender cap', 'hourly limit', 'monthly limit'];

/** Due messages that one claim may set aside before it gives the others their turn. */
const MOST_PASSED = 100;

/**
 * T1, ready → sending: gates, pace slot, usage ledger, attempt and the claim itself are one durable
 * transaction. No commit, no mail.
 */
export function claimMessage(deps: ClaimDependencies, jobId: number, campaign: Campaign, asOf?: number): Promise<ClaimResult> {
  return deps.store.write(async (tx) => {
    const now = deps.now();
    const facts = factsIn(tx);
    const job = await holdJob(tx, await jobNow(tx, jobId), campaign, now);
    const answer = await askGates(facts, job, campaign, deps, { now, asOf });
    if (!answer.open) {
      // A job whose turn has come, and that only stands in line behind others, is not overdue later.
      if (job.started_at === null && answer.gates.every(({ gate }) => IN_LINE.includes(gate))) await markStarted(tx, jobId, now);
      return { kind: 'shut', gates: answer.gates, opensAt: answer.opensAt };
    }
    const rules = recipientRules(campaign, deps.limits);
    const line = rules === null ? undefined : new RecipientLine(facts, rules, (id, dueAt) => deferMessage(tx, id, dueAt));
    const { due, voided, more } = await firstSendable(tx, { jobId, dueBy: Math.min(asOf ?? now, now) }, campaign, now, line);
    if (due === undefined) return { kind: 'nothing_due', opensAt: await nextDueAt(tx, jobId), voided, more };
    const taken = await takePlaces(tx, deps, job, due.message, answer.sender, now);
    if (job.started_at === null) await markStarted(tx, jobId, now);
    await noteCanary(tx, job, campaign, now);
    // While it is not known to be well again one mail at a time tries: the others see it resting until that one's end.
    if (answer.failures > 0) await setSender(tx, answer.sender.name, { rest_until: now + DEADLINES.unarmed });
    reached('t1.open');
    return {
      kind: 'claimed',
      jobId,
      sender: answer.sender.name,
      failures: answer.failures,
      startedAt: now,
      mail: due.mail,
      voided,
      ...taken,
    };
  });
}

interface Sendable {
  readonly message: DueMessage;
  readonly mail: FrozenMail;
}

/** The next due message that may still go out as it was frozen; others are set aside, and counted when they must be drafted anew. */
async function firstSendable(
  tx: Tx,
  asked: { readonly jobId: number; readonly dueBy: number },
  campaign: Campaign,
  now: number,
  line: RecipientLine | undefined,
): Promise<{ due: Sendable | undefined; voided: number; more: boolean }> {
  let voided = 0;
  for (let passed = 0; passed <= MOST_PASSED; passed++) {
    const message = await firstDue(tx, asked);
    if (message === undefined) return { due: undefined, voided, more: false };
    if (message.accepted) {
      await settleAccepted(tx, message.id, now);
      continue;
    }
    const mail = await frozenMail(tx, message);
    const outdated = mail === undefined ? await whyNotWhole(tx, message) : whyOutdated(message);
    if (message.suppressed !== null) {
      await moveByHand(tx, [message.id], ['ready'], 'suppressed', { now, reason: message.suppressed });
      await noteEvent(tx, message.id, 'suppressed', now, message.suppressed);
    } else if (outdated !== undefined) voided += await voidMessages(tx, [message.id], now, outdated);
    else if (needsApproval(campaign) && message.approved_sha256 !== message.frozen_sha256)
      await holdForApproval(tx, [message.id], campaign, now);
    else if (mail !== undefined && (line === undefined || (await line.lets(message, now))))
      return { due: { message, mail }, voided, more: true };
  }
  return { due: undefined, voided, more: true };
}

/** A file that is not what its name says goes, so that the next draft stores it anew. */
async function whyNotWhole(tx: Tx, message: DueMessage): Promise<string> {
  if (!hasFiles(message)) return 'its draft is gone';
  await dropBrokenFiles(tx, JSON.parse(message.attachments ?? '[]') as AttachedFile[]);
  return 'what is stored of its attachments is not what was approved';
}

/** Why what was approved is no longer what would be written now. */
function whyOutdated(message: DueMessage): string | undefined {
  if (message.content_hash !== message.campaign_content) return 'the campaign changed';
  return message.lead_version === message.version ? undefined : "the lead's fields changed";
}

/** The claim, and the places that this mail takes: attempt (sender cap, hourly limit), usage ledger, drip slot, sender gap. */
async function takePlaces(
  tx: Tx,
  deps: ClaimDependencies,
  job: JobRow,
  { id, token, domain }: DueMessage,
  sender: SenderSettings,
  now: number,
) {
  const hold: Hold = { id, worker: deps.worker, token: token + 1 };
  const held = { worker: deps.worker, now, deadlineAt: now + DEADLINES.unarmed };
  const provider = deps.providerOf(sender.name);
  const { date: day } = localDay(deps.timezone, now);
  const attemptId = await startAttempt(tx, { ...held, messageId: id, token: hold.token, sender: sender.name, provider, day, domain });
  if (!(await claimReady(tx, { ...held, id, token, attemptId }))) throw new Error(`message ${id} changed inside its own transaction`);
  await takeUsage(tx, id, usagePeriod(now), now);
  if (job.send_mode === 'drip') await takeDripSlot(tx, job.id, slotAfter({ mode: job.send_mode, rate: job.send_rate }, now));
  if (sender.gap !== null) await setSender(tx, sender.name, { next_send_at: nextSendAfter(sender.gap, now, deps.random()) });
  return { hold, attemptId, day };
}
