import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/buildOnce.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Suites with child processes want the two cores for themselves.
    maxWorkers: 2,
    reporters: process.env.CI ? ['default', 'json'] : ['default'],
    outputFile: { json: 'node_modules/.cache/test-report.json' },
  },
});
