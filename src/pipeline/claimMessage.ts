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
import type { JobRow, Tx } from '../store/schema.ts';
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
}

export type ClaimResult =
  | ClaimedMail
  /** Gates are shut; `opensAt` is null when only a person opens them. */
  | { readonly kind: 'shut'; readonly gates: readonly ShutGate[]; readonly opensAt: number | null }
  /** Gates are open and nothing is due; `opensAt` is when the next message is. */
  | { readonly kind: 'nothing_due'; readonly opensAt: number | null };

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
    const claimed = await claimSendable(tx, deps, jobId, asOf ?? now, now);
    if (claimed === undefined) return { kind: 'nothing_due', opensAt: await nextDueAt(tx, jobId) };
    const mail = await frozenMail(tx, claimed);
    const taken = await takePlaces(tx, deps, job, claimed, answer.sender, now);
    reached('t1.open');
    return { kind: 'claimed', jobId, sender: answer.sender.name, startedAt: now, mail, ...taken };
  });
}

async function claimSendable(tx: Tx, deps: ClaimDependencies, jobId: number, dueBy: number, now: number): Promise<Claimed | undefined> {
  for (let withdrawn = 0; withdrawn <= MOST_WITHDRAWN; withdrawn++) {
    const claimed = await claimReady(tx, { jobId, worker: deps.worker, deadlineAt: now + DEADLINES.unarmed, now, dueBy });
    if (claimed === undefined) return undefined;
    const hold = { id: claimed.id, worker: deps.worker, token: claimed.token };
    const { email_key } = await prospectById(tx, claimed.prospect_id);
    const suppressed = await suppressionOf(tx, email_key);
    if (suppressed !== undefined) {
      await withdrawClaim(tx, hold, 'sending', 'suppressed', suppressed, now);
      await noteEvent(tx, claimed.id, 'suppressed', now, suppressed);
    } else if (claimed.content_hash !== (await contentOf(tx, claimed.campaign_id))) {
      await withdrawClaim(tx, hold, 'sending', 'pending', 'the campaign changed', now);
      await deleteDrafts(tx, [claimed.id]);
      await noteEvent(tx, claimed.id, 'voided', now, 'the campaign changed');
    } else return claimed;
  }
  return undefined;
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

async function frozenMail(tx: Tx, claimed: Claimed): Promise<FrozenMail> {
  const draft = await draftOf(tx, claimed.id);
  if (draft === undefined || claimed.frozen_sha256 === null) throw new Error(`message ${claimed.id} is ready without frozen bytes`);
  return {
    messageId: draft.header_message_id,
    envelope: { from: draft.envelope_from, to: draft.envelope_to },
    bytes: draft.bytes,
    sha256: claimed.frozen_sha256,
  };
}
