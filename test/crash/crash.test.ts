import { expect, test } from 'vitest';
import { BUGS, FIRST_SEED, FOCUS } from './bugs.ts';
import { buildPatched } from './build.ts';
import { campaign } from './campaign.ts';
import { run } from './run.ts';
import { draftingScenario } from './scenario.ts';

const PARALLEL = 3;

/** One mistake of each kind, those that show within seconds; `npm run test:crash -- --bugs --seeds 40` hunts for all of them. */
const HUNTED = [
  'no arm',
  'no fence',
  'recovery that resends',
  'retry of the ambiguous',
  'claim without compare-and-set',
  'pace in memory',
  'ledger outside the transaction',
  'import that loses its place',
  'a call without a reservation',
  'fallback on ambiguous',
  'unstable idempotency key',
  'the error decides, not the arm',
  'a reply of two codes is read by its first',
  'an early 2xx is believed',
  'a mailbox is given other bytes than those that were frozen',
  'key age by the local clock',
  'suppression without evidence',
];

test('twenty crashes and faults: no mail twice, no lead lost, every record true', { timeout: 300_000 }, async () => {
  const entry = await buildPatched('honest', []);
  const { runs, kills, failures } = await campaign(entry, { from: 1, seeds: 20, parallel: PARALLEL, stopAtFirst: false });
  expect(failures).toEqual([]);
  expect(runs).toBe(20);
  expect(kills).toBeGreaterThan(5);
});

test('twenty kills while a model writes: nothing is paid for twice beyond the calls on their way, and nobody is lost', {
  timeout: 180_000,
}, async () => {
  const entry = await buildPatched('honest', []);
  const { kills, violations } = await run(entry, draftingScenario(1));
  expect(violations).toEqual([]);
  expect(kills).toBeGreaterThan(15);
});

test.each(HUNTED)('the crash suite catches: %s', { timeout: 120_000 }, async (name) => {
  const entry = await buildPatched(name.replaceAll(' ', '-'), BUGS[name] ?? []);
  const { failures } = await campaign(entry, {
    from: FIRST_SEED[name] ?? 1,
    seeds: 40,
    parallel: PARALLEL,
    stopAtFirst: true,
    focus: FOCUS[name],
  });
  expect(failures.length).toBeGreaterThan(0);
});

test.each(Object.keys(BUGS))('the mistake "%s" still fits the sources', async (name) => {
  await buildPatched('fits', BUGS[name] ?? []);
});
