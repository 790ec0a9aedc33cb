/** What a model charges, in USD per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

/** Tokens of one call, as the provider counted them. */
export interface TokenUsage {
  readonly input: number;
  readonly output: number;
}

/** Billionths of a USD: one token at 0.25 USD a million costs 250, so that sums stay whole numbers. */
type Nano = number;

export const NANO_PER_USD = 1_000_000_000;

export function costNano(price: Price, usage: TokenUsage): Nano {
  return Math.ceil(usage.input * price.input * 1_000 + usage.output * price.output * 1_000);
}

/**
 * The most that a call can cost: no tokenizer in use makes more tokens than the text has bytes
 * (every token stands for at least one), and the output is capped. `overhead` covers the chat's own
 * tokens and the schema.
 */
export function mostTokens(prompt: string, maxOutput: number, overhead = 400): TokenUsage {
  return { input: Buffer.byteLength(prompt) + overhead, output: maxOutput };
}

/** `$0.0042`, `$1.25`: at least cents, and never so few digits that a cost looks like nothing. */
export function formatUsd(nano: Nano): string {
  const usd = nano / NANO_PER_USD;
  if (usd === 0 || usd >= 0.1) return `$${usd.toFixed(2)}`;
  return `$${usd.toFixed(Math.min(9, 1 - Math.floor(Math.log10(usd))))}`;
}
