import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that measure time run after the others, alone. */
const TIMED = ['test/e2e/worker.test.ts'];

/** Minutes each: begun last, one of them would run while the other core has nothing left to do. */
const LONGEST = [
  'test/crash/crash.test.ts',
  'test/e2e/readme.test.ts',
  'test/pace/simulation.test.ts',
  'test/e2e/backup.test.ts',
  'test/linear/linear.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return at === -1 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    globalSetup: 'test/support/buildOnce.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    reporters: process.env.CI ? ['default', 'json'] : ['default'],
    outputFile: { json: 'node_modules/.cache/test-report.json' },
    projects: [
      { extends: true, test: { name: 'all', include: ['test/**/*.test.{ts,tsx}'], exclude: TIMED, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'timed', include: TIMED, sequence: { groupOrder: 1 } } },
    ],
  },
});
