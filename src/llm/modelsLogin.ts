import type { LoginRequest } from '../domain/login.ts';

/** GET /models. OpenRouter shows its models to anybody, and tells of the key itself at /key (openrouter.ai/docs). */
export function modelsLogin(baseUrl: string, apiKey: string | undefined, insecure = false): LoginRequest {
  const base = baseUrl.replace(/(?<!\/)\/+$/, '');
  const url = new URL(`${base}/${new URL(base).hostname === 'openrouter.ai' ? 'key' : 'models'}`);
  return { url, insecure, headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` } };
}
