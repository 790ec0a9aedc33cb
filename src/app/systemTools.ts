import { spawnSync } from 'node:child_process';
import { messageOf } from '../domain/errors.ts';

export interface ToolAnswer {
  /** Null when the program is not there, or gave no answer in time. */
  readonly code: number | null;
  /** Byte for byte, as latin1: a crontab may be in any encoding, and is given back as it was. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the system's own programs; `input` is latin1 too. */
export type SystemTool = (program: string, parameters: readonly string[], input?: string) => ToolAnswer;

/** Stopping a service waits for the mails on the wire. */
const ANSWER_WITHIN_MS = 120_000;

/** The programs that PATH names. */
export function systemTool(env: NodeJS.ProcessEnv): SystemTool {
  return (program, parameters, input) => {
    const { status, stdout, stderr, error } = spawnSync(program, parameters, {
      env,
      input: Buffer.from(input ?? '', 'latin1'),
      timeout: ANSWER_WITHIN_MS,
    });
    if (error === undefined) return { code: status, stdout: stdout.toString('latin1'), stderr: stderr.toString().trim() };
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { code: null, stdout: '', stderr: missing ? `there is no program ${program} here` : messageOf(error) };
  };
}
