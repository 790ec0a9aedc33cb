/** How long an AI provider rests, in ms. `longest` is also the most that a provider's own Retry-After is obeyed. */
export const PROVIDER_REST = { first: 5_000, longest: 10 * 60_000 } as const;

/** After the n-th failure in a row: 5 s, doubling to 10 min. */
export function providerRest(failures: number): number {
  return Math.min(PROVIDER_REST.longest, PROVIDER_REST.first * 2 ** Math.max(0, failures - 1));
}

/**
 * `Retry-After` (RFC 9110 §10.2.3: seconds, or a date) as milliseconds from `now`, at most
 * PROVIDER_REST.longest; undefined when it is missing, unreadable or over.
 */
export function retryAfter(value: string | null | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (text === '') return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(PROVIDER_REST.longest, Math.ceil(ms)) : undefined;
}
