import { messageOf } from '../domain/errors.ts';
import { runProgram } from '../spawn/spawn.ts';

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

/** The programs that PATH names; of `env` they see no more than they need. */
export function systemTool(env: NodeJS.ProcessEnv): SystemTool {
  return (program, parameters, input) => {
    const order = { env, input: Buffer.from(input ?? '', 'latin1'), limitMs: ANSWER_WITHIN_MS };
    const { code, stdout, stderr, error } = runProgram(program, parameters, order);
    if (error === undefined) return { code, stdout: stdout.toString('latin1'), stderr: stderr.toString().trim() };
    const missing = error.code === 'ENOENT';
    return { code: null, stdout: '', stderr: missing ? `there is no program ${program} here` : messageOf(error) };
  };
}
