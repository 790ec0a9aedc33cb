import { DAY, MINUTE } from './duration.ts';
import { dayAt, isoDate, parseDate, weekdayOf } from './localDay.ts';
import { isZone, momentOf } from './zone.ts';

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** When mail may leave: whole minutes of local time on some weekdays, in one IANA zone. */
export interface SendWindow {
  /** ISO weekdays, 1 = Monday … 7 = Sunday. */
  readonly days: readonly number[];
  /** Minutes after local midnight; `from` < `to` ≤ 1440. */
  readonly from: number;
  readonly to: number;
  /** Whose local time it is: this zone's, or the recipient's own and this one's for leads without one. */
  readonly timezone: string;
  readonly ofRecipient: boolean;
  /** Local dates without mail, each a first and last ISO date. */
  readonly except: readonly (readonly [string, string])[];
}

/** The window as one recipient sees it; `zone` is what its lead says, if that is a zone. */
export function windowFor(window: SendWindow | null, zone: string | undefined): SendWindow | null {
  if (window === null || !window.ofRecipient) return window;
  const timezone = zone !== undefined && isZone(zone) ? zone : window.timezone;
  const ofZones = windowsOf.get(window) ?? new Map<string, SendWindow>();
  windowsOf.set(window, ofZones);
  const known = ofZones.get(timezone) ?? { ...window, ofRecipient: false, timezone };
  ofZones.set(timezone, known);
  return known;
}

/** The same object for the same zone, so that what is known of it below stays known. */
const windowsOf = new WeakMap<SendWindow, Map<string, SendWindow>>();

/** `2026-12-25`, or `2026-12-24..2027-01-06` with both ends included; undefined when it is neither. */
export function parseDates(text: string): readonly [string, string] | undefined {
  const [first, last = first, ...rest] = text.trim().split('..');
  const isDate = (date: string | undefined): date is string => date !== undefined && parseDate(date) !== undefined;
  return isDate(first) && isDate(last) && first <= last && rest.length === 0 ? [first, last] : undefined;
}

/** `mon-fri`, `mon,wed,fri`, `daily` as ISO weekdays; undefined when it is none of these. */
export function parseDays(text: string): number[] | undefined {
  const spec = text.trim().toLowerCase();
  if (spec === 'daily' || spec === 'all') return [1, 2, 3, 4, 5, 6, 7];
  const days = new Set<number>();
  for (const part of spec.split(',')) {
    const [first, last, ...rest] = part.split('-').map((day) => weekday(day.trim()));
    if (first === undefined || rest.length > 0 || (part.includes('-') && last === undefined)) return undefined;
    const end = last ?? first;
    for (let day = first; ; day = (day % 7) + 1) {
      days.add(day);
      if (day === end) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}

function weekday(name: string): number | undefined {
  const index = WEEKDAYS.findIndex((day) => name === day || name.startsWith(day));
  return index < 0 ? undefined : index + 1;
}

/** `09:00` as minutes after midnight; `24:00` is the day's end. */
export function parseClock(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (!match) return undefined;
  const minutes = Number(match[1]) * 60 + Number(match[2]);
  return Number(match[2]) < 60 && minutes <= 1440 ? minutes : undefined;
}

/** `mon-fri 09:00-17:00`, as a campaign would write it. */
export function writeWindow({ days, from, to }: SendWindow): string {
  const first = WEEKDAYS[(days[0] ?? 1) - 1];
  const last = WEEKDAYS[(days.at(-1) ?? 7) - 1];
  const inARow = days.length > 2 && (days.at(-1) ?? 0) - (days[0] ?? 0) === days.length - 1;
  const clock = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  const named = days.length === 7 ? 'daily' : inARow ? `${first}-${last}` : days.map((day) => WEEKDAYS[day - 1]).join(',');
  return `${named} ${clock(from)}-${clock(to)}`;
}

/** The first moment at or after `at` when the window is open. Times are epoch milliseconds. */
export function nextOpening(window: SendWindow | null, at: number): number {
  if (window === null) return at;
  const known = lastOpening.get(window);
  if (known !== undefined && at >= known.since && at < known.end) return Math.max(at, known.start);
  for (const [start, end] of openings(window, at)) {
    if (at >= end) continue;
    lastOpening.set(window, { since: at, start, end });
    return Math.max(at, start);
  }
  return at;
}

/** The opening found last for each window: the first one to end after `since`. Every claim asks. */
const lastOpening = new WeakMap<SendWindow, { readonly since: number; readonly start: number; readonly end: number }>();

/** Milliseconds between two moments during which the window was open. */
export function openTimeBetween(window: SendWindow | null, from: number, to: number): number {
  if (to <= from) return 0;
  if (window === null) return to - from;
  let open = 0;
  for (const [start, end] of openings(window, from)) {
    if (start >= to) break;
    open += Math.max(0, Math.min(end, to) - Math.max(start, from));
  }
  return open;
}

/** The moment at which `duration` milliseconds of open window will have passed since `from`. */
export function afterOpenTime(window: SendWindow | null, from: number, duration: number): number {
  if (window === null) return from + duration;
  let left = duration;
  for (const [start, end] of openings(window, from)) {
    const begin = Math.max(start, from);
    if (end <= begin) continue;
    if (left <= end - begin) return begin + left;
    left -= end - begin;
  }
  return from + duration;
}

/** The window's intervals in time order, from the day that contains `at`, for ten years. */
function* openings(window: SendWindow, at: number): Generator<readonly [number, number]> {
  const { timezone, days, from, to } = window;
  const today = dayAt(timezone, at);
  for (let day = today; day < today + 3660; day++) {
    if (!days.includes(weekdayOf(day)) || isExcepted(window, isoDate(day))) continue;
    const start = momentOf(timezone, day * DAY + from * MINUTE);
    const end = momentOf(timezone, day * DAY + to * MINUTE);
    // Where the clock is set forward within it, nothing may be left of a short one.
    if (start < end) yield [start, end];
  }
}

function isExcepted({ except }: SendWindow, date: string): boolean {
  return except.some(([first, last]) => first <= date && date <= last);
}
