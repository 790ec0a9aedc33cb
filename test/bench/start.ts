import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Folder } from '../support/program.ts';
import { median, verdict } from './measure.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'outreach.js');

const COMMANDS = [
  { parameters: ['--version'], most: 1.2 },
  { parameters: ['--help'], most: 1.35 },
  { parameters: ['status'], most: 3.5 },
] as const;

/** How long a short command takes, start to exit, beside a Node that does nothing; the two in turn, pair by pair. */
export function benchStart(full: boolean): boolean {
  const folder = new Folder();
  try {
    run(folder.path, [PROGRAM, 'init']);
    run(folder.path, [PROGRAM, 'import', 'leads.csv']);
    console.log('start to exit, beside `node -e 0`, median of pairs');
    return COMMANDS.map(({ parameters, most }) => {
      for (let warm = 0; warm < 3; warm++) timed(folder.path, [PROGRAM, ...parameters]);
      const ratios = Array.from(
        { length: full ? 80 : 30 },
        () => timed(folder.path, [PROGRAM, ...parameters]) / timed(folder.path, ['-e', '0']),
      );
      return verdict(`outreach ${parameters.join(' ')}`, median(ratios), { most });
    }).every(Boolean);
  } finally {
    folder.remove();
  }
}

function timed(cwd: string, parameters: readonly string[]): number {
  const began = performance.now();
  run(cwd, parameters);
  return performance.now() - began;
}

function run(cwd: string, parameters: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, parameters, { cwd, env: { ...process.env, HOME: cwd }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${parameters.join(' ')} ended with ${status}: ${stderr}`);
}
