import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const ENTRY = join(import.meta.dirname, '..', '..', 'bin', 'outreach.js');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Standard error so far. */
  talk(): string;
}

/** A folder of its own, removed by `remove`. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'outreach-test-'));

  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  write(path: string, text: string | Buffer): string {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
    return this.at(path);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function start(folder: Folder, parameters: readonly string[], env: Record<string, string> = {}, input?: string): Started {
  return startFile(process.execPath, [ENTRY, ...parameters], folder, env, input);
}

/** Starts another program that starts ours, with the same surroundings. */
export function startFile(
  file: string,
  parameters: readonly string[],
  folder: Folder,
  env: Record<string, string> = {},
  input?: string,
): Started {
  const child = spawn(file, parameters, {
    cwd: folder.path,
    env: { PATH: process.env.PATH, HOME: folder.path, TZ: 'UTC', OUTREACH_STATE: join(folder.path, 'state'), ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  if (input !== undefined) child.stdin?.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return { child, ended, talk: () => stderr };
}

/** Runs the built program to its end. */
export function outreach(folder: Folder, parameters: readonly string[], env: Record<string, string> = {}, input?: string): Promise<Ended> {
  return start(folder, parameters, env, input).ended;
}

/** Waits for what a process beside us does; 15 s at most unless it has more to do, whatever the machine is busy with. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, most = 15_000): Promise<void> {
  const end = performance.now() + most;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${most / 1_000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The JSON objects that a command printed, one a line. */
export function objects<T = Record<string, unknown>>(ended: Ended): T[] {
  return ended.stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

export async function json<T = Record<string, unknown>>(folder: Folder, ...parameters: string[]): Promise<T> {
  const ended = await outreach(folder, [...parameters, '--json']);
  const [object] = objects<T>(ended);
  if (object === undefined) throw new Error(`${parameters.join(' ')} printed no JSON: ${ended.stderr}`);
  return object;
}

/** What `approve` is told elsewhere than on a terminal: each mail with the hash of its draft of now. */
export async function asShown(folder: Folder, ...ids: number[]): Promise<string[]> {
  const named: string[] = [];
  for (const id of ids) named.push(`${id}@${(await json<{ hash: string }>(folder, 'show', String(id))).hash.slice(0, 12)}`);
  return named;
}

export function config(port: number, sender = '', rest = ''): string {
  return `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, 28013 Madrid, Spain", timezone: Europe/Madrid }
senders:
  - { name: main, type: smtp, from: "Ana Ruiz <ana@ruiz.example>", host: 127.0.0.1, port: ${port}, security: none${sender === '' ? '' : `, ${sender}`} }
${rest}`;
}

export const CAMPAIGN = '---\nsubject: "For {{ company }}"\n---\nHi {{ first_name | default: "there" }},\n\none question.\n';

export function csv(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => `lead${index}@company${index}.example,Lead ${index},Company ${index}`);
  return `email,first_name,company\n${rows.join('\n')}\n`;
}
