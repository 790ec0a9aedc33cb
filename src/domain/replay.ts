import { HOUR, MINUTE } from './duration.ts';
import { type HttpProviderName, isHttpProvider } from './httpProvider.ts';

/**
 * For how long after a request, in ms, its provider takes the same one again under its idempotency key and answers what became of
 * the first; null where it takes every request for a new one. Resend keeps keys for 24 h
 * (resend.com/docs/dashboard/emails/idempotency-keys); an hour less is room for a request that is on its way.
 */
const REPLAY_WINDOW: Readonly<Record<HttpProviderName, number | null>> = {
  sendgrid: null,
  resend: 23 * HOUR,
  gmail: null,
  graph: null,
};

function windowOf(provider: string): number | null {
  return isHttpProvider(provider) ? REPLAY_WINDOW[provider] : null;
}

const PAUSE = { first: MINUTE, longest: HOUR };
/** A Date header has whole seconds, and a provider's machines do not agree on each of them. */
const TOLERANCE = 5_000;
/** No repetition is planned further ahead: one that seems to be was planned by a clock that has been set back since. */
export const FURTHEST_REPLAY = 2 * HOUR;

export function mayReplay(provider: string): boolean {
  return windowOf(provider) !== null;
}

/**
 * Whether a request may be repeated now: its key is known there still. Both times are the provider's own, for it alone
 * decides when a key has expired; of a request that seems to come from its future nothing is known.
 */
export function isReplayable(provider: string, firstAskedAt: number, now: number): boolean {
  const age = now - firstAskedAt;
  return age >= -TOLERANCE && age <= (windowOf(provider) ?? Number.NEGATIVE_INFINITY);
}

/**
 * When to look again at an uncertain mail's request, by the local clock; null where it is never repeated. Pauses grow with
 * the time that has passed. This clock may be wrong, so it says when to look and not whether the request may be repeated.
 */
export function nextReplay(provider: string, armedAt: number, now: number): number | null {
  return mayReplay(provider) ? now + Math.min(PAUSE.longest, Math.max(PAUSE.first, now - armedAt)) : null;
}
