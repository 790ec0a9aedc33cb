import type { Price, TokenUsage } from '../domain/aiCost.ts';
import type { Prompt } from '../domain/prompt.ts';

/** What came of one call to a model. The adapter has read the provider's reply once; nobody else interprets it. */
export type Reply =
  | { readonly kind: 'text'; readonly text: string; readonly meter: Meter }
  /** The lead's own failure: refused, cut off at the output cap, or too long to be read. */
  | { readonly kind: 'lead_failed'; readonly reason: string; readonly meter: Meter }
  /** Too many calls: fewer, and not before `restMs` (when the provider says so). Nothing was charged. */
  | { readonly kind: 'throttled'; readonly reason: string; readonly restMs: number | undefined }
  /** The provider's own failure; nothing was charged. */
  | { readonly kind: 'down'; readonly reason: string; readonly restMs: number | undefined }
  /** Only a person can mend it: key refused, no quota left, no such model. Nothing was charged. */
  | { readonly kind: 'final'; readonly reason: string }
  /** No complete reply after the request was written: it may have been charged. */
  | { readonly kind: 'lost'; readonly reason: string; readonly meter?: Meter };

/** What a reply says of its cost. */
export interface Meter {
  /** The provider's own account, as it was sent; JSON. */
  readonly raw: string;
  /** Undefined when the reply holds no readable usage. */
  readonly usage: TokenUsage | undefined;
  /** The cost in billionths of a USD, when the provider itself names it. */
  readonly costNano: number | undefined;
  /** The provider asks for a pause although it answered: its allowance for this minute is used up. */
  readonly restMs: number | undefined;
}

/** One model at one provider. */
export interface TextProvider {
  readonly name: string;
  readonly model: string;
  /** Undefined when the configuration names none. */
  readonly price: Price | undefined;
  readonly maxOutputTokens: number;
  /** One call, never repeated by itself and never longer than a minute. Never throws for what the network or the provider does. */
  ask(prompt: Prompt, cut: AbortSignal): Promise<Reply>;
}
