import type { Campaign } from '../domain/campaign.ts';
import { certainlyNotAccepted, type Delivery, type DeliveryKind } from '../domain/delivery.ts';
import { reached } from '../domain/milestone.ts';
import { afterFailedTry, REFUSED_SENDER_REST, type RetryPolicy, senderRest } from '../domain/retry.ts';
import { usagePeriod } from '../domain/usage.ts';
import { finishAttempt } from '../store/attempts.ts';
import { noteEvent } from '../store/events.ts';
import { jobNow } from '../store/jobs.ts';
import { findMessage } from '../store/messages.ts';
import { prospectById } from '../store/prospects.ts';
import { planReplay } from '../store/replays.ts';
import type { MessageRow, Tx } from '../store/schema.ts';
import { endUncertainRow, senderNow, senderWorks, setSender } from '../store/senders.ts';
import { finishSending, type SendEnd } from '../store/sending.ts';
import { suppress } from '../store/suppressions.ts';
import { releaseUsage, takeUsage } from '../store/usage.ts';
import type { ClaimDependencies, ClaimedMail } from './claimMessage.ts';
import { factsIn } from './paceFacts.ts';
import { windowOf } from './recipientGates.ts';
import { settleAccepted } from './settleAccepted.ts';
import { isOfRecipientAlone, noteRefusedAlike, stopRefusedSender } from './stopRefusedSender.ts';
import { noteAgainst, noteSilence } from './watchSender.ts';

export interface Finished {
  /** Where the message stands now; `superseded` when it was taken from this worker meanwhile. */
  readonly state: SendEnd['state'] | 'superseded';
  readonly reason: string | null;
  readonly dueAt: number | null;
  /** What its bounces or silences say of the sender; null when all is well. */
  readonly warning: string | null;
  /** It was the probe of a sender that had failed, and shows that it works again. */
  readonly recovered: boolean;
}

type Decision = Omit<SendEnd, 'now'>;

/** T3: the attempt's outcome, the message's next state, the ledger and the sender's health in one durable transaction. */
export function finishMessage(
  deps: Pick<ClaimDependencies, 'store' | 'now'> & { readonly retry: RetryPolicy },
  claim: ClaimedMail,
  campaign: Campaign,
  delivery: Delivery,
): Promise<Finished> {
  return deps.store.write(async (tx) => {
    const now = deps.now();
    const row = await findMessage(tx, claim.hold.id);
    if (row === undefined) throw new Error(`message ${claim.hold.id} is gone`);
    const first = await finishAttempt(tx, claim.attemptId, {
      now,
      outcome: delivery.kind,
      code: delivery.code,
      reply: delivery.reply,
      counted: providerSaw(delivery) ? 1 : 0,
      progress: delivery.progress ?? null,
    });
    if (!first) return asRecorded(row, claim);
    const alike = await noteRefusedAlike(tx, claim, delivery);
    const recovered = await noteSenderHealth(tx, claim, delivery, isOfRecipientAlone(alike, delivery), now);
    const watched = await watchSender(tx, claim, delivery, now);
    const decision = row.state === 'uncertain' ? lateReply(delivery) : await decide(tx, deps.retry, row, campaign, delivery, now);
    const moved = await finishSending(tx, claim.hold, claim.attemptId, { ...decision, now });
    if (moved) await settle(tx, row, decision, delivery, now);
    // A person has judged meanwhile, and an answer that changes nothing is told all the same.
    else if (row.attempt_id === claim.attemptId && delivery.code !== null)
      await noteEvent(tx, row.id, 'late reply', now, describe(delivery));
    const known = decision.state === 'accepted' && moved ? false : await settleAccepted(tx, row.id, now);
    if (moved && decision.state === 'uncertain' && !known) await planReplay(tx, claim.attemptId, now);
    const stopped = await stopRefusedSender(tx, claim.sender, alike, delivery, now);
    reached('t3.open');
    const warning = stopped ?? watched;
    const ended = moved && decision.state === 'failed' ? await findMessage(tx, row.id) : undefined;
    if (known) return { state: 'accepted', reason: null, dueAt: null, warning, recovered };
    // Taken back with those before it.
    if (ended?.state === 'ready') return { state: 'ready', reason: null, dueAt: ended.due_at, warning, recovered };
    return { state: moved ? decision.state : 'superseded', reason: decision.reason, dueAt: decision.dueAt ?? null, warning, recovered };
  });
}

/** The same end again, after a commit whose answer was lost: nothing is counted twice. */
function asRecorded(row: MessageRow, claim: ClaimedMail): Finished {
  const state = ENDS.find((end) => end === row.state && row.attempt_id === claim.attemptId) ?? 'superseded';
  return { state, reason: row.reason, dueAt: state === 'ready' ? row.due_at : null, warning: null, recovered: false };
}

const ENDS = ['accepted', 'failed', 'ready', 'uncertain', 'cancelled'] as const satisfies readonly SendEnd['state'][];

async function decide(tx: Tx, retry: RetryPolicy, row: MessageRow, campaign: Campaign, delivery: Delivery, now: number): Promise<Decision> {
  const again = async (decision: Decision): Promise<Decision> => {
    const { cancelled_at } = await jobNow(tx, row.job_id);
    return cancelled_at === null ? decision : { state: 'cancelled', reason: 'job cancelled' };
  };
  const reason = describe(delivery);
  switch (delivery.kind) {
    case 'accepted':
      return { state: 'accepted', reason: null };
    case 'ambiguous':
      return { state: 'uncertain', reason };
    case 'recipient_refused':
    case 'content_refused':
      return { state: 'failed', reason };
    case 'sender_failed':
    case 'not_armed':
      return again({ state: 'ready', reason });
    case 'throttled':
      // Another mail probes first: one that is throttled for itself must not keep all others back.
      return again({ state: 'ready', reason, dueAt: now + 1 });
    case 'sender_refused':
    case 'temporary': {
      if (!providerSaw(delivery)) return again({ state: 'ready', reason });
      const tries = row.tries + 1;
      // Only a try that the provider saw starts the clock: an outage does not use it up.
      const firstTryAt = row.first_try_at ?? now;
      const next = afterFailedTry(retry, await windowOf(factsIn(tx), campaign, row.prospect_id), tries, firstTryAt, now);
      if (!next.retry) return { state: 'failed', reason: `tries ran out: ${reason}`, tries };
      return again({ state: 'ready', reason, dueAt: next.dueAt, tries, firstTryAt });
    }
  }
}

/** T4: the message was given up as uncertain, and now its own attempt's reply is known after all. */
function lateReply(delivery: Delivery): Decision {
  if (delivery.kind === 'accepted') return { state: 'accepted', reason: null };
  if (delivery.kind === 'ambiguous') return { state: 'uncertain', reason: describe(delivery) };
  return { state: 'failed', reason: describe(delivery) };
}

/** What follows from an end, in the same commit. */
export async function settle(tx: Tx, row: MessageRow, decision: Decision, delivery: Delivery, now: number): Promise<void> {
  if (certainlyNotAccepted(delivery.kind)) await releaseUsage(tx, row.id, now);
  if (row.state !== 'sending') await noteEvent(tx, row.id, 'late reply', now, describe(delivery));
  // A person who said that it was not sent gave its place back, and may have asked for a retry since.
  if (row.state === 'failed' || row.state === 'ready') await takeUsage(tx, row.id, usagePeriod(now), now);
  if (decision.state === 'uncertain') await noteEvent(tx, row.id, 'uncertain', now, decision.reason);
  if (decision.state === 'cancelled') await noteEvent(tx, row.id, 'cancelled', now, decision.reason);
  if (delivery.kind === 'recipient_refused') {
    const { email_key } = await prospectById(tx, row.prospect_id);
    await suppress(tx, email_key, `hard bounce: ${describe(delivery)}`, `message ${row.id}`, now);
  }
}

/**
 * `ofRecipientAlone`: a refusal that may concern this recipient and nobody else says nothing of the sender.
 * Failures before MAIL are the sender's: it rests, twice as long each time, and the message loses
 * nothing. After a failure one mail at a time probes (see the claim), and its end decides: true when
 * the sender works again.
 */
async function noteSenderHealth(
  tx: Tx,
  { sender, failures: before }: ClaimedMail,
  delivery: Delivery,
  ofRecipientAlone: boolean,
  now: number,
): Promise<boolean> {
  const probe = before > 0;
  if (SPEAKS_OF_SENDER.includes(delivery.kind) && !ofRecipientAlone) {
    await noteFailure(tx, sender, delivery, probe, now);
    return false;
  }
  // A mail that left before the first failure is no proof of health after it.
  if (!probe) return false;
  const works = PROVES_HEALTH.includes(delivery.kind);
  await (works ? senderWorks(tx, sender) : setSender(tx, sender, { rest_until: now }));
  return works;
}

async function noteFailure(tx: Tx, sender: string, delivery: Delivery, probe: boolean, now: number): Promise<void> {
  const health = await senderNow(tx, sender);
  // Connections that failed beside the first one are the same failure.
  const known = health.rest_until > now && !probe;
  const failures = health.failures + (known ? 0 : 1);
  const reason = describe(delivery);
  switch (delivery.kind) {
    case 'sender_refused':
      return setSender(tx, sender, {
        failures,
        reason,
        rest_until: now + REFUSED_SENDER_REST,
        ...(delivery.stopsSender === true ? { stopped_at: health.stopped_at ?? now } : {}),
      });
    case 'throttled': {
      const until = now + (delivery.restMs ?? (known ? 0 : senderRest(failures)));
      return setSender(tx, sender, { failures, reason, rest_until: known ? Math.max(health.rest_until, until) : until });
    }
    default:
      if (!known) return setSender(tx, sender, { failures, reason, rest_until: now + senderRest(failures) });
  }
}

/** What a mail's end adds to its sender's record: a hard bounce, or one more silence in a row. */
async function watchSender(tx: Tx, { sender, startedAt, day }: ClaimedMail, delivery: Delivery, now: number): Promise<string | null> {
  if (delivery.kind === 'ambiguous') return noteSilence(tx, sender, now);
  if (delivery.code !== null) await endUncertainRow(tx, sender);
  return delivery.kind === 'recipient_refused' ? noteAgainst(tx, { sender, started_at: startedAt, day }, 'bounced', now) : null;
}

const SPEAKS_OF_SENDER: readonly DeliveryKind[] = ['sender_failed', 'sender_refused', 'throttled'];

/** Outcomes that prove the sender can reach its server and log in. */
const PROVES_HEALTH: readonly DeliveryKind[] = ['accepted', 'recipient_refused', 'content_refused', 'ambiguous'];

/** Whether the provider was told of this mail, so that its caps count it and the message loses a try. */
function providerSaw(delivery: Delivery): boolean {
  // A refused key or login says nothing of the mail, however late it is said.
  return (
    delivery.beforeMail !== true && delivery.stopsSender !== true && !['sender_failed', 'not_armed', 'throttled'].includes(delivery.kind)
  );
}

export function describe({ code, reply }: Delivery): string {
  return code === null || reply.startsWith(String(code)) ? reply : `${code} ${reply}`;
}
