import { DateTime } from 'luxon';
import { parseDuration } from './duration.ts';

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
  if (!/^\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:z|[+-]\d{2}:\d{2})?)?$/.test(word)) return undefined;
  const at = DateTime.fromISO(word.toUpperCase().replace(' ', 'T'), { zone });
  return at.isValid ? at.toMillis() : undefined;
}

/** Where the last `days` calendar days of `zone` begin, today being one of them. */
export function firstOfDays(days: number, zone: string, now: number): number {
  return DateTime.fromMillis(now, { zone })
    .minus({ days: days - 1 })
    .startOf('day')
    .toMillis();
}
