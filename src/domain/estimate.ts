import { DAY, HOUR } from './duration.ts';
import { dripInterval, type Gap, type JobPace } from './pace.ts';
import { afterOpenTime } from './window.ts';

/** What an estimate knows of one sender: its configured pace, and how many mails its cap still lets out today. */
export interface SenderForecast {
  readonly gap: Gap | null;
  /** Of today; null without one. */
  readonly dailyCap: number | null;
  readonly room: number;
  /** How much a further day of sending raises the cap, and up to where; null when it stays. */
  readonly warmsUp: { readonly step: number; readonly top: number } | null;
}

/** The mails that wait, as an estimate sees them. */
export interface Waiting {
  readonly count: number;
  /** When the first and the last of those that are written are due (window, domain gap, retry); null when none is written. */
  readonly due: { readonly first: number; readonly last: number } | null;
  /** Some are still to be written: they are due at once. */
  readonly unwritten: boolean;
}

/**
 * When the last of `waiting` mails will have left, if the job's gates open at `opensAt` and everything goes
 * on as configured; null when nothing but the wire limits the pace. An estimate, not a promise.
 */
export function estimateEnd(
  job: JobPace,
  senders: readonly SenderForecast[],
  hourlyLimit: number | null,
  { count, due, unwritten }: Waiting,
  opensAt: number,
  now: number,
): number | null {
  const start = unwritten || due === null ? opensAt : Math.max(opensAt, due.first);
  const interval = pacedInterval(job, senders);
  const hours = hourlyLimit === null ? 0 : Math.floor((count - 1) / hourlyLimit) * HOUR;
  const inWindow = Math.max(interval * (count - 1), hours);
  const capped = start + cappedDays(senders, count) * DAY;
  const end = Math.round(Math.max(capped, afterOpenTime(job.window, start, inWindow), due?.last ?? 0));
  return end <= now ? null : end;
}

/** Mails an hour that a job's drip, its senders' gaps and the hourly limit let out while every gate is open; null when none of them limits it. */
export function plannedRate(
  job: Pick<JobPace, 'mode' | 'rate'>,
  senders: readonly Pick<SenderForecast, 'gap'>[],
  hourlyLimit: number | null,
): number | null {
  const interval = pacedInterval(job, senders);
  const rate = Math.min(interval === 0 ? Infinity : HOUR / interval, hourlyLimit ?? Infinity);
  return rate === Infinity ? null : rate;
}

/** Milliseconds between two mails of the job, on average; 0 when nothing asks for any. */
function pacedInterval(job: Pick<JobPace, 'mode' | 'rate'>, senders: readonly Pick<SenderForecast, 'gap'>[]): number {
  return Math.max(dripInterval(job) ?? 0, sharedInterval(senders.map(({ gap }) => (gap === null ? 0 : (gap.min + gap.max) / 2))));
}

/** Whole days that the senders' caps add. */
function cappedDays(senders: readonly SenderForecast[], waiting: number): number {
  if (senders.some(({ dailyCap }) => dailyCap === null)) return 0;
  const on = (day: number) => senders.reduce((sum, sender) => sum + capAfter(sender, day), 0);
  let left = waiting - senders.reduce((sum, { room }) => sum + room, 0);
  let days = 0;
  // Day by day as long as caps rise, which they do not do for long.
  for (; left > 0 && on(days + 1) > on(days); days++) left -= on(days + 1);
  return left <= 0 || on(days) === 0 ? days : days + Math.ceil(left / on(days));
}

/** A sender's cap when it has sent on so many days more. */
function capAfter({ dailyCap, warmsUp }: SenderForecast, days: number): number {
  const cap = dailyCap ?? 0;
  return warmsUp === null ? cap : Math.max(cap, Math.min(warmsUp.top, cap + warmsUp.step * days));
}

/** Several senders side by side: their rates add up. */
function sharedInterval(intervals: readonly number[]): number {
  if (intervals.length === 0 || intervals.includes(0)) return 0;
  return 1 / intervals.reduce((sum, interval) => sum + 1 / interval, 0);
}
