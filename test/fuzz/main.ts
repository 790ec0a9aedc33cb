import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { hold, TARGETS } from './targets.ts';

/** `npm run test:fuzz -- TARGET [--minutes N] [--seed S]`: exit code 1 with the shortest input that breaks a promise. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } },
});
const name = positionals.join(' ');
const target = TARGETS[name];
if (target === undefined) throw new Error(`name one of: ${Object.keys(TARGETS).join(', ')}`);

let inputs = 0;
const found = await fc.check(
  fc.asyncProperty(target.input, (text) => {
    inputs++;
    return hold(target, text);
  }),
  {
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: Number(values.minutes) * 60_000,
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
  },
);
console.log(`${name}: ${inputs} inputs, ${found.failed ? 'a promise is broken' : 'every promise held'} (seed ${found.seed})`);
if (found.failed) {
  console.log(JSON.stringify(found.counterexample));
  console.log(found.errorInstance instanceof Error ? found.errorInstance.stack : String(found.errorInstance));
  process.exitCode = 1;
}
