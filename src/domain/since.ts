import { DateTime } from 'luxon';
import { parseDuration } from './duration.ts';

/**
 * The moment that a person means by `today`, `yesterday`, `2026-12-31` or `10d`, in epoch milliseconds: a day
 * means its beginning in `zone`. Undefined when it is none of these.
 */
export function parseSince(text: string, zone: string, now: number): number | undefined {
  const word = text.trim().toLowerCase();
  const duration = parseDuration(word);
  if (duration !== undefined) return now - duration;
  if (word === 'today') return firstOfDays(1, zone, now);
  if (word === 'yesterday') return firstOfDays(2, zone, now);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(word)) return undefined;
  const day = DateTime.fromISO(word, { zone });
  return day.isValid ? day.startOf('day').toMillis() : undefined;
}

/** Where the last `days` calendar days of `zone` begin, today being one of them. */
export function firstOfDays(days: number, zone: string, now: number): number {
  return DateTime.fromMillis(now, { zone })
    .minus({ days: days - 1 })
    .startOf('day')
    .toMillis();
}
