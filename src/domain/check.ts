/** One thing that `outreach doctor` has looked at. `fix` says what to do, exactly; null when nothing is to be done. */
export interface Check {
  readonly name: string;
  /** Whose: a sender, a domain, a provider, a file. */
  readonly subject: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly fix: string | null;
}

export function ok(name: string, subject: string, detail: string): Check {
  return { name, subject, status: 'ok', detail, fix: null };
}

export function warn(name: string, subject: string, detail: string, fix: string | null = null): Check {
  return { name, subject, status: 'warn', detail, fix };
}

export function fail(name: string, subject: string, detail: string, fix: string): Check {
  return { name, subject, status: 'fail', detail, fix };
}
