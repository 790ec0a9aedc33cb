import type { Generated, Selectable } from 'kysely';

/** The tables of what models write and cost (`migrations/0002_ai_writer.ts`). Money is in billionths of a USD. */
export interface AiTables {
  ai_calls: AiCallsTable;
  generations: GenerationsTable;
  ai_spend: { job_id: number; settled_nano: number; open_nano: number };
  ai_providers: AiProvidersTable;
}

export type GenerationRow = Selectable<GenerationsTable>;
export type AiProviderRow = Selectable<AiProvidersTable>;

interface AiCallsTable {
  id: Generated<number>;
  job_id: number;
  message_id: number;
  worker_id: string;
  purpose: CallPurpose;
  provider: string;
  model: string;
  prompt_hash: string;
  /** The most it can cost; counted while the call runs, and for good when its end is not known. */
  reserved_nano: number;
  cost_nano: number | null;
  /** 0 when the provider has no price: its cost is then 0 because nobody knows better. */
  priced: number;
  /** As the provider reported it, JSON. */
  usage: string | null;
  outcome: string | null;
  started_at: number;
  deadline_at: number;
  finished_at: number | null;
  /** When it was made; null while it is only reserved. */
  begun_at: number | null;
}

export type CallPurpose = 'draft' | 'repair' | 'preview';

interface GenerationsTable {
  message_id: number;
  prompt_hash: string;
  call_id: number;
  /** `unusable`: `reply` broke the form, for `reason`, and may be repaired once. `failed`: the lead's own failure. */
  verdict: 'written' | 'unusable' | 'failed';
  subject: string | null;
  body: string | null;
  reply: string | null;
  reason: string | null;
  created_at: number;
}

interface AiProvidersTable {
  name: string;
  rest_until: Generated<number>;
  rest_since: Generated<number>;
  failures: Generated<number>;
  reason: string | null;
}
