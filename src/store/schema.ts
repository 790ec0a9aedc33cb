import type { Generated, Kysely, Selectable, Transaction } from 'kysely';
import type { Progress } from '../domain/delivery.ts';
import type { PauseReason, SendMode } from '../domain/job.ts';
import type { LegalBasis } from '../domain/lead.ts';
import type { MessageState } from '../domain/message.ts';
import type { AiTables } from './aiSchema.ts';

/** The tables of `migrations/`. Times are epoch milliseconds UTC, booleans 0 or 1. */
export interface Schema extends AiTables {
  campaigns: CampaignsTable;
  jobs: JobsTable;
  imports: ImportsTable;
  prospects: ProspectsTable;
  messages: MessagesTable;
  drafts: DraftsTable;
  attempts: AttemptsTable;
  events: EventsTable;
  suppressions: SuppressionsTable;
  usage_ledger: UsageLedgerTable;
  usage_counters: { period: string; sent: number };
  job_counts: { job_id: number; state: MessageState; n: number };
  senders: SendersTable;
  sender_days: SenderDaysTable;
  attached_files: { sha256: string; content: Buffer; created_at: number };
  workers: WorkersTable;
  guard: GuardTable;
}

/** Anything that can run a query. */
export type Db = Kysely<Schema>;
/** A unit of `Store.write`: all of it is committed, or none. */
export type Tx = Transaction<Schema>;

export type JobRow = Selectable<JobsTable>;
export type ImportRow = Selectable<ImportsTable>;
export type MessageRow = Selectable<MessagesTable>;
export type DraftRow = Selectable<DraftsTable>;
export type AttemptRow = Selectable<AttemptsTable>;
export type EventRow = Selectable<EventsTable>;
export type SenderRow = Selectable<SendersTable>;
export type WorkerRow = Selectable<WorkersTable>;

/** One row: which database this is. */
interface GuardTable {
  id: number;
  /** Random, and the same in every copy. */
  database_id: string;
  /** Raised whenever a person takes over a copy. */
  epoch: Generated<number>;
  /** How many mails were armed. */
  sequence: number;
  /** A hash of the machine that last sent with it. */
  machine: string | null;
  /** When it was marked as a backup, which does not send by itself. */
  marked_at: number | null;
}

interface CampaignsTable {
  id: Generated<number>;
  name: string;
  content_hash: string;
  /** Of the pace that its waiting mails were last put in line for. */
  pace_hash: Generated<string>;
  created_at: number;
}

interface JobsTable {
  id: Generated<number>;
  campaign_id: number;
  source: string;
  send_mode: SendMode;
  send_rate: number | null;
  scheduled_for: number | null;
  next_slot_at: Generated<number>;
  created_at: number;
  imported_at: number | null;
  paused_at: number | null;
  cancelled_at: number | null;
  /** Why the program paused it; null when a person did. */
  pause_reason: PauseReason | null;
  /** Its first claim, or a person's release: a scheduled start is no longer awaited. */
  started_at: number | null;
  /** When the last mail of its canary was claimed, and when the rest was let go. */
  canary_at: number | null;
  canary_passed_at: number | null;
  /** The last look found no room for another call in `ai.budget_usd`. */
  ai_budget_reached: Generated<number>;
  /** Drafts that waited in review and were voided since a person last decided on this job: how many, when, and why. */
  voided: Generated<number>;
  voided_at: number | null;
  voided_reason: string | null;
}

interface ImportsTable {
  job_id: number;
  campaign_id: number;
  fingerprint: string;
  settings: string;
  rows: Generated<number>;
  imported: Generated<number>;
  /** Of the imported: leads of a cancelled job that nobody had written to. */
  reimported: Generated<number>;
  updated: Generated<number>;
  duplicates: Generated<number>;
  invalid: Generated<number>;
  suppressed: Generated<number>;
  /** JSON: how many of the suppressed for which reason. */
  suppressed_by: Generated<string>;
  /** Of the suppressed: leads whose message was there before their row was read. */
  withdrawn: Generated<number>;
  /** Rows whose address an earlier row of the file had. */
  repeated: Generated<number>;
  /** JSON: the lines of the first of them. */
  repeated_lines: Generated<string>;
  rejects_path: string;
  rejects_bytes: Generated<number>;
  finished_at: number | null;
}

interface ProspectsTable {
  id: Generated<number>;
  campaign_id: number;
  job_id: number;
  email: string;
  /** The address in lower case, or `hmac:…` of a person who was forgotten. */
  email_key: string;
  domain: string;
  fields: string;
  /** Where the lead is from, and what allows to write to it. */
  source: string | null;
  basis: LegalBasis | null;
  /** Rises with every change of the fields. */
  version: Generated<number>;
  /** The last import that changed it, or took it out of mail, when the campaign had it already. */
  update_job_id: number | null;
  created_at: number;
  updated_at: number;
}

interface MessagesTable {
  id: Generated<number>;
  job_id: number;
  campaign_id: number;
  prospect_id: number;
  step: Generated<number>;
  state: MessageState;
  /** Raised at every claim; what a worker does with an older one is refused. */
  token: Generated<number>;
  worker_id: string | null;
  attempt_id: number | null;
  armed: Generated<number>;
  deadline_at: number | null;
  due_at: number;
  /** When it would be due, had no gate of its recipient moved it. */
  deferred_from: number | null;
  tries: Generated<number>;
  first_try_at: number | null;
  /** The campaign content that the draft was made from. */
  content_hash: string | null;
  frozen_sha256: string | null;
  /** The frozen mail that a person approved; null while nobody has. */
  approved_sha256: string | null;
  reason: string | null;
  created_at: number;
  state_at: number;
}

interface DraftsTable {
  message_id: number;
  subject: string;
  text: string;
  html: string;
  header_message_id: string;
  envelope_from: string;
  envelope_to: string;
  /** The whole mail but for Date and DKIM-Signature. */
  bytes: Buffer;
  /** JSON: addresses and headers for providers that build the bytes themselves. */
  addressing: string;
  /** JSON: the attached files, by SHA-256. */
  attachments: Generated<string>;
  /** Of the prospect whose fields it was written from. */
  lead_version: number;
  created_at: number;
}

interface AttemptsTable {
  id: Generated<number>;
  message_id: number;
  worker_id: string;
  token: number;
  sender: string;
  provider: string;
  started_at: number;
  deadline_at: number;
  armed_at: number | null;
  /** Of the bytes that went on the wire, before dot-stuffing. */
  sha256: string | null;
  finished_at: number | null;
  outcome: string | null;
  code: number | null;
  reply: string | null;
  /** 0 when the provider never saw the mail: it then counts against no cap. */
  counted: Generated<number>;
  /** The sender's local date at T1, `2026-11-25`. */
  day: string;
  /** Of the recipient. */
  domain: string;
  /** When the same request is repeated, to learn what became of it; null when it is not. */
  replay_at: number | null;
  /** 1 when its own worker has recorded its end (T3). */
  reported: Generated<number>;
  /** How much of the mail was written to the connection; null where nobody knows. */
  progress: Progress | null;
  /** The provider's clock when the request was released; null where it was not known. */
  provider_time: number | null;
}

interface EventsTable {
  id: Generated<number>;
  message_id: number;
  at: number;
  kind: string;
  detail: string | null;
  /** Login name of the person who acted; null where the program did. */
  actor: string | null;
}

interface SuppressionsTable {
  /** An address in lower case, `@` and a domain, or `hmac:…` of a person who was forgotten. */
  email_key: string;
  reason: string;
  source: string;
  created_at: number;
}

interface UsageLedgerTable {
  id: Generated<number>;
  message_id: number;
  period: string;
  created_at: number;
  released_at: number | null;
}

interface SendersTable {
  name: string;
  next_send_at: Generated<number>;
  rest_until: Generated<number>;
  failures: Generated<number>;
  reason: string | null;
  /** Stands still until a person resumes it. */
  stopped_at: number | null;
  uncertain_in_row: Generated<number>;
  /** JSON: a `RefusedAlike`. */
  refused_alike: string | null;
}

/** Attempts that the provider saw, by the sender's local day; kept by the database itself but for the last two. */
interface SenderDaysTable {
  sender: string;
  day: string;
  sent: Generated<number>;
  /** Since a person last resumed the sender. */
  watched: Generated<number>;
  bounced: Generated<number>;
  complained: Generated<number>;
}

interface WorkersTable {
  id: string;
  host: string;
  pid: number;
  mode: string;
  started_at: number;
  stopped_at: number | null;
  /** JSON: sender → account. */
  accounts: Generated<string>;
}
