import { DAY, MINUTE } from './duration.ts';
import { parseDate, startOfDay } from './localDay.ts';
import { momentOf } from './zone.ts';

const CLOCK = String.raw`(?<hour>\d\d):(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?:[.,](?<fraction>\d{1,9}))?)?`;
const OFFSET = String.raw`Z|(?<sign>[+-])(?<hours>[01]\d|2[0-3])(?::?(?<minutes>[0-5]\d))?`;
const MOMENT = new RegExp(String.raw`^(?<date>\d{4}-\d\d-\d\d)(?:[T ]${CLOCK}(?<offset>${OFFSET})?)?$`, 'i');

/**
 * `2026-12-01` (where that day begins), `2026-12-01T09:00` or `2026-12-01 09:00:30.5` on the clock of `zone`, or of the
 * offset that stands behind it (`Z`, `+01:00`), as epoch milliseconds (ISO 8601). Undefined when it is none of these.
 */
export function parseMoment(text: string, zone: string): number | undefined {
  const found = MOMENT.exec(text.trim())?.groups ?? {};
  const day = parseDate(found.date ?? '');
  if (day === undefined || found.hour === undefined) return day === undefined ? undefined : startOfDay(zone, day);
  const time = minutesOf(found.hour, found.minute) * MINUTE + Number(`${found.second ?? 0}.${found.fraction ?? 0}`) * 1_000;
  if (time > DAY) return undefined;
  const wall = day * DAY + Math.floor(time);
  if (found.offset === undefined) return momentOf(zone, wall);
  const ahead = minutesOf(found.hours, found.minutes) * MINUTE;
  return found.sign === '-' ? wall + ahead : wall - ahead;
}

function minutesOf(hours = '0', minutes = '0'): number {
  return Number(hours) * 60 + Number(minutes);
}
