import type { LoginRequest } from '../domain/login.ts';

/** GET /models. OpenRouter shows its models to anybody, and tells of the key itself at /key (openrouter.ai/docs). */
export function modelsLogin(baseUrl: string, apiKey: string | undefined): LoginRequest {
  const base = baseUrl.replace(/(?<!\/)\/+$/, '');
  const url = new URL(`${base}/${new URL(base).hostname === 'openrouter.ai' ? 'key' : 'models'}`);
  return { url, headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` } };
}
