import fc from 'fast-check';
import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { clockShifts, isoDate, localDay, localTime, parseDate, weekdayOf } from '../../src/domain/localDay.ts';
import { parseMoment } from '../../src/domain/moment.ts';
import { isZone, momentOf, offsetAt, wallAt } from '../../src/domain/zone.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (iso: string) => Date.parse(iso);

/** Every zone of this system, and another implementation (Luxon) as the judge. */
const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC', 'Etc/GMT+12', 'europe/berlin');
/** Until 2016 some clocks were set back past midnight, so that a day came in two pieces. */
const FIRST_YEAR = 2017;
const moments = fc.integer({ min: Date.UTC(FIRST_YEAR, 0), max: at('2040-01-01T00:00:00Z') });
const judged = (zone: string, moment: number) => DateTime.fromMillis(moment, { zone });

/** Moments within a day of a change of the clock, where there is one in that year. */
const nearAShift = fc
  .tuple(zones, fc.integer({ min: FIRST_YEAR, max: 2037 }), fc.nat(), fc.integer({ min: -DAY, max: DAY }))
  .map(([zone, year, which, beside]) => {
    const from = Date.UTC(year, 0, 1);
    const shifts = clockShifts(zone, from, from + 365 * DAY);
    return { zone, moment: (shifts[which % shifts.length]?.at ?? from) + beside };
  });
const anywhere = fc.oneof(fc.record({ zone: zones, moment: moments }), nearAShift);

test('a zone’s clock, its dates and the edges of its days are those of another implementation', () => {
  fc.assert(
    fc.property(anywhere, ({ zone, moment }) => {
      const judge = judged(zone, moment);
      expect(offsetAt(zone, moment)).toBe(judge.offset * 60_000);
      expect(localTime(zone, moment)).toBe(judge.toFormat('yyyy-MM-dd HH:mm'));
      const { date, start, end } = localDay(zone, moment);
      expect(date).toBe(judge.toISODate());
      expect(judged(zone, start).toISODate()).toBe(date);
      expect(judged(zone, start - 1).toISODate()).not.toBe(date);
      expect(start <= moment && moment < end).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('a wall time is the first moment that shows it, and past a gap what the clock from before would say', () => {
  fc.assert(
    fc.property(anywhere, ({ zone, moment }) => {
      const wall = wallAt(zone, moment);
      const found = momentOf(zone, wall);
      expect(wallAt(zone, found)).toBe(wall);
      expect(found).toBeLessThanOrEqual(moment);
    }),
    { numRuns: 2_000 },
  );
  // Forward by one hour, by half an hour, by a day that Samoa never had; back by one hour, at midnight too.
  expect(momentOf('Europe/Madrid', at('2026-03-29T02:30Z'))).toBe(at('2026-03-29T01:30Z'));
  expect(momentOf('Australia/Lord_Howe', at('2026-10-04T02:10Z'))).toBe(at('2026-10-04T02:10+10:30'));
  expect(localDay('Pacific/Apia', at('2011-12-30T09:59Z'))).toEqual({
    date: '2011-12-29',
    start: at('2011-12-29T10:00Z'),
    end: at('2011-12-30T10:00Z'),
  });
  expect(momentOf('Europe/Madrid', at('2026-10-25T02:30Z'))).toBe(at('2026-10-25T00:30Z'));
  expect(localDay('America/Havana', at('2026-11-01T05:30Z')).start).toBe(at('2026-11-01T04:00Z'));
  expect(localDay('Africa/Cairo', at('2026-04-24T12:00Z')).start).toBe(at('2026-04-23T22:00Z'));
});

test('what is no zone is none, however many are asked for', () => {
  for (let n = 0; n < 3_000; n++) expect(isZone(`Nowhere/Town_${n}`)).toBe(false);
  for (const name of ['', 'Berlin', '../../etc', 'Europe/Berlin ', 'GMT+5', '\0']) expect(isZone(name), name).toBe(false);
  for (const name of ['Europe/Berlin', 'europe/BERLIN', 'UTC', 'Etc/UTC', 'CET']) expect(isZone(name), name).toBe(true);
  expect(() => offsetAt('Nowhere/Town', 0)).toThrow('Nowhere/Town is no time zone');
});

test('dates are days of the calendar, and no others', () => {
  fc.assert(
    fc.property(fc.integer({ min: -20_000, max: 60_000 }), (day) => {
      expect(parseDate(isoDate(day))).toBe(day);
      expect(weekdayOf(day)).toBe(judged('UTC', day * DAY).weekday);
    }),
  );
  for (const text of ['2026-02-29', '2026-13-01', '2026-00-10', '2026-1-1', '20261201', '2026-12-01T00:00', '']) {
    expect(parseDate(text), text).toBeUndefined();
  }
});

test.each([
  ['2026-12-01', '2026-12-01T00:00+01:00'],
  ['2026-12-01T09:00', '2026-12-01T09:00+01:00'],
  [' 2026-07-01 09:00:30 ', '2026-07-01T09:00:30+02:00'],
  ['2026-12-01t09:00:30.25z', '2026-12-01T09:00:30.250Z'],
  ['2026-12-01T09:00-0330', '2026-12-01T09:00-03:30'],
  ['2026-12-01 09:00+02', '2026-12-01T09:00+02:00'],
  ['2026-12-01T24:00', '2026-12-02T00:00+01:00'],
])('the moment %j in Madrid is %s', (text, iso) => {
  expect(parseMoment(text, 'Europe/Madrid')).toBe(at(iso));
});

test.each([
  '2026-12-01T9:00',
  '2026-12-01T24:01',
  '2026-12-01T09:60',
  '2026-02-30T09:00',
  '2026-12-01T09:00+24:00',
  '2026-12-01+01:00',
  '09:00',
  'soon',
])('%j is no moment', (text) => {
  expect(parseMoment(text, 'Europe/Madrid')).toBeUndefined();
});
