import { parseDuration } from './duration.ts';
import { dayAt, parseDate, startOfDay, weekdayOf } from './localDay.ts';
import { parseDays } from './window.ts';

/**
 * The moment that a person means by `friday`, `tomorrow`, `2026-12-31` or `10d`, in epoch milliseconds:
 * a day means its end in `zone`, and a weekday the next one, today included. Undefined when it is none of these.
 */
export function parseUntil(text: string, zone: string, now: number): number | undefined {
  const word = text.trim().toLowerCase();
  const duration = parseDuration(word);
  if (duration !== undefined) return now + duration;
  const day = parseDay(word, dayAt(zone, now));
  return day === undefined ? undefined : startOfDay(zone, day + 1);
}

function parseDay(word: string, today: number): number | undefined {
  if (word === 'today') return today;
  if (word === 'tomorrow') return today + 1;
  if (/^\d/.test(word)) return parseDate(word);
  const [weekday, ...others] = /^[a-z]{3,}$/.test(word) ? (parseDays(word) ?? []) : [];
  return weekday === undefined || others.length > 0 ? undefined : today + ((weekday - weekdayOf(today) + 7) % 7);
}
