/** Kinds of trouble a person can do something about. `cli/main.ts` alone turns them into exit codes. */
export type ErrorCode = 'usage' | 'config' | 'input' | 'not_found' | 'refused' | 'quota' | 'interrupted' | 'environment';

/** An error whose message is meant for a person: what happened, where, and (hint) what to do next. */
export class OutreachError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OutreachError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The message of anything that was thrown, in one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, (run) => (run.includes('\n') ? ' ' : run)).trim();
}
