import type { Campaign } from '../domain/campaign.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import { reached } from '../domain/milestone.ts';
import { nextSendAfter, type ShutGate, slotAfter } from '../domain/pace.ts';
import { usagePeriod } from '../domain/usage.ts';
import type { FrozenMail } from '../mail/mailer.ts';
import { startAttempt } from '../store/attempts.ts';
import { contentOf } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import { deleteDrafts, draftOf } from '../store/drafts.ts';
import { noteEvent } from '../store/events.ts';
import { jobNow, takeDripSlot } from '../store/jobs.ts';
import { bindAttempt, type Claimed, claimReady, type Hold, nextDueAt, withdrawClaim } from '../store/messages.ts';
import { prospectById } from '../store/prospects.ts';
import type { DraftRow, JobRow, Tx } from '../store/schema.ts';
import { setSender } from '../store/senders.ts';
import { suppressionOf } from '../store/suppressions.ts';
import { takeUsage } from '../store/usage.ts';
import { askGates, type PaceSettings, type SenderSettings } from './gates.ts';

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
  readonly startedAt: number;
  readonly mail: FrozenMail;
  /** Messages that this claim found outdated on its way and put back to be drafted anew. */
  readonly voided: number;
}

export type ClaimResult =
  | ClaimedMail
  /** Gates are shut; `opensAt` is null when only a person opens them. */
  | { readonly kind: 'shut'; readonly gates: readonly ShutGate[]; readonly opensAt: number | null }
  /** Gates are open and nothing is due; `opensAt` is when the next message is. */
  | { readonly kind: 'nothing_due'; readonly opensAt: number | null; readonly voided: number };

/** Suppressed and outdated messages that one claim may clear away before it gives the others their turn. */
const MOST_WITHDRAWN = 50;

/**
 * T1, ready → sending: gates, pace slot, usage ledger, attempt and the claim itself are one durable
 * transaction. No commit, no mail.
 */
export function claimMessage(deps: ClaimDependencies, jobId: number, campaign: Campaign, asOf?: number): Promise<ClaimResult> {
  return deps.store.write(async (tx) => {
    const now = deps.now();
    const job = await jobNow(tx, jobId);
    const answer = await askGates(tx, job, campaign, deps, { now, asOf });
    if (!answer.open) return { kind: 'shut', gates: answer.gates, opensAt: answer.opensAt };
    const { sendable, voided } = await claimSendable(tx, deps, jobId, asOf ?? now, now);
    if (sendable === undefined) return { kind: 'nothing_due', opensAt: await nextDueAt(tx, jobId), voided };
    const taken = await takePlaces(tx, deps, job, sendable.claimed, answer.sender, now);
    reached('t1.open');
    return { kind: 'claimed', jobId, sender: answer.sender.name, startedAt: now, mail: sendable.mail, voided, ...taken };
  });
}

interface Sendable {
  readonly claimed: Claimed;
  readonly mail: FrozenMail;
}

/** The next due message that may still go out as it was frozen; others are set aside, and counted when they must be drafted anew. */
async function claimSendable(
  tx: Tx,
  deps: ClaimDependencies,
  jobId: number,
  dueBy: number,
  now: number,
): Promise<{ sendable: Sendable | undefined; voided: number }> {
  let voided = 0;
  for (let withdrawn = 0; withdrawn <= MOST_WITHDRAWN; withdrawn++) {
    const claimed = await claimReady(tx, { jobId, worker: deps.worker, deadlineAt: now + DEADLINES.unarmed, now, dueBy });
    if (claimed === undefined) break;
    const hold = { id: claimed.id, worker: deps.worker, token: claimed.token };
    const prospect = await prospectById(tx, claimed.prospect_id);
    const suppressed = await suppressionOf(tx, prospect.email_key);
    const draft = await draftOf(tx, claimed.id);
    const outdated = await whyOutdated(tx, claimed, draft, prospect.version);
    if (suppressed !== undefined) {
      await withdrawClaim(tx, hold, 'sending', 'suppressed', suppressed, now);
      await noteEvent(tx, claimed.id, 'suppressed', now, suppressed);
    } else if (outdated !== undefined) {
      await withdrawClaim(tx, hold, 'sending', 'pending', outdated, now);
      await deleteDrafts(tx, [claimed.id]);
      await noteEvent(tx, claimed.id, 'voided', now, outdated);
      voided++;
    } else if (draft !== undefined) return { sendable: { claimed, mail: frozenMail(claimed, draft) }, voided };
  }
  return { sendable: undefined, voided };
}

async function whyOutdated(tx: Tx, claimed: Claimed, draft: DraftRow | undefined, leadVersion: number): Promise<string | undefined> {
  if (draft === undefined) return 'its draft is gone';
  if (claimed.content_hash !== (await contentOf(tx, claimed.campaign_id))) return 'the campaign changed';
  return draft.lead_version === leadVersion ? undefined : "the lead's fields changed";
}

/** The places that this mail takes: attempt (sender cap, hourly limit), usage ledger, drip slot, sender gap. */
async function takePlaces(tx: Tx, deps: ClaimDependencies, job: JobRow, claimed: Claimed, sender: SenderSettings, now: number) {
  const hold: Hold = { id: claimed.id, worker: deps.worker, token: claimed.token };
  const attemptId = await startAttempt(tx, {
    messageId: claimed.id,
    worker: deps.worker,
    token: claimed.token,
    sender: sender.name,
    provider: deps.providerOf(sender.name),
    now,
    deadlineAt: now + DEADLINES.unarmed,
  });
  await bindAttempt(tx, hold, attemptId);
  await takeUsage(tx, claimed.id, usagePeriod(now), now);
  if (job.send_mode === 'drip') await takeDripSlot(tx, job.id, slotAfter({ mode: job.send_mode, rate: job.send_rate }, now));
  if (sender.gap !== null) await setSender(tx, sender.name, { next_send_at: nextSendAfter(sender.gap, now, deps.random()) });
  return { hold, attemptId };
}

function frozenMail(claimed: Claimed, draft: DraftRow): FrozenMail {
  if (claimed.frozen_sha256 === null) throw new Error(`message ${claimed.id} is ready without frozen bytes`);
  return {
    messageId: draft.header_message_id,
    envelope: { from: draft.envelope_from, to: draft.envelope_to },
    bytes: draft.bytes,
    sha256: claimed.frozen_sha256,
  };
}
