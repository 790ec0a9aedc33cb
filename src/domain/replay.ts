import { HOUR, MINUTE } from './duration.ts';

/**
 * Providers that take the same request again under its idempotency key and answer what became of
 * the first: for how long after it, in ms. Resend keeps keys for 24 h
 * (resend.com/docs/dashboard/emails/idempotency-keys); an hour less leaves room for clocks.
 */
const REPLAY_WINDOW: Readonly<Record<string, number>> = { resend: 23 * HOUR };

const PAUSE = { first: MINUTE, longest: HOUR };

export function mayReplay(provider: string): boolean {
  return REPLAY_WINDOW[provider] !== undefined;
}

/** Whether a request may be repeated now: its key is known there still, as far as clocks tell. One that is ahead of now tells nothing. */
export function isReplayable(provider: string, firstAskedAt: number | null, now: number): boolean {
  const window = REPLAY_WINDOW[provider];
  return window !== undefined && firstAskedAt !== null && firstAskedAt <= now && now <= firstAskedAt + window;
}

/** When an uncertain mail's request may be repeated; null when it must not. Pauses grow with the time that has passed. */
export function nextReplay(provider: string, firstAskedAt: number, now: number): number | null {
  const window = REPLAY_WINDOW[provider];
  if (window === undefined) return null;
  const at = now + Math.min(PAUSE.longest, Math.max(PAUSE.first, now - firstAskedAt));
  return at <= firstAskedAt + window ? at : null;
}
