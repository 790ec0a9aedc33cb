import { benchClaim } from './claim.ts';

/** `npm run bench [claim]`: exit code 1 when a figure misses its bound. */
const BENCHES: Record<string, () => Promise<boolean>> = { claim: benchClaim };

const asked = process.argv.slice(2).filter((word) => !word.startsWith('-'));
for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
  const bench = BENCHES[name];
  if (bench === undefined) throw new Error(`no bench ${name}; there are ${Object.keys(BENCHES).join(', ')}`);
  if (!(await bench())) process.exitCode = 1;
}
