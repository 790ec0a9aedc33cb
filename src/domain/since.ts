import { DAY, parseDuration } from './duration.ts';

/**
 * The moment from which a person wants to see something, in epoch milliseconds: `2h` and `7d` ago, `today`, `yesterday`,
 * `2026-11-24` (where that day begins) or `2026-11-24T09:30`, in the zone of this machine, in which times are shown too.
 * An offset or Z behind a time holds instead. Undefined when it is none of these.
 */
export function parseSince(text: string, now: number): number | undefined {
  const word = text.trim();
  const duration = parseDuration(word.toLowerCase());
  if (duration !== undefined) return now - duration;
  if (word.toLowerCase() === 'today') return midnight(now);
  // Twelve hours before a midnight is yesterday, also where the clocks were changed that day.
  if (word.toLowerCase() === 'yesterday') return midnight(midnight(now) - DAY / 2);
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i.exec(word);
  if (match === null) return undefined;
  const [, year, month, day, clock = '00:00', zone = ''] = match;
  // Date rolls the 31st of a short month over; nobody means that.
  if (new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).toISOString().slice(0, 10) !== `${year}-${month}-${day}`)
    return undefined;
  const at = Date.parse(`${year}-${month}-${day}T${clock}${zone.toUpperCase()}`);
  return Number.isNaN(at) ? undefined : at;
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
