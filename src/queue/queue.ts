/**
 * "Something may be due." The database holds what is due and who has it; a queue only wakes a
 * worker that would otherwise sleep. A wake-up too many costs one look at the database, so a queue
 * may wake at any time; one too few must not happen.
 */
export interface Queue {
  /** Resolves when something was announced, `until` (epoch ms, null for never) has come, or `signal` aborts. */
  wait(until: number | null, signal: AbortSignal): Promise<void>;
  /** Something changed that may be due now; wakes every waiter, in other processes too. */
  announce(): void;
}
