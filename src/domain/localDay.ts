import { DateTime } from 'luxon';

/** One calendar day of a time zone: its ISO date, and where it begins and ends (epoch ms; 23 to 25 hours apart). */
export interface LocalDay {
  readonly date: string;
  readonly start: number;
  readonly end: number;
}

/** The last day asked for in each zone: Luxon takes 20 µs where a claim wants none. */
const recent = new Map<string, LocalDay>();

export function localDay(zone: string, at: number): LocalDay {
  const known = recent.get(zone);
  if (known !== undefined && at >= known.start && at < known.end) return known;
  const start = DateTime.fromMillis(at, { zone }).startOf('day');
  const day = { date: start.toISODate() ?? '', start: start.toMillis(), end: start.plus({ days: 1 }).startOf('day').toMillis() };
  recent.set(zone, day);
  return day;
}

/** `2026-11-25 09:30` on that zone's clock. */
export function localTime(zone: string, at: number): string {
  return DateTime.fromMillis(at, { zone }).toFormat('yyyy-MM-dd HH:mm');
}
