import { expect, test } from 'vitest';
import { askedAtOnce, GRANT_BUGS, NO_LOCK, runKills } from './kills.ts';

/** `npm run test:grants` makes 500 of them. */
const RUNS = 10;

test('two processes that refresh at once, killed at any step, lose no grant', { timeout: 180_000 }, async () => {
  const report = await runKills({ runs: RUNS, seed: 7 });
  expect(report).toMatchObject({ runs: RUNS, lostAt: undefined });
  expect(report.killed).toBeGreaterThan(4);
});

test('two processes that need another token at once ask for it once; without the lock they ask twice', { timeout: 60_000 }, async () => {
  expect([await askedAtOnce(), await askedAtOnce(NO_LOCK)]).toEqual([1, 2]);
});

test.each(Object.keys(GRANT_BUGS))('the seeded bug is found: %s', { timeout: 180_000 }, async (bug) => {
  expect((await runKills({ runs: 40, seed: 3, bug })).lostAt).toBeGreaterThan(0);
});
