import { DateTime } from 'luxon';
import { parseDuration } from './duration.ts';
import { parseDays } from './window.ts';

/**
 * The moment that a person means by `friday`, `tomorrow`, `2026-12-31` or `10d`, in epoch milliseconds:
 * a day means its end in `zone`, and a weekday the next one, today included. Undefined when it is none of these.
 */
export function parseUntil(text: string, zone: string, now: number): number | undefined {
  const word = text.trim().toLowerCase();
  const duration = parseDuration(word);
  if (duration !== undefined) return now + duration;
  const today = DateTime.fromMillis(now, { zone }).startOf('day');
  const endOf = (day: DateTime) => day.plus({ days: 1 }).startOf('day').toMillis();
  if (word === 'today') return endOf(today);
  if (word === 'tomorrow') return endOf(today.plus({ days: 1 }));
  if (/^\d{4}-\d{2}-\d{2}$/.test(word)) {
    const day = DateTime.fromISO(word, { zone });
    return day.isValid ? endOf(day) : undefined;
  }
  const [weekday, ...others] = /^[a-z]{3,}$/.test(word) ? (parseDays(word) ?? []) : [];
  if (weekday === undefined || others.length > 0) return undefined;
  return endOf(today.plus({ days: (weekday - today.weekday + 7) % 7 }));
}
