import { DAY } from './duration.ts';

// Clocks of time zones, read from the system's own tables (Intl). A wall time is what such a clock shows, written as the
// epoch milliseconds at which a clock in UTC would show the same.

/** Lead data names zones: a list of nonsense must not fill the memory. */
const MOST_CLOCKS = 1_000;
const clocks = new Map<string, Intl.DateTimeFormat | null>();

/** Whether the system knows a zone of that name (IANA; case does not matter). */
export function isZone(name: string): boolean {
  return clockOf(name) !== null;
}

/** How far the zone's clock is ahead of UTC at that moment, in milliseconds. @throws RangeError for a name that is no zone */
export function offsetAt(zone: string, at: number): number {
  if (zone === 'UTC') return 0;
  const clock = clockOf(zone);
  if (clock === null) throw new RangeError(`${zone} is no time zone`);
  const [, sign, hours, minutes, seconds = 0] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(clock.format(at)) ?? [];
  if (sign === undefined) return 0;
  const ahead = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -ahead : ahead;
}

export function wallAt(zone: string, at: number): number {
  return at + offsetAt(zone, at);
}

/**
 * The moment at which the zone's clock shows `wall`: the first one where it does so twice, and where the clock is set
 * forward past it, what the clock from before would say (RFC 5545, 3.3.5). No zone sets its clock twice within two days.
 */
export function momentOf(zone: string, wall: number): number {
  const before = offsetAt(zone, wall - DAY);
  if (offsetAt(zone, wall - before) === before) return wall - before;
  const after = offsetAt(zone, wall + DAY);
  return offsetAt(zone, wall - after) === after ? wall - after : wall - before;
}

/** Making one takes 0.1 ms, asking it 1 µs. */
function clockOf(zone: string): Intl.DateTimeFormat | null {
  const name = zone.toLowerCase();
  const known = clocks.get(name);
  if (known !== undefined) return known;
  const clock = makeClock(name);
  const [oldest] = clocks.keys();
  if (clocks.size >= MOST_CLOCKS && oldest !== undefined) clocks.delete(oldest);
  clocks.set(name, clock);
  return clock;
}

function makeClock(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    return null;
  }
}
