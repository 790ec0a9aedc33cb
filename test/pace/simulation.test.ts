import { expect, test } from 'vitest';
import { brokenRules, judge, type Try } from './rules.ts';
import { simulate } from './simulation.ts';

test.each([
  ['the end of summer time in Europe and America, and a month’s end', 1, '2026-10-19T05:00:00Z'],
  ['its beginning in both, and a month’s end', 2, '2027-03-05T05:00:00Z'],
])(
  '30 days of 10,000 leads and five senders break no rule over %s, restarted anywhere',
  async (_, seed, start) => {
    const simulated = await simulate(seed, start);
    try {
      const { broken, byJob } = await judge(simulated);
      expect(broken).toEqual([]);
      expect(simulated.restarts).toBeGreaterThan(20);
      expect(simulated.deaths).toBeGreaterThan(0);
      // Nor does anybody wait without need: refusals and deaths cost little of what the forecast promised.
      const share = sum(byJob) / sum(simulated.forecast);
      expect(share).toBeGreaterThan(0.95);
      expect(share).toBeLessThan(1.02);
      for (const [index, promised] of simulated.forecast.entries()) expect(byJob[index]).toBeGreaterThan(0.75 * promised);
    } finally {
      await simulated.bench.close();
    }
  },
  180_000,
);

const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);

const FROM = Date.parse('2026-11-02T00:00:00Z');
const at = (time: string) => Date.parse(`2026-11-${time}Z`);

/** A Tuesday morning that every rule allows. */
function tried(change: Partial<Try> = {}): Try {
  const quiet = { id: 1, message: 1, job: 1, sender: 'b', at: at('03T10:00:00'), outcome: 'accepted', counted: 1 } as const;
  return { ...quiet, email: `lead${change.message ?? 1}@company${change.message ?? 1}.example`, zone: 'Europe/Madrid', ...change };
}

const every = (count: number, gap: number, change: Partial<Try> = {}) =>
  Array.from({ length: count }, (_, index) =>
    tried({ id: index, message: index, at: at('03T10:00:00') + index * gap, ...change, email: `l@c${index}.example` }),
  );

const MINUTE = 60_000;

test.each<[string, Try[]]>([
  ['a second mail', [tried(), tried({ id: 2, at: at('04T10:00:00') })]],
  ['a second mail', [tried({ outcome: 'ambiguous' }), tried({ id: 2, at: at('04T10:00:00') })]],
  ['the sender’s gap', every(2, 59_000)],
  ['more than 60 in 24 hours', every(61, 5 * MINUTE, { job: 2 })],
  ['more than 5 in 24 hours', every(6, 10 * MINUTE, { sender: 'a', job: 2 })],
  ['more than the hourly limit', every(25, 2 * MINUTE, { sender: 'c', job: 2 })],
  ['the gap of gmail.com', every(2, 14 * MINUTE).map((one) => ({ ...one, email: `${one.id}@gmail.com` }))],
  ['too many to c.example', every(3, 60 * MINUTE).map((one) => ({ ...one, email: `${one.id}@c.example` }))],
  ['outside its window', [tried({ at: at('03T07:59:59') })]],
  ['outside its window', [tried({ at: at('03T13:59:59'), zone: 'America/New_York' })]],
  ['outside its window', [tried({ at: at('07T10:00:00') })]],
  ['outside its window', [tried({ at: at('11T10:00:00') })]],
  ['more than the monthly limit', every(1_801, MINUTE)],
  ['the drip’s rate', every(2, 14 * MINUTE, { job: 2, sender: 'd' })],
  ['before its start', [tried({ job: 3 })]],
  ['while the canary is watched', every(11, 10 * MINUTE)],
])('the judge of the simulation sees %s', (rule, tries) => {
  expect(brokenRules(tries, FROM).filter((said) => said.startsWith(rule))).not.toEqual([]);
});

test('the judge finds nothing in mails that keep the rules', () => {
  expect(brokenRules([tried(), tried({ id: 2, message: 2, at: at('03T15:59:59') })], FROM)).toEqual([]);
});
