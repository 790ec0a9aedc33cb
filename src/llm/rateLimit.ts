import { PROVIDER_REST } from '../domain/breaker.ts';

/**
 * When a reply says that the allowance of this minute is used up, the pause it asks for, in ms.
 * OpenAI and its kin: `x-ratelimit-remaining-{requests,tokens}` with `x-ratelimit-reset-…` such as
 * `1s`, `6m0s` or `120ms` (platform.openai.com/docs/guides/rate-limits); OpenRouter:
 * `x-ratelimit-remaining` with `x-ratelimit-reset` in epoch ms.
 */
export function allowanceRest(headers: Headers, now: number): number | undefined {
  const rests = ['-requests', '-tokens', ''].flatMap((kind) => {
    if (headers.get(`x-ratelimit-remaining${kind}`)?.trim() !== '0') return [];
    const rest = resetIn(headers.get(`x-ratelimit-reset${kind}`) ?? '', now);
    return rest === undefined ? [] : [rest];
  });
  return rests.length === 0 ? undefined : Math.min(PROVIDER_REST.longest, Math.max(...rests));
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function resetIn(value: string, now: number): number | undefined {
  const parts = [...value.matchAll(/(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)/g)];
  if (parts.length > 0) return Math.ceil(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0));
  const moment = Number(value);
  if (!Number.isFinite(moment) || moment <= 0) return undefined;
  // Small numbers are seconds from now, large ones a moment.
  const ms = moment < 1e9 ? moment * 1_000 : moment - now;
  return ms > 0 ? ms : undefined;
}
