import type PQueue from 'p-queue';
import type { Throttle } from '../domain/throttle.ts';
import type { TextProvider } from '../llm/provider.ts';
import type { Written } from '../llm/writer.ts';
import type { Store } from '../store/database.ts';

export interface CallDependencies {
  readonly store: Store;
  readonly worker: string;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** No call is begun once it has aborted. */
  readonly stopping: AbortSignal;
  /** Calls on their way are broken off when it aborts. */
  readonly cut: AbortSignal;
  /** In order of preference. */
  readonly providers: readonly TextProvider[];
  readonly limits: AiLimits;
  readonly purpose: 'draft' | 'preview';
}

export interface AiLimits {
  /** Calls of this process at a time. */
  readonly concurrency: number;
  /** Calls of all workers at a time; null for no limit. */
  readonly shared: number | null;
  /** Ceiling of one job in billionths of a USD; null for none. */
  readonly budgetNano: number | null;
}

/** What the calls of one process share. */
export interface Desk extends CallDependencies {
  readonly throttle: Throttle;
  /** Holds calls on their way, until their answers are stored, to the throttle's width. */
  readonly line: PQueue;
  /** Providers that wait for a person, as long as this process lives. */
  readonly finals: Map<string, { until: number; reason: string }>;
}

/** What one call gave: an end, a reply that may be repaired, or a provider that rests. */
export type Turn =
  | Written
  /** Somebody else has bought it meanwhile. */
  | { readonly kind: 'known' }
  | { readonly kind: 'unusable'; readonly reply: string; readonly trouble: string };
