import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { BUGS, FOCUS } from './bugs.ts';
import { buildPatched } from './build.ts';
import { campaign } from './campaign.ts';
import { Progress } from './progress.ts';
import { FOCUSES } from './scenario.ts';

/** `npm run test:crash -- --seeds N [--from S] [--focus F] [--bug NAME | --bugs] [--parallel P] [--keep FILE]`: exit code 1 when the promise was broken. `--keep`: an interrupted campaign goes on where it was. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    focus: { type: 'string' },
    bug: { type: 'string' },
    bugs: { type: 'boolean', default: false },
    keep: { type: 'string' },
    parallel: { type: 'string', default: String(availableParallelism()) },
  },
});
const focus = FOCUSES.find((known) => known === values.focus);
if (values.focus !== undefined && focus === undefined) throw new Error(`no such focus; known: ${FOCUSES.join(', ')}`);
const options = { from: Number(values.from), seeds: Number(values.seeds), parallel: Number(values.parallel) };

process.exitCode = values.bugs
  ? await catchBugs(Object.keys(BUGS))
  : values.bug === undefined
    ? await keepPromise()
    : await catchBugs([values.bug]);

async function keepPromise(): Promise<number> {
  const entry = await buildPatched('campaign', []);
  const progress = values.keep === undefined ? undefined : new Progress(values.keep, entry, focus);
  const result = await campaign(entry, {
    ...options,
    focus,
    stopAtFirst: false,
    known: [...(progress?.results ?? [])],
    done(run, soFar) {
      progress?.note(run);
      for (const violation of run.violations) console.log(`seed ${run.seed}: ${violation}`);
      if (soFar % 100 === 0) console.error(`${soFar} of ${options.seeds} runs`);
    },
  });
  const { runs, kills, uncertain, failures } = result;
  console.log(`${runs} runs, ${kills} kills, ${uncertain} uncertain, ${failures.length} violations`);
  for (const { seed } of failures)
    console.log(`repeat with: npm run test:crash -- --seeds 1 --from ${seed}${focus === undefined ? '' : ` --focus ${focus}`}`);
  return failures.length === 0 ? 0 : 1;
}

/** Every seeded bug must be caught; one that is not means the suite is blind there. */
async function catchBugs(names: readonly string[]): Promise<number> {
  let missed = 0;
  for (const name of names) {
    const patches = BUGS[name];
    if (patches === undefined) throw new Error(`no such bug; known: ${Object.keys(BUGS).join(', ')}`);
    const entry = await buildPatched(name.replaceAll(' ', '-'), patches);
    const { runs, failures } = await campaign(entry, { ...options, stopAtFirst: true, focus: FOCUS[name] });
    const [first] = failures;
    if (first === undefined) missed++;
    console.log(
      first === undefined
        ? `MISSED  ${name} in ${runs} runs`
        : `caught  ${name} at seed ${first.seed} (${runs} runs): ${first.violations[0]?.slice(0, 150)}`,
    );
  }
  console.log(`${names.length - missed} of ${names.length} seeded bugs caught`);
  return missed === 0 ? 0 : 1;
}
