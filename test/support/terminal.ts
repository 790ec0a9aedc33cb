import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Folder } from './program.ts';

const ENTRY = join(import.meta.dirname, '..', '..', 'bin', 'outreach.js');

/** A pseudo terminal of its own for the program, with its exit code handed on. */
const PTY = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

export const HAS_PTY = spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode']).status === 0;

export interface Dialogue {
  /** Waits for words on the screen that were not there at the answer before, then types. */
  answer(question: string, keys: string): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly screen: string }>;
}

export const ENTER = '\r';
export const DOWN = '\u001b[B';
export const CTRL_C = '\u0003';

/** Runs the built program on a terminal of 100 by 40. */
export function onTerminal(folder: Folder, parameters: readonly string[], env: Record<string, string> = {}): Dialogue {
  const child = spawn(
    'python3',
    ['-c', PTY, 'sh', '-c', 'stty cols 100 rows 40; exec "$@"', 'sh', process.execPath, ENTRY, ...parameters],
    {
      cwd: folder.path,
      env: {
        PATH: process.env.PATH,
        HOME: folder.path,
        TZ: 'UTC',
        TERM: 'xterm-256color',
        OUTREACH_STATE: join(folder.path, 'state'),
        ...env,
      },
    },
  );
  let screen = '';
  let seen = 0;
  let look = () => {};
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    look();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
  });
  const ended = new Promise<{ code: number | null; screen: string }>((resolve) =>
    child.on('close', (code) => {
      look();
      resolve({ code, screen: stripVTControlCharacters(screen) });
    }),
  );
  return {
    ended,
    answer(question, keys) {
      return new Promise((resolve, reject) => {
        look = () => {
          const text = stripVTControlCharacters(screen);
          const at = text.indexOf(question, seen);
          if (at >= 0) {
            seen = at + question.length;
            look = () => {};
            child.stdin.write(keys, () => resolve());
          } else if (child.exitCode !== null) reject(new Error(`"${question}" was never asked:\n${text.slice(seen)}`));
        };
        look();
      });
    },
  };
}
