import { benchClaim } from './claim.ts';
import { benchDash } from './dash.ts';
import { benchImport } from './import.ts';
import { benchQueues } from './queues.ts';
import { benchSend } from './send.ts';
import { benchStart } from './start.ts';
import { benchWorkers } from './workers.ts';
import { benchWrite } from './write.ts';

/** `npm run bench [-- NAME…] [--full]`: each figure is a ratio within this run; exit code 1 when one misses its bound. */
const BENCHES: Readonly<Record<string, (full: boolean) => boolean | Promise<boolean>>> = {
  start: benchStart,
  send: benchSend,
  queues: benchQueues,
  write: benchWrite,
  import: benchImport,
  claim: benchClaim,
  workers: benchWorkers,
  dash: benchDash,
};

const words = process.argv.slice(2);
const full = words.includes('--full');
const asked = words.filter((word) => !word.startsWith('-'));
for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
  const bench = BENCHES[name];
  if (bench === undefined) throw new Error(`no bench ${name}; there are ${Object.keys(BENCHES).join(', ')}`);
  if (!(await bench(full))) process.exitCode = 1;
}
