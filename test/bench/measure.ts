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

/** One line of the result; false when the ratio misses its bound. `least` for "at least", `most` for "at most". */
export function verdict(what: string, ratio: number, bound: { least?: number; most?: number } = {}, detail = ''): boolean {
  const met = ratio >= (bound.least ?? -Infinity) && ratio <= (bound.most ?? Infinity);
  const asked =
    bound.least !== undefined ? `at least ${bound.least}×` : bound.most !== undefined ? `at most ${bound.most}×` : 'for the record';
  console.log(
    `  ${met ? 'ok  ' : 'MISS'} ${what.padEnd(58)} ${ratio.toFixed(2).padStart(6)}×  (${asked})${detail === '' ? '' : `  ${detail}`}`,
  );
  return met;
}
