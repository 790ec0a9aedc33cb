import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hold, TARGETS, type Target } from './targets.ts';

test.each(Object.entries(TARGETS))('whatever stands in %s, each promise holds', { timeout: 120_000 }, async (_, target) => {
  await fc.assert(
    fc.asyncProperty(target.input, (text) => hold(target, text)),
    { numRuns: 300, interruptAfterTimeLimit: 20_000 },
  );
});

test('a broken promise would be found', async () => {
  const broken: Target = { input: fc.string(), check: (text) => expect(text).not.toContain('a') };
  const { failed } = await fc.check(fc.asyncProperty(broken.input, (text) => hold(broken, text)));
  expect(failed).toBe(true);
});
