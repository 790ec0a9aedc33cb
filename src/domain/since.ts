import { parseDuration } from './duration.ts';
import { dayAt, startOfDay } from './localDay.ts';
import { parseMoment } from './moment.ts';

/**
 * The moment from which a person wants to see something, in epoch milliseconds: `2h` and `7d` ago, `today`, `yesterday`,
 * `2026-11-24` (where that day begins) or `2026-11-24T09:30`, in `zone` unless an offset or Z stands behind the time.
 * Undefined when it is none of these.
 */
export function parseSince(text: string, zone: string, now: number): number | undefined {
  const word = text.trim().toLowerCase();
  const duration = parseDuration(word);
  if (duration !== undefined) return now - duration;
  if (word === 'today') return firstOfDays(1, zone, now);
  if (word === 'yesterday') return firstOfDays(2, zone, now);
  return parseMoment(word, zone);
}

/** Where the last `days` calendar days of `zone` begin, today being one of them. */
export function firstOfDays(days: number, zone: string, now: number): number {
  return startOfDay(zone, dayAt(zone, now) - days + 1);
}
