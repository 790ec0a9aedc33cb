import { expect, test } from 'vitest';
import { BUGS, FIRST_SEED, FOCUS } from './bugs.ts';
import { buildPatched } from './build.ts';
import { campaign } from './campaign.ts';
import { run } from './run.ts';
import { draftingScenario } from './scenario.ts';

const PARALLEL = 3;

test('forty crashes and faults: no mail twice, no lead lost, every record true', { timeout: 300_000 }, async () => {
  const entry = await buildPatched('honest', []);
  const { runs, kills, failures } = await campaign(entry, { from: 1, seeds: 40, parallel: PARALLEL, stopAtFirst: false });
  expect(failures).toEqual([]);
  expect(runs).toBe(40);
  expect(kills).toBeGreaterThan(10);
});

test('twenty kills while a model writes: nothing is paid for twice beyond the calls on their way, and nobody is lost', {
  timeout: 180_000,
}, async () => {
  const entry = await buildPatched('honest', []);
  const { kills, violations } = await run(entry, draftingScenario(1));
  expect(violations).toEqual([]);
  expect(kills).toBeGreaterThan(15);
});

test.each(Object.entries(BUGS))('the crash suite catches: %s', { timeout: 120_000 }, async (name, patches) => {
  const entry = await buildPatched(name.replaceAll(' ', '-'), patches);
  const { failures } = await campaign(entry, {
    from: FIRST_SEED[name] ?? 1,
    seeds: 40,
    parallel: PARALLEL,
    stopAtFirst: true,
    focus: FOCUS[name],
  });
  expect(failures.length).toBeGreaterThan(0);
});
