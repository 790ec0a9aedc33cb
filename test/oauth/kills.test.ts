import { expect, test } from 'vitest';
import { GRANT_BUGS, runKills } from './kills.ts';

/** `npm run test:grants` makes 500 of them. */
const RUNS = 25;

test('two processes that refresh at once, killed at any step, lose no grant', { timeout: 120_000 }, async () => {
  const report = await runKills({ runs: RUNS, seed: 7 });
  expect(report).toMatchObject({ runs: RUNS, lostAt: undefined });
  expect(report.killed).toBeGreaterThan(10);
});

test.each(Object.keys(GRANT_BUGS))('the seeded bug is found: %s', { timeout: 120_000 }, async (bug) => {
  expect((await runKills({ runs: 60, seed: 3, bug })).lostAt).toBeGreaterThan(0);
});
