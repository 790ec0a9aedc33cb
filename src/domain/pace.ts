import { DAY, HOUR } from './duration.ts';
import type { PauseReason, SendMode } from './job.ts';
import { nextOpening, type SendWindow } from './window.ts';

/**
 * When a mail may leave. Every gate is decided here and nowhere else, from facts that stand in the
 * database: a restart or a second worker sees the same facts and reaches the same answer.
 * All times are epoch milliseconds UTC.
 */
export interface JobPace {
  readonly mode: SendMode;
  /** Mails an hour of a drip. */
  readonly rate: number | null;
  readonly importing: boolean;
  /** Who or what stopped it; null while it may go on. */
  readonly paused: 'by hand' | PauseReason | null;
  readonly scheduledFor: number | null;
  /** A drip's next free slot. */
  readonly nextSlotAt: number;
  readonly window: SendWindow | null;
  /** When the job's first mails have been watched long enough; null while more of them may leave, and after they have passed. */
  readonly canaryEndsAt: number | null;
}

export interface SenderPace {
  readonly name: string;
  readonly gap: Gap | null;
  /** When the attempt was made that fills today's cap: the cap-th newest within 24 h, or null while there is room. */
  readonly capFilledBy: number | null;
  /** When warm-up raises the cap next; null when it does not. */
  readonly capRisesAt: number | null;
  readonly nextSendAt: number;
  readonly restUntil: number;
  /** Only a person sets it going again. */
  readonly stopped: boolean;
}

/** Milliseconds between two mails of one sender, drawn evenly between the two. */
export interface Gap {
  readonly min: number;
  readonly max: number;
}

export interface LimitPace {
  /** When the attempt was made that fills `limits.send_per_hour`, or null while there is room. */
  readonly hourFilledBy: number | null;
  readonly monthFull: boolean;
  /** Start of the next usage period. */
  readonly monthEndsAt: number;
}

/** What one recipient's place and domain allow. */
export interface RecipientPace {
  /** In the recipient's own zone; null when the job's window is everybody's. */
  readonly window: SendWindow | null;
  /** When the attempt was made that fills `limits.per_company_day`, or null while there is room. */
  readonly companyFilledBy: number | null;
  /** The newest attempt at any address of the domain, or null when none matters. */
  readonly domainTriedAt: number | null;
  /** Milliseconds between two attempts at one domain, or null. */
  readonly domainGap: number | null;
}

export type GateName =
  | 'importing'
  | 'paused'
  | 'overdue'
  | 'restored'
  | 'scheduled'
  | 'drip'
  | 'window'
  | 'canary'
  | 'sender gap'
  | 'sender cap'
  | 'sender resting'
  | 'sender stopped'
  | 'hourly limit'
  | 'monthly limit'
  | 'recipient window'
  | 'company cap'
  | 'domain gap';

export interface ShutGate {
  readonly gate: GateName;
  /** When it opens by itself; null when only a person (or an import's end) opens it. */
  readonly opensAt: number | null;
}

export function jobGates(job: JobPace, now: number): ShutGate[] {
  const shut: ShutGate[] = [];
  if (job.importing) shut.push({ gate: 'importing', opensAt: null });
  if (job.paused !== null) shut.push({ gate: job.paused === 'by hand' ? 'paused' : job.paused, opensAt: null });
  if (job.scheduledFor !== null && job.scheduledFor > now) shut.push({ gate: 'scheduled', opensAt: job.scheduledFor });
  const slot = dripSlot(job, now);
  if (slot > now) shut.push({ gate: 'drip', opensAt: slot });
  const opening = nextOpening(job.window, now);
  if (opening > now) shut.push({ gate: 'window', opensAt: opening });
  if (job.canaryEndsAt !== null && job.canaryEndsAt > now) shut.push({ gate: 'canary', opensAt: job.canaryEndsAt });
  return shut;
}

/** No failure rests a sender for longer, nor does a provider's Retry-After: a later end is from a clock that has jumped back since. */
const LONGEST_REST = DAY;

export function senderGates(sender: SenderPace, now: number): ShutGate[] {
  const shut: ShutGate[] = [];
  if (sender.stopped) shut.push({ gate: 'sender stopped', opensAt: null });
  if (sender.restUntil > now && sender.restUntil <= now + LONGEST_REST) shut.push({ gate: 'sender resting', opensAt: sender.restUntil });
  const room = sender.capFilledBy === null ? now : Math.min(sender.capFilledBy + DAY, sender.capRisesAt ?? Infinity);
  if (room > now) shut.push({ gate: 'sender cap', opensAt: room });
  const next = sender.gap === null || sender.nextSendAt > now + sender.gap.max ? 0 : sender.nextSendAt;
  if (next > now) shut.push({ gate: 'sender gap', opensAt: next });
  return shut;
}

export function limitGates(limits: LimitPace, now: number): ShutGate[] {
  const shut: ShutGate[] = [];
  if (limits.monthFull) shut.push({ gate: 'monthly limit', opensAt: limits.monthEndsAt });
  const room = limits.hourFilledBy === null ? now : limits.hourFilledBy + HOUR;
  if (room > now) shut.push({ gate: 'hourly limit', opensAt: room });
  return shut;
}

export function recipientGates(recipient: RecipientPace, now: number): ShutGate[] {
  const shut: ShutGate[] = [];
  const opening = nextOpening(recipient.window, now);
  if (opening > now) shut.push({ gate: 'recipient window', opensAt: opening });
  const room = recipient.companyFilledBy === null ? now : recipient.companyFilledBy + DAY;
  if (room > now) shut.push({ gate: 'company cap', opensAt: room });
  const next = recipient.domainTriedAt === null || recipient.domainGap === null ? now : recipient.domainTriedAt + recipient.domainGap;
  if (next > now) shut.push({ gate: 'domain gap', opensAt: next });
  return shut;
}

/** When all of these gates are open: the latest opening, null if one waits for a person, `now` if none is shut. */
export function openingOf(gates: readonly ShutGate[], now: number): number | null {
  let opening = now;
  for (const { opensAt } of gates) {
    if (opensAt === null) return null;
    opening = Math.max(opening, opensAt);
  }
  return opening;
}

/**
 * The first moment at which nothing is shut, if nothing else happens meanwhile: a gap may end in the
 * night, when the window is shut. Null if one waits for a person.
 */
export function opensFor(gatesAt: (at: number) => readonly ShutGate[], now: number): number | null {
  let at = now;
  for (let step = 0; step < MOST_STEPS; step++) {
    const opening = openingOf(gatesAt(at), at);
    if (opening === null || opening === at) return opening;
    at = opening;
  }
  return at;
}

const MOST_STEPS = 32;

/** The slot a drip may use next. One further away than an interval can only come from a clock that jumped back, and counts as free. */
function dripSlot(job: JobPace, now: number): number {
  const interval = dripInterval(job);
  return interval === null || job.nextSlotAt > now + interval + 1 ? 0 : job.nextSlotAt;
}

/** Milliseconds between two mails of a drip; null for the other modes. */
export function dripInterval(job: Pick<JobPace, 'mode' | 'rate'>): number | null {
  return job.mode === 'drip' && job.rate !== null ? HOUR / job.rate : null;
}

/** Missed slots are not made up for: the next one is a whole interval from now. */
export function slotAfter(job: Pick<JobPace, 'mode' | 'rate'>, now: number): number {
  return Math.ceil(now + (dripInterval(job) ?? 0));
}

/** `random` is uniform in [0, 1). */
export function nextSendAfter(gap: Gap | null, now: number, random: number): number {
  return gap === null ? 0 : Math.ceil(now + gap.min + (gap.max - gap.min) * random);
}
