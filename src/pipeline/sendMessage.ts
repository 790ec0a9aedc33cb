import type { Campaign } from '../domain/campaign.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import type { Delivery } from '../domain/delivery.ts';
import { reached } from '../domain/milestone.ts';
import type { RetryPolicy } from '../domain/retry.ts';
import type { Mailer } from '../mail/mailer.ts';
import { armAttempt } from '../store/attempts.ts';
import { countArm } from '../store/guard.ts';
import type { SendGuard } from '../store/sendGuard.ts';
import { armMessage } from '../store/sending.ts';
import { storageError } from '../store/troubles.ts';
import { type ClaimDependencies, type ClaimedMail, type ClaimResult, claimMessage } from './claimMessage.ts';
import { type Finished, finishMessage } from './finishMessage.ts';

export interface SendDependencies extends ClaimDependencies {
  readonly retry: RetryPolicy;
  mailerFor(sender: string): Mailer;
  /** Writes down, outside of the database, what leaves. */
  readonly guard: Pick<SendGuard, 'seal' | 'mend'>;
  /** Cuts what is on the wire: the worker has no time left. */
  readonly cut: AbortSignal;
  /** Ends waiting for a disk or database that will not take an outcome. */
  readonly giveUp: AbortSignal;
  sleep(ms: number): Promise<void>;
  /** A disk or database that refuses; called each time. */
  trouble(error: Error): void;
  /** An error that is nobody's weather, such as the guard's refusal: the worker ends with it, and the mail at hand does not leave. */
  fail(error: unknown): void;
  /** What became of a mail could not be written down before the worker had to leave: the next one calls it uncertain. */
  unrecorded(claim: ClaimedMail, delivery: Delivery): void;
}

export interface Sent {
  readonly kind: 'sent';
  readonly messageId: number;
  readonly jobId: number;
  readonly sender: string;
  readonly to: string;
  readonly delivery: Delivery;
  readonly end: Finished;
  readonly voided: number;
}

export type SendResult = Sent | Exclude<ClaimResult, ClaimedMail>;

/** Sends one message of a job, if one may leave now. */
export async function sendMessage(deps: SendDependencies, jobId: number, campaign: Campaign, asOf?: number): Promise<SendResult> {
  const claim = await claimMessage(deps, jobId, campaign, asOf);
  return claim.kind === 'claimed' ? sendClaimed(deps, claim, campaign) : claim;
}

/**
 * Delivers a claimed message (T1 is behind it) with the arm inside (T2), and records the end (T3).
 * `alongside` is called in the turn in which the arm is asked for: what it writes shares that commit.
 */
export async function sendClaimed(deps: SendDependencies, claim: ClaimedMail, campaign: Campaign, alongside?: () => void): Promise<Sent> {
  reached('t1.committed');
  const delivery = await deps.mailerFor(claim.sender).deliver(claim.mail, {
    date: new Date(claim.startedAt),
    arm: (sha256, providerTime) => {
      const armed = arm(deps, claim, sha256, providerTime ?? null);
      alongside?.();
      return armed;
    },
    limits: { unarmed: DEADLINES.unarmed, armed: DEADLINES.armed },
    cut: deps.cut,
  });
  const end = await recordEnd(deps, claim, campaign, delivery);
  return {
    kind: 'sent',
    messageId: claim.hold.id,
    jobId: claim.jobId,
    sender: claim.sender,
    to: claim.mail.envelope.to,
    delivery,
    end,
    voided: claim.voided,
  };
}

/** Gives a claimed message back unsent: its sender's connection or health is in doubt, or the worker leaves. It loses no try. */
export async function returnClaim(deps: SendDependencies, claim: ClaimedMail, campaign: Campaign): Promise<void> {
  const reply = 'given back: the mail before it did not go through, or the worker stops';
  await recordEnd(deps, claim, campaign, { kind: 'not_armed', code: null, reply });
}

/** T2, unarmed → armed: after it the mail counts as possibly accepted, whatever happens. The seals know of it before its first byte. */
async function arm(deps: SendDependencies, claim: ClaimedMail, sha256: string, providerTime: number | null): Promise<boolean> {
  let late = false;
  try {
    const arming = deps.store.write(async (tx) => {
      const now = deps.now();
      // The conversation has been given up meanwhile.
      if (late) return undefined;
      const times = { now, deadlineAt: now + DEADLINES.armed };
      if (!(await armMessage(tx, claim.hold, times))) return undefined;
      await armAttempt(tx, claim.attemptId, { ...times, sha256, providerTime });
      const arm = { ...(await countArm(tx)), attempt: claim.attemptId, worker: deps.worker };
      reached('t2.open');
      return arm;
    });
    const armed = await within(DEADLINES.arming, arming, () => {
      late = true;
    });
    reached('t2.committed');
    if (armed === undefined) return false;
    await deps.guard.seal(armed);
    return true;
  } catch (error) {
    const trouble = storageError(error);
    if (trouble === undefined) deps.fail(error);
    else deps.trouble(trouble);
    return false;
  }
}

/** A server that waits inside DATA is not kept waiting as long as a database may be held; undefined when that was too long. */
async function within<T>(ms: number, work: Promise<T>, onLate: () => void): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      onLate();
      resolve(undefined);
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // Nobody waits for it any more, and its trouble is met by whatever is written next.
    work.catch(() => {});
  }
}

/** What happened on the wire must reach the disk, so a full or locked one is waited for; if it never comes back, R2 will call it uncertain. */
async function recordEnd(deps: SendDependencies, claim: ClaimedMail, campaign: Campaign, delivery: Delivery): Promise<Finished> {
  for (let pause = 250; ; pause = Math.min(pause * 2, 5_000)) {
    try {
      const end = await finishMessage(deps, claim, campaign, delivery);
      reached('t3.committed');
      return end;
    } catch (error) {
      const trouble = storageError(error);
      if (trouble === undefined || deps.giveUp.aborted) {
        if (delivery.kind === 'accepted' || delivery.kind === 'ambiguous') deps.unrecorded(claim, delivery);
        throw error;
      }
      deps.trouble(trouble);
      await Promise.race([deps.sleep(pause), aborted(deps.giveUp)]);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
