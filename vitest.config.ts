import { defineConfig } from 'vitest/config';

/** Tests that measure time run after the others, alone. */
const TIMED = ['test/e2e/worker.test.ts'];

export default defineConfig({
  test: {
    globalSetup: 'test/support/buildOnce.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: process.env.CI ? ['default', 'json'] : ['default'],
    outputFile: { json: 'node_modules/.cache/test-report.json' },
    projects: [
      { extends: true, test: { name: 'all', include: ['test/**/*.test.{ts,tsx}'], exclude: TIMED, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'timed', include: TIMED, sequence: { groupOrder: 1 } } },
    ],
  },
});
