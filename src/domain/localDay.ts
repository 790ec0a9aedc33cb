import { DAY } from './duration.ts';
import { momentOf, offsetAt, wallAt } from './zone.ts';

/** One calendar day of a time zone: its ISO date, and where it begins and ends (epoch ms; 23 to 25 hours apart). */
export interface LocalDay {
  readonly date: string;
  readonly start: number;
  readonly end: number;
}

/** The last day asked for in each zone: a claim asks three times for it. */
const recent = new Map<string, LocalDay>();

export function localDay(zone: string, at: number): LocalDay {
  const known = recent.get(zone);
  if (known !== undefined && at >= known.start && at < known.end) return known;
  const number = dayAt(zone, at);
  const day = { date: isoDate(number), start: startOfDay(zone, number), end: startOfDay(zone, number + 1) };
  recent.set(zone, day);
  return day;
}

/** The calendar day that a zone's clock shows, as the number of days since 1970-01-01. */
export function dayAt(zone: string, at: number): number {
  return Math.floor(wallAt(zone, at) / DAY);
}

export function startOfDay(zone: string, day: number): number {
  return momentOf(zone, day * DAY);
}

export function isoDate(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}

/** 1 = Monday … 7 = Sunday. */
export function weekdayOf(day: number): number {
  return new Date(day * DAY).getUTCDay() || 7;
}

/** `2026-12-25` as a day's number; undefined when it is no date. */
export function parseDate(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const day = Date.parse(text) / DAY;
  return Number.isInteger(day) && isoDate(day) === text ? day : undefined;
}

/** `2026-11-25 09:30` on that zone's clock. */
export function localTime(zone: string, at: number): string {
  return new Date(wallAt(zone, at)).toISOString().slice(0, 16).replace('T', ' ');
}

/** From `at` on (epoch ms) a zone's clock is `offset` ms ahead of UTC. */
export interface ClockShift {
  readonly at: number;
  readonly offset: number;
}

/** How a zone's clock stood between two moments; the first entry holds for whatever is before it too. Never empty. */
export function clockShifts(zone: string, from: number, to: number): ClockShift[] {
  const shifts = [{ at: from, offset: offsetAt(zone, from) }];
  for (let before = from; before < to; before += WEEK) {
    const [old, next] = [offsetAt(zone, before), offsetAt(zone, before + WEEK)];
    if (old === next) continue;
    let [low, high] = [before, before + WEEK];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(zone, middle) === old) low = middle;
      else high = middle;
    }
    shifts.push({ at: high, offset: next });
  }
  return shifts;
}

/** No zone has set its clock twice within one. */
const WEEK = 7 * DAY;
