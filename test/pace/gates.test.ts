import * as fc from 'fast-check';
import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { openingOf, opensFor, type RecipientPace, recipientGates, senderGates } from '../../src/domain/pace.ts';
import { judgeSender } from '../../src/domain/senderHealth.ts';
import { parseUntil } from '../../src/domain/until.ts';
import { capToday } from '../../src/domain/warmUp.ts';
import { nextOpening, parseDates, type SendWindow, windowFor } from '../../src/domain/window.ts';
import { DueLine } from '../../src/pipeline/dueLine.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string) => Date.parse(text);
const ZONES = ['Europe/Madrid', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'America/Sao_Paulo', 'UTC'];

const OFFICE: SendWindow = { days: [1, 2, 3, 4, 5], from: 540, to: 1020, timezone: 'Europe/Madrid', ofRecipient: true, except: [] };

const windows: fc.Arbitrary<SendWindow> = fc
  .record({
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    from: fc.integer({ min: 0, max: 1_400 }),
    length: fc.integer({ min: 1, max: 1_440 }),
    timezone: fc.constantFrom(...ZONES),
    except: fc.array(fc.constantFrom<readonly [string, string]>(['2026-03-29', '2026-03-30'], ['2026-12-24', '2027-01-06'])),
  })
  .map(({ length, ...window }) => ({ ...window, to: Math.min(1_440, window.from + length), ofRecipient: false }));

const moments = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z') });

test('a window opens at a moment that lies in it, in the zone’s own time, and never skips an earlier one', () => {
  fc.assert(
    fc.property(windows, moments, (window, now) => {
      const opening = nextOpening(window, now);
      const local = DateTime.fromMillis(opening, { zone: window.timezone });
      const date = local.toISODate() ?? '';
      expect(opening).toBeGreaterThanOrEqual(now);
      expect(window.days).toContain(local.weekday);
      expect(window.except.some(([first, last]) => first <= date && date <= last)).toBe(false);
      // One minute before the opening it is still shut, unless it was open from the beginning.
      if (opening > now) expect(nextOpening({ ...window }, Math.max(now, opening - 60_000))).toBe(opening);
    }),
    { numRuns: 400 },
  );
});

test('what is remembered of a window never changes its answer, in whatever order it is asked', () => {
  fc.assert(
    fc.property(windows, fc.array(moments, { minLength: 2, maxLength: 12 }), (window, times) => {
      for (const time of [...times, ...times.map((other) => other + HOUR)])
        expect(nextOpening(window, time)).toBe(nextOpening({ ...window }, time));
    }),
    { numRuns: 200 },
  );
});

test('a recipient’s window is that of its own zone, and the campaign’s for a zone that is none', () => {
  expect(windowFor(OFFICE, 'Asia/Tokyo')).toEqual({ ...OFFICE, ofRecipient: false, timezone: 'Asia/Tokyo' });
  expect(windowFor(OFFICE, 'Tokyo')?.timezone).toBe('Europe/Madrid');
  expect(windowFor(OFFICE, undefined)?.timezone).toBe('Europe/Madrid');
  expect(windowFor({ ...OFFICE, ofRecipient: false }, 'Asia/Tokyo')?.timezone).toBe('Europe/Madrid');
});

test('of all a recipient’s gates the answer is the first moment at which every one is open', () => {
  const paces: fc.Arbitrary<RecipientPace> = fc.record({
    window: fc.option(windows),
    companyFilledBy: fc.option(fc.integer({ min: -DAY, max: 0 })),
    domainTriedAt: fc.option(fc.integer({ min: -DAY, max: 0 })),
    domainGap: fc.option(fc.integer({ min: 60_000, max: 3 * DAY })),
  });
  fc.assert(
    fc.property(
      paces,
      moments,
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 8 }),
      (facts, now, shares) => {
        const since = (past: number | null) => (past === null ? null : now + past);
        const pace = { ...facts, companyFilledBy: since(facts.companyFilledBy), domainTriedAt: since(facts.domainTriedAt) };
        const gatesAt = (time: number) => recipientGates(pace, time);
        const opening = opensFor(gatesAt, now) ?? Number.NaN;
        expect(gatesAt(opening)).toEqual([]);
        for (const share of shares) {
          const before = now + Math.floor((opening - now) * share);
          if (before < opening) expect(gatesAt(before)).not.toEqual([]);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('warm-up rises by a step for each day that has sent, never over the cap', () => {
  fc.assert(
    fc.property(fc.nat(500), fc.integer({ min: 1, max: 50 }), fc.nat(20), fc.nat(100), (top, start, step, days) => {
      const cap = capToday(top, { start, step }, days) ?? Number.NaN;
      expect(cap).toBe(Math.min(top, start + step * days));
      expect(capToday(top, { start, step }, days + 1)).toBeGreaterThanOrEqual(cap);
    }),
  );
  expect(capToday(null, null, 3)).toBeNull();
  expect(capToday(null, { start: 5, step: 2 }, 3)).toBe(11);
});

test('a full cap opens when its oldest mail is a day old, or earlier when tomorrow raises it', () => {
  const now = at('2026-11-23T15:00:00Z');
  const sender = { name: 'a', gap: null, capFilledBy: now - HOUR, capRisesAt: null, nextSendAt: 0, restUntil: 0, stopped: false };
  expect(senderGates(sender, now)).toEqual([{ gate: 'sender cap', opensAt: now + 23 * HOUR }]);
  expect(senderGates({ ...sender, capRisesAt: now + 9 * HOUR }, now)).toEqual([{ gate: 'sender cap', opensAt: now + 9 * HOUR }]);
  expect(openingOf(senderGates({ ...sender, stopped: true }, now), now)).toBeNull();
});

test.each([
  [{ sent: 0, bounced: 0, complained: 0 }, 'fine'],
  [{ sent: 49, bounced: 1, complained: 0 }, 'fine'],
  [{ sent: 49, bounced: 49, complained: 0 }, 'stop'],
  [{ sent: 100, bounced: 1, complained: 0 }, 'fine'],
  [{ sent: 100, bounced: 2, complained: 0 }, 'warn'],
  [{ sent: 100, bounced: 4, complained: 0 }, 'warn'],
  [{ sent: 100, bounced: 5, complained: 0 }, 'stop'],
  [{ sent: 2_000, bounced: 0, complained: 1 }, 'fine'],
  [{ sent: 1_000, bounced: 0, complained: 1 }, 'warn'],
  [{ sent: 1_000, bounced: 0, complained: 3 }, 'stop'],
  [{ sent: 1_000, bounced: 20, complained: 3 }, 'stop'],
] as const)('a sender with %o is judged: %s', (record, verdict) => {
  expect(judgeSender(record).verdict).toBe(verdict);
});

test('--until takes days, dates and durations, each a day’s end in the zone of the workspace', () => {
  const now = at('2026-11-25T10:00:00Z');
  const until = (text: string) => {
    const time = parseUntil(text, 'Europe/Madrid', now);
    return time === undefined ? undefined : new Date(time).toISOString();
  };
  expect(until('wednesday')).toBe('2026-11-25T23:00:00.000Z');
  expect(until('Friday')).toBe('2026-11-27T23:00:00.000Z');
  expect(until('tue')).toBe('2026-12-01T23:00:00.000Z');
  expect(until('tomorrow')).toBe('2026-11-26T23:00:00.000Z');
  expect(until('2027-03-28')).toBe('2027-03-28T22:00:00.000Z');
  expect(until('36h')).toBe('2026-11-26T22:00:00.000Z');
  for (const text of ['mon-fri', 'someday', '2026-02-30', '', '7', 'daily']) expect(until(text)).toBeUndefined();
});

test('dates without mail are one day or both ends of a span', () => {
  expect(parseDates('2026-12-25')).toEqual(['2026-12-25', '2026-12-25']);
  expect(parseDates('2026-12-24..2027-01-06')).toEqual(['2026-12-24', '2027-01-06']);
  for (const text of ['2026-13-01', '2027-01-06..2026-12-24', 'christmas', '2026-12-24..', '1..2..3'])
    expect(parseDates(text)).toBeUndefined();
});

test('a line of due mails gives out the first one always, however many were put back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 40 }), fc.array(fc.option(fc.nat(90)), { maxLength: 80 }), (dues, moves) => {
      const mails = dues.map((due_at, index) => ({ id: index, prospect_id: index, domain: 'x.example', zone: null, due_at }));
      const order = (a: { due_at: number; id: number }, b: { due_at: number; id: number }) => a.due_at - b.due_at || a.id - b.id;
      const expected = mails.toSorted(order);
      const line = new DueLine(mails.toSorted(order));
      for (const later of moves) {
        expect(line.first()).toEqual(expected[0]);
        const [first, ...rest] = expected;
        expected.splice(0, expected.length, ...rest);
        if (later === null || first === undefined) expect(line.take()).toEqual(first);
        else {
          line.putBack(first.due_at + later);
          expected.push({ ...first, due_at: first.due_at + later });
          expected.sort(order);
        }
        expect(line.length).toBe(expected.length);
      }
    }),
  );
});
