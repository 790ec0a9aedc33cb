import type { Price } from '../domain/aiCost.ts';
import { isLoopback } from '../domain/host.ts';
import type { OutputFormat } from '../domain/outputFormat.ts';

/** What servers that speak the OpenAI chat API do differently. */
export interface Capabilities {
  readonly output: OutputFormat;
  /** The parameter that caps the output. */
  readonly cap: 'max_completion_tokens' | 'max_tokens';
  /** Known without being told: a model on one's own machine costs nothing a token. */
  readonly price: Price | undefined;
}

/**
 * By host. Sources: platform.openai.com/docs/api-reference/chat (max_tokens is deprecated there and
 * refused by reasoning models), openrouter.ai/docs/api-reference/parameters,
 * github.com/ollama/ollama/blob/main/docs/openai.md, docs.vllm.ai (OpenAI-compatible server).
 */
const BY_HOST: readonly { readonly host: RegExp; readonly can: Omit<Capabilities, 'price'> }[] = [
  { host: /(^|\.)openai\.(com|azure\.com)$/i, can: { output: 'json_schema', cap: 'max_completion_tokens' } },
  { host: /(^|\.)openrouter\.ai$/i, can: { output: 'json_schema', cap: 'max_tokens' } },
];

export function capabilitiesOf(baseUrl: string): Capabilities {
  const { hostname } = new URL(baseUrl);
  const known = BY_HOST.find(({ host }) => host.test(hostname))?.can ?? { output: 'json_schema', cap: 'max_tokens' };
  return { ...known, price: isLoopback(hostname) ? { input: 0, output: 0 } : undefined };
}
