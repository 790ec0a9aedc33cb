import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunResult } from './run.ts';

/** What a campaign has done so far, in a file of JSON lines: the program that it ran, then a line for each run. */
export class Progress {
  readonly results: RunResult[] = [];
  readonly #path: string;

  /** `entry`: the built program. Throws when the file belongs to another one: its runs say nothing of this code. */
  constructor(path: string, entry: string, focus: string | undefined) {
    this.#path = path;
    const head = JSON.stringify({ program: hashOf(dirname(entry)), focus: focus ?? null });
    if (!existsSync(path)) writeFileSync(path, `${head}\n`);
    // A run that was cut off in the middle of its line is made again.
    const [first, ...lines] = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    if (first !== head) throw new Error(`${path} holds runs of another program or focus; name another file`);
    this.results.push(...lines.map((line) => JSON.parse(line) as RunResult));
  }

  note(result: RunResult): void {
    this.results.push(result);
    appendFileSync(this.#path, `${JSON.stringify(result)}\n`);
  }
}

function hashOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}
