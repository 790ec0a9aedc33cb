import { DAY, HOUR } from './duration.ts';
import type { SendMode } from './job.ts';
import { afterOpenTime, nextOpening, type SendWindow } from './window.ts';

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
  readonly paused: boolean;
  readonly scheduledFor: number | null;
  /** A drip's next free slot. */
  readonly nextSlotAt: number;
  readonly window: SendWindow | null;
}

export interface SenderPace {
  readonly name: string;
  readonly gap: Gap | null;
  readonly dailyCap: number | null;
  /** When the attempt was made that fills the cap: the cap-th newest within 24 h, or null while there is room. */
  readonly capFilledBy: number | null;
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

export type GateName =
  | 'importing'
  | 'paused'
  | 'scheduled'
  | 'drip'
  | 'window'
  | 'sender gap'
  | 'sender cap'
  | 'sender resting'
  | 'sender stopped'
  | 'hourly limit'
  | 'monthly limit';

export interface ShutGate {
  readonly gate: GateName;
  /** When it opens by itself; null when only a person (or an import's end) opens it. */
  readonly opensAt: number | null;
}

export function jobGates(job: JobPace, now: number): ShutGate[] {
  const shut: ShutGate[] = [];
  if (job.importing) shut.push({ gate: 'importing', opensAt: null });
  if (job.paused) shut.push({ gate: 'paused', opensAt: null });
  if (job.scheduledFor !== null && job.scheduledFor > now) shut.push({ gate: 'scheduled', opensAt: job.scheduledFor });
  const slot = dripSlot(job, now);
  if (slot > now) shut.push({ gate: 'drip', opensAt: slot });
  const opening = nextOpening(job.window, now);
  if (opening > now) shut.push({ gate: 'window', opensAt: opening });
  return shut;
}

export function senderGates(sender: SenderPace, now: number): ShutGate[] {
  const shut: ShutGate[] = [];
  if (sender.stopped) shut.push({ gate: 'sender stopped', opensAt: null });
  if (sender.restUntil > now) shut.push({ gate: 'sender resting', opensAt: sender.restUntil });
  if (sender.capFilledBy !== null) shut.push({ gate: 'sender cap', opensAt: sender.capFilledBy + DAY });
  const next = sender.gap === null || sender.nextSendAt > now + sender.gap.max ? 0 : sender.nextSendAt;
  if (next > now) shut.push({ gate: 'sender gap', opensAt: next });
  return shut;
}

export function limitGates(limits: LimitPace): ShutGate[] {
  const shut: ShutGate[] = [];
  if (limits.monthFull) shut.push({ gate: 'monthly limit', opensAt: limits.monthEndsAt });
  if (limits.hourFilledBy !== null) shut.push({ gate: 'hourly limit', opensAt: limits.hourFilledBy + HOUR });
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

/** What a forecast knows of one sender: its configured pace, and how many mails its cap still lets out today. */
export interface SenderForecast {
  readonly gap: Gap | null;
  readonly dailyCap: number | null;
  readonly room: number;
}

/**
 * When the last of `waiting` mails will have left, if the first leaves at `start` and everything goes
 * on as configured; null when nothing but the wire limits the pace. An estimate, not a promise.
 */
export function estimateEnd(
  job: JobPace,
  senders: readonly SenderForecast[],
  hourlyLimit: number | null,
  waiting: number,
  start: number,
  now: number,
): number | null {
  const interval = Math.max(dripInterval(job) ?? 0, sharedInterval(senders.map(({ gap }) => (gap === null ? 0 : (gap.min + gap.max) / 2))));
  const hours = hourlyLimit === null ? 0 : Math.floor((waiting - 1) / hourlyLimit) * HOUR;
  const inWindow = Math.max(interval * (waiting - 1), hours);
  const capped = start + cappedDays(senders, waiting) * DAY;
  const end = Math.round(Math.max(capped, afterOpenTime(job.window, start, inWindow)));
  return end <= now ? null : end;
}

/** Whole days that the senders' caps add. */
function cappedDays(senders: readonly SenderForecast[], waiting: number): number {
  if (senders.some(({ dailyCap }) => dailyCap === null)) return 0;
  const perDay = senders.reduce((sum, { dailyCap }) => sum + (dailyCap ?? 0), 0);
  const today = senders.reduce((sum, { room }) => sum + room, 0);
  return perDay === 0 || waiting <= today ? 0 : Math.ceil((waiting - today) / perDay);
}

/** Several senders side by side: their rates add up. */
function sharedInterval(intervals: readonly number[]): number {
  if (intervals.length === 0 || intervals.includes(0)) return 0;
  return 1 / intervals.reduce((sum, interval) => sum + 1 / interval, 0);
}
