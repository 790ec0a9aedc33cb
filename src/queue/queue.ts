/**
 * "Something may be due." The database holds what is due and who has it; a queue only wakes a
 * worker that would otherwise sleep. A wake-up too many costs one look at the database, so a queue
 * may wake at any time; one too few must not happen.
 */
export interface Queue {
  /** Changes with everything that may matter: taken before a look at the database, it tells whether that look is still good. */
  version(): string;
  /** Resolves when the version is no longer `since`, `until` (epoch ms, null for never) has come, or `signal` aborts. Never rejects. */
  wait(since: string, until: number | null, signal: AbortSignal): Promise<void>;
  /** Something changed in this process that may be due now. */
  announce(): void;
}
