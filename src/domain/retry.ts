import { openTimeBetween, type SendWindow } from './window.ts';

/** What happens to a message that was certainly not accepted. All values in milliseconds. */
export interface RetryPolicy {
  readonly delays: readonly number[];
  /** The delay after `delays` is used up. */
  readonly then: number;
  /** Open-window time since the first try after which the message fails. */
  readonly give_up: number;
}

export type RetryDecision = { readonly retry: true; readonly dueAt: number } | { readonly retry: false };

/** `tries` counts the failed tries so far, this one included. */
export function afterFailedTry(
  policy: RetryPolicy,
  window: SendWindow | null,
  tries: number,
  firstTryAt: number,
  now: number,
): RetryDecision {
  if (openTimeBetween(window, firstTryAt, now) >= policy.give_up) return { retry: false };
  return { retry: true, dueAt: now + (policy.delays[tries - 1] ?? policy.then) };
}

const SENDER_REST = { first: 30_000, longest: 15 * 60_000 };
/** A sender that failed so often in a row is out of order: it rests this long (ms) between single probes. */
const BREAKER = { failures: 5, rest: 5 * 60_000 };

/** How long a sender rests after its n-th failure in a row before MAIL: 30 s, doubling; from the fifth on 5 min. */
export function senderRest(failures: number): number {
  const rest = failures >= BREAKER.failures ? BREAKER.rest : SENDER_REST.first * 2 ** Math.max(0, failures - 1);
  return Math.min(SENDER_REST.longest, rest);
}

/** A sender that its provider refuses rests for the longest time at once: trying again soon harms the account. */
export const REFUSED_SENDER_REST = SENDER_REST.longest;
