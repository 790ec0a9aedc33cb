import fc from 'fast-check';
import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { parseAddress } from '../../src/domain/address.ts';
import { formatDuration, parseDuration } from '../../src/domain/duration.ts';
import { estimateEnd } from '../../src/domain/estimate.ts';
import { htmlFromText } from '../../src/domain/html.ts';
import { jobStatus } from '../../src/domain/job.ts';
import { emptyCounts, FINAL_STATES, MESSAGE_STATES, statesBefore, TRANSITIONS } from '../../src/domain/message.ts';
import {
  dripInterval,
  type JobPace,
  jobGates,
  nextSendAfter,
  openingOf,
  type SenderPace,
  senderGates,
  slotAfter,
} from '../../src/domain/pace.ts';
import { afterFailedTry, senderRest } from '../../src/domain/retry.ts';
import { parseTemplate, renderFailure } from '../../src/domain/template.ts';
import { blockForTerminal, didYouMean, forTerminal, oneLine } from '../../src/domain/text.ts';
import { checkVariables } from '../../src/domain/unknownVariables.ts';
import { periodEnd, usagePeriod } from '../../src/domain/usage.ts';
import { afterOpenTime, nextOpening, openTimeBetween, parseDays, type SendWindow } from '../../src/domain/window.ts';

const at = (iso: string) => Date.parse(iso);

test('every state can be reached; suppressed is never left, accepted by a corrected verdict alone, cancelled by a new import alone', () => {
  for (const state of MESSAGE_STATES) if (state !== 'pending') expect(statesBefore(state), state).not.toEqual([]);
  for (const { from } of TRANSITIONS) expect(from).not.toBe('suppressed');
  expect(TRANSITIONS.filter(({ from }) => from === 'accepted').map(({ to }) => to)).toEqual(['failed']);
  expect(TRANSITIONS.filter(({ from }) => from === 'cancelled').map(({ to }) => to)).toEqual(['pending']);
  expect(FINAL_STATES).not.toContain('uncertain');
});

test.each([
  [{ imported_at: null }, { pending: 3 }, 'pending'],
  [{}, { pending: 3 }, 'pending'],
  [{}, { pending: 1, ready: 1 }, 'processing'],
  [{}, { accepted: 2, failed: 1 }, 'completed'],
  [{}, { failed: 3 }, 'failed'],
  [{}, { accepted: 2, uncertain: 1 }, 'processing'],
  [{}, { accepted: 2, review: 1 }, 'processing'],
  [{ paused_at: 1 }, { pending: 1 }, 'paused'],
  [{ cancelled_at: 1 }, { pending: 1 }, 'cancelled'],
  [{}, {}, 'completed'],
])('a job with %o and %o is %s', (marks, counts, status) => {
  expect(jobStatus({ imported_at: 1, paused_at: null, cancelled_at: null, ...marks }, { ...emptyCounts(), ...counts })).toBe(status);
});

const OFFICE: SendWindow = { days: [1, 2, 3, 4, 5], from: 9 * 60, to: 17 * 60, timezone: 'Europe/Madrid', ofRecipient: false, except: [] };

test('a window opens on the next weekday morning of its own zone, on both sides of a clock change', () => {
  expect(nextOpening(OFFICE, at('2026-03-27T16:30:00Z'))).toBe(at('2026-03-30T07:00:00Z'));
  expect(nextOpening(OFFICE, at('2026-10-23T15:30:00Z'))).toBe(at('2026-10-26T08:00:00Z'));
  expect(nextOpening(OFFICE, at('2026-11-23T10:00:00Z'))).toBe(at('2026-11-23T10:00:00Z'));
  expect(nextOpening(null, 5)).toBe(5);
});

test('a window that begins in the hour that does not exist opens as much later, and one that lies in it not at all', () => {
  const night: SendWindow = { days: [7], from: 150, to: 300, timezone: 'Europe/Madrid', ofRecipient: false, except: [] };
  expect(nextOpening(night, at('2026-03-29T00:00:00Z'))).toBe(at('2026-03-29T01:30:00Z'));
  expect(nextOpening({ ...night, to: 190 }, at('2026-03-29T00:00:00Z'))).toBe(at('2026-04-05T00:30:00Z'));
});

test('open time adds up across nights and weekends, and afterOpenTime is its inverse', () => {
  expect(openTimeBetween(OFFICE, at('2026-11-20T15:00:00Z'), at('2026-11-23T09:00:00Z'))).toBe(2 * 3_600_000);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), fc.integer({ min: 1, max: 60 * 3_600_000 }), (offset, span) => {
      const from = at('2026-01-01T00:00:00Z') + offset;
      const end = afterOpenTime(OFFICE, from, span);
      expect(openTimeBetween(OFFICE, from, end)).toBe(span);
      const local = DateTime.fromMillis(end, { zone: OFFICE.timezone });
      expect(local.weekday).toBeLessThanOrEqual(5);
    }),
    { numRuns: 200 },
  );
});

test('days are read as ranges, lists and across the week’s end', () => {
  expect(parseDays('mon-fri')).toEqual([1, 2, 3, 4, 5]);
  expect(parseDays('sat-mon, wed')).toEqual([1, 3, 6, 7]);
  expect(parseDays('someday')).toBeUndefined();
});

const DRIP: JobPace = {
  mode: 'drip',
  rate: 20,
  importing: false,
  paused: null,
  scheduledFor: null,
  nextSlotAt: 0,
  window: null,
  canaryEndsAt: null,
};

test('gates are named, each with its opening, and the last to open decides', () => {
  const now = at('2026-11-22T10:00:00Z');
  const gates = jobGates({ ...DRIP, nextSlotAt: now + 1_000, scheduledFor: now + 2_000, window: OFFICE }, now);
  expect(gates.map(({ gate }) => gate)).toEqual(['scheduled', 'drip', 'window']);
  expect(openingOf(gates, now)).toBe(at('2026-11-23T08:00:00Z'));
  expect(openingOf(jobGates({ ...DRIP, paused: 'by hand' }, now), now)).toBeNull();
});

test('a slot that only a jumping clock can have set shuts neither a drip nor a sender', () => {
  const now = 1_000_000_000_000;
  expect(jobGates({ ...DRIP, nextSlotAt: now + 180_000 }, now)).toHaveLength(1);
  expect(jobGates({ ...DRIP, nextSlotAt: now + 1e12 }, now)).toEqual([]);
  const sender: SenderPace = {
    name: 'a',
    gap: { min: 1, max: 9_000 },
    capFilledBy: null,
    capRisesAt: null,
    nextSendAt: now + 1e12,
    restUntil: 0,
    stopped: false,
  };
  expect(senderGates(sender, now)).toEqual([]);
});

test('two mails of a drip are never closer than its interval, nor two of a sender closer than its gap', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 100_000, noNaN: true }), fc.double({ min: 0, max: 0.999, noNaN: true }), (rate, random) => {
      expect(slotAfter({ mode: 'drip', rate }, 1_000) - 1_000).toBeGreaterThanOrEqual((dripInterval({ mode: 'drip', rate }) ?? 0) - 1e-6);
      const next = nextSendAfter({ min: 60_000, max: 180_000 }, 0, random);
      expect(next).toBeGreaterThanOrEqual(60_000);
      expect(next).toBeLessThanOrEqual(180_001);
    }),
  );
});

test('the estimate follows the slowest of rate, gap, hourly limit, daily caps and window', () => {
  const now = at('2026-11-23T08:00:00Z');
  const sender = (gap: number | null, dailyCap: number | null, room = dailyCap ?? 0) => ({
    gap: gap === null ? null : { min: gap, max: gap },
    dailyCap,
    room,
    warmsUp: null,
  });
  const mails = (count: number, due: [number, number] | null = null, unwritten = false) => ({
    count,
    due: due === null ? null : { first: due[0], last: due[1] },
    unwritten,
  });
  const free = { ...DRIP, mode: 'immediate' as const, rate: null };
  expect(estimateEnd(free, [sender(null, null)], null, mails(10), now, now)).toBeNull();
  expect(estimateEnd(DRIP, [sender(null, null)], null, mails(21), now, now)).toBe(now + 3_600_000);
  expect(estimateEnd(DRIP, [sender(null, null)], null, mails(1), now + 5_000, now)).toBe(now + 5_000);
  expect(estimateEnd(free, [sender(120_000, null), sender(120_000, null)], null, mails(61), now, now)).toBe(now + 3_600_000);
  expect(estimateEnd(free, [sender(null, null)], 3, mails(7), now, now)).toBe(now + 2 * 3_600_000);
  expect(estimateEnd(free, [sender(null, 50)], null, mails(101), now, now)).toBe(now + 2 * 86_400_000);
  expect(estimateEnd(free, [sender(null, 50, 10)], null, mails(60), now, now)).toBe(now + 86_400_000);
  expect(estimateEnd({ ...DRIP, window: OFFICE }, [sender(null, null)], null, mails(201), now, now)).toBe(at('2026-11-24T10:00:00Z'));
  // 5 today, then 8, 11, 14, 15, 15: as the plan has it.
  const young = { ...sender(null, 5), warmsUp: { step: 3, top: 15 } };
  for (const [count, days] of [
    [5, 0],
    [13, 1],
    [24, 2],
    [38, 3],
    [53, 4],
    [54, 5],
    [68, 5],
  ] as const)
    expect(estimateEnd(free, [young], null, mails(count), now, now)).toBe(days === 0 ? null : now + days * 86_400_000);
  const later = now + 600_000;
  expect(estimateEnd(free, [sender(null, null)], null, mails(3, [now, later]), now, now)).toBe(later);
  expect(estimateEnd(DRIP, [sender(null, null)], null, mails(21, [later, later]), now, now)).toBe(later + 3_600_000);
  expect(estimateEnd(DRIP, [sender(null, null)], null, mails(21, [later, later], true), now, now)).toBe(now + 3_600_000);
});

test('retry delays follow the policy, and giving up counts only open-window time', () => {
  // biome-ignore lint/suspicious/noThenProperty: data, never awaited
  const policy = { delays: [60_000, 300_000], then: 3_600_000, give_up: 8 * 3_600_000 };
  expect(afterFailedTry(policy, null, 1, 0, 0)).toEqual({ retry: true, dueAt: 60_000 });
  expect(afterFailedTry(policy, null, 3, 0, 0)).toEqual({ retry: true, dueAt: 3_600_000 });
  expect(afterFailedTry(policy, null, 3, 0, 8 * 3_600_000)).toEqual({ retry: false });
  const friday = at('2026-11-20T15:00:00Z');
  expect(afterFailedTry(policy, OFFICE, 2, friday, at('2026-11-22T15:00:00Z'))).toMatchObject({ retry: true });
  expect([1, 2, 3, 4, 5, 20].map(senderRest)).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
});

test.each([
  ['Ann@Acme.Example', 'Ann@acme.example', 'ann@acme.example', undefined],
  [' "Ruiz, Ana" <ana@ruiz.example> ', 'ana@ruiz.example', 'ana@ruiz.example', 'Ruiz, Ana'],
  ['hana@müller-söhne.example', 'hana@xn--mller-shne-kcb9d.example', 'hana@xn--mller-shne-kcb9d.example', undefined],
  ['mailto:x@y.example', 'x@y.example', 'x@y.example', undefined],
])('%s is mailed as %s', (cell, email, key, name) => {
  expect(parseAddress(cell)).toEqual({ ok: true, address: { email, key, name } });
});

test.each([
  '',
  'a@b@c.example',
  'a@y.example, b@y.example',
  'jo(at)nowhere',
  '@y.example',
  'jörg@müller.example',
  'a@',
  'a b@y.example',
  'a@y.example\r\nBcc: b@y.example',
  `${'a'.repeat(65)}@y.example`,
  'Ann <a@y.example> <b@y.example>',
])('no mail goes to %j', (cell) => {
  expect(parseAddress(cell).ok).toBe(false);
});

test('hostile text cannot leave its line or move a cursor', () => {
  expect(oneLine('a\r\nb\u0000\u001b[31mc\u001b]8;;http://x\u0007d')).toBe('a b cd');
  expect(forTerminal('\u202eevil\u001b]52;c;x\u0007')).toBe('⟨U+202E⟩evil');
  expect(blockForTerminal('a\r\n\u001b[2Jb\tc')).toBe('a\nb\tc');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
      expect(forTerminal(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});

test('html is made of escaped text, paragraphs and links', () => {
  const html = htmlFromText('A & <b>\nsee https://y.example/a?b=1&c=2.\n\nend');
  expect(html).toContain(
    '<p>A &amp; &lt;b&gt;<br>\nsee <a href="https://y.example/a?b=1&amp;c=2">https://y.example/a?b=1&amp;c=2</a>.</p>',
  );
  expect(html).toContain('<p>end</p>');
});

test('a template names the variables that every lead must have, with line and column', () => {
  const source = 'Hi {{ first_name | default: "x" }}\n{% if title %}{{ title }}{% endif %} {{ sender.name }}';
  const { required } = parseTemplate(source, { path: 'c.md', line: 10 });
  expect(required).toEqual([
    { name: 'title', line: 11, column: 7 },
    { name: 'title', line: 11, column: 18 },
    { name: 'sender.name', line: 11, column: 41 },
  ]);
  const parts = parseTemplate('{{ company.name }}', { path: 'c.md', line: 1 }).required;
  expect(() => checkVariables(parts, ['company'], 'c.md')).toThrow('a column is a text and has no parts');
  expect(() => checkVariables(required, ['titel', 'sender.name'], 'c.md')).toThrow(
    'c.md:11:7: the leads have no column for {{ title }}; did you mean {{ titel }}?',
  );
});

test('a template cannot read files, call unknown filters, or run for ever', () => {
  expect(() => parseTemplate('a\n{{ x | nope }}', { path: 'c.md', line: 5 })).toThrow('c.md:6: undefined filter: nope');
  expect(() => parseTemplate('{% render "/etc/passwd" %}', { path: 'c.md', line: 5 })).toThrow('a campaign is one file');
  const endless = parseTemplate('{% for a in (1..9999999) %}{% for b in (1..9999999) %}x{% endfor %}{% endfor %}', {
    path: 'c.md',
    line: 1,
  });
  expect(() => endless.render({ fields: {}, sender: {} })).toThrow(/limit/);
  const inner = parseTemplate('{{ constructor }}{{ __proto__ }}', { path: 'c.md', line: 1 });
  expect(() => inner.render({ fields: {}, sender: {} })).toThrow(/undefined variable/);
});

test('an empty value is said in words', () => {
  const { render } = parseTemplate('{{ company }}', { path: 'c.md', line: 1 });
  try {
    render({ fields: {}, sender: {} });
    expect.unreachable();
  } catch (error) {
    expect(renderFailure(error)).toBe('this lead has no company; fill it in, or give it a default in the campaign');
  }
});

test('slips of the finger are recognised, other words are not', () => {
  expect(didYouMean('compnay', ['company', 'city'])).toBe('company');
  expect(didYouMean('revenue', ['company', 'city'])).toBeUndefined();
});

test('durations and periods read and print', () => {
  expect([parseDuration('90s'), parseDuration('1.5h'), parseDuration('5 apples')]).toEqual([90_000, 5_400_000, undefined]);
  expect([8_000, 720_000, 5_400_000, 187_200_000].map(formatDuration)).toEqual(['8 s', '12 min', '1 h 30 min', '2 d 4 h']);
  expect(usagePeriod(at('2026-12-31T23:59:59Z'))).toBe('2026-12');
  expect(periodEnd(at('2026-12-31T23:59:59Z'))).toBe(at('2027-01-01T00:00:00Z'));
});
