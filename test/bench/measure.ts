import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** A server of `servers/` in a process of its own, so that it takes no time from what is measured. */
export async function startServer(name: 'sink' | 'ai' | 'api', answerAfter: number): Promise<{ port: number; stop(): void }> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'servers', `${name}.ts`), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ANSWER_AFTER: String(answerAfter) },
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', () => reject(new Error(`the ${name} server did not start`)));
  });
  return { port, stop: () => child.kill() };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** What a figure is held to: `least` for "at least", `most` for "at most"; a ratio unless it has a unit. */
export interface Bound {
  readonly least?: number;
  readonly most?: number;
  readonly unit?: '×' | ' ms';
}

/** One line of the result; false when the figure misses its bound. */
export function verdict(what: string, figure: number, { least, most, unit = '×' }: Bound = {}, detail = ''): boolean {
  const met = figure >= (least ?? -Infinity) && figure <= (most ?? Infinity);
  const asked = least !== undefined ? `at least ${least}${unit}` : most !== undefined ? `at most ${most}${unit}` : 'for the record';
  const line = `  ${met ? 'ok  ' : 'MISS'} ${what.padEnd(58)} ${figure.toFixed(2).padStart(6)}${unit}  (${asked})`;
  console.log(detail === '' ? line : `${line}  ${detail}`);
  return met;
}
