import { parseArgs } from 'node:util';
import { GRANT_BUGS, runKills } from './kills.ts';

/** `npm run test:grants -- --runs N [--seed S] [--bugs]`: exit code 1 when a grant was lost, or a seeded bug was not found. */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '500' }, seed: { type: 'string', default: '1' }, bugs: { type: 'boolean', default: false } },
});
const choice = { runs: Number(values.runs), seed: Number(values.seed) };
const reports = await Promise.all(
  (values.bugs ? Object.keys(GRANT_BUGS) : [undefined]).map(async (bug) => ({
    bug,
    report: await runKills(bug === undefined ? choice : { ...choice, bug }),
  })),
);
for (const { bug, report } of reports) {
  const end = report.lostAt === undefined ? 'no grant lost' : `the grant was lost in run ${report.lostAt}: ${report.said}`;
  process.stdout.write(
    `${bug === undefined ? '' : `${bug}: `}${report.runs} runs, ${report.killed} kills, ${report.refreshes} requests: ${end}\n`,
  );
  if ((report.lostAt === undefined) === (bug !== undefined)) process.exitCode = 1;
}
