import { DateTime } from 'luxon';
import { DAY } from './duration.ts';

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

/** From `at` on (epoch ms) a zone's clock is `offset` ms ahead of UTC. */
export interface ClockShift {
  readonly at: number;
  readonly offset: number;
}

/** How a zone's clock stood between two moments; the first entry holds for whatever is before it too. Never empty. */
export function clockShifts(zone: string, from: number, to: number): ClockShift[] {
  const offsetAt = (at: number) => DateTime.fromMillis(at, { zone }).offset * 60_000;
  const shifts = [{ at: from, offset: offsetAt(from) }];
  for (let before = from; before < to; before += WEEK) {
    const [old, next] = [offsetAt(before), offsetAt(before + WEEK)];
    if (old === next) continue;
    let [low, high] = [before, before + WEEK];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle) === old) low = middle;
      else high = middle;
    }
    shifts.push({ at: high, offset: next });
  }
  return shifts;
}

/** No zone has set its clock twice within one. */
const WEEK = 7 * DAY;
