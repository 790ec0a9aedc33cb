import type { Price } from '../domain/aiCost.ts';
import type { OutputFormat } from '../domain/outputFormat.ts';

/** How a server that speaks the OpenAI chat completions API is asked. */
export interface OpenAiSettings {
  readonly name: string;
  readonly baseUrl: string;
  /** http to another machine too, because the settings say so. */
  readonly insecure?: boolean;
  readonly model: string;
  readonly apiKey: string | undefined;
  /** What messages call the key: `env:OPENAI_API_KEY`. */
  readonly keyName: string | undefined;
  readonly price: Price | undefined;
  readonly output: OutputFormat | undefined;
  readonly maxOutputTokens: number;
  /** From a call's first byte to the reply's last, in ms. */
  readonly limitMs: number;
}
