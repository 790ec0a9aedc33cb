import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Folder } from '../support/program.ts';

const LOCKS = join(import.meta.dirname, '..', '..', 'src', 'store', 'sqlite', 'lock.ts');

test('processes that clear away the locks of dead workers at once do not trip over each other', { timeout: 90_000 }, async () => {
  const folder = new Folder();
  const directory = folder.at('locks');
  mkdirSync(directory);
  for (let dead = 0; dead < 400; dead++) writeFileSync(join(directory, `dead-${dead}.lock`), '');
  // All begin at one moment, however long each takes to start.
  const begin = Date.now() + 4_000;
  const script = `import { anyAlive } from ${JSON.stringify(LOCKS)}; while (Date.now() < ${begin}); console.log(anyAlive(${JSON.stringify(directory)}));`;
  const run = promisify(execFile);
  const ends = await Promise.all([0, 1, 2].map(() => run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])));
  expect(ends.map(({ stdout }) => stdout.trim())).toEqual(['false', 'false', 'false']);
  expect(readdirSync(directory)).toEqual([]);
  folder.remove();
});
