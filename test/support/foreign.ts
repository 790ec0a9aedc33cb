import { spawn } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRY } from './program.ts';

/** Somebody else's number: `nobody` on most systems. */
export const STRANGER = 65_534;

/** Whether this process may give files to somebody else, and start programs as them. */
export const isRoot = process.getuid?.() === 0;

interface Run {
  readonly cwd: string;
  /** Home and state folder are below it. */
  readonly home: string;
  readonly user?: number;
  readonly umask?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
}

/** Runs the built program anywhere, as anybody, with any umask; one that hangs is killed after 20 s, and its code is null. Without `--` Node would take --env-file for its own. */
export function runIn(parameters: readonly string[], { cwd, home, user, umask = '022', env = {}, input }: Run) {
  const child = spawn('/bin/sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath, '--', ENTRY, ...parameters], {
    cwd,
    uid: user,
    gid: user,
    timeout: 20_000,
    env: { PATH: process.env.PATH, HOME: home, TZ: 'UTC', OUTREACH_STATE: join(home, 'state'), ...env },
    stdio: 'pipe',
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, stdout, stderr })),
  );
}

/** Everything below a folder: kind, inode, size and last change of each entry, by path. */
export function treeOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  const add = (path: string) => {
    const { ino, size, mtimeNs, mode } = lstatSync(path, { bigint: true });
    found[path] = [mode, ino, size, mtimeNs].join(' ');
    if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) add(join(path, name));
  };
  add(folder);
  return found;
}
