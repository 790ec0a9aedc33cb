import { type Kysely, sql } from 'kysely';

const STATES = `'pending','drafting','review','ready','sending','accepted','failed','uncertain','suppressed','cancelled'`;

// Times are epoch milliseconds UTC, booleans 0 or 1, JSON is text: the same on every database.
const TABLES = [
  `create table campaigns (
    id integer primary key,
    name text not null unique,
    content_hash text not null,
    created_at integer not null
  )`,
  `create table jobs (
    id integer primary key,
    campaign_id integer not null references campaigns (id),
    source text not null,
    send_mode text not null check (send_mode in ('immediate','scheduled','drip')),
    send_rate real check (send_rate > 0),
    scheduled_for integer,
    next_slot_at integer not null default 0,
    created_at integer not null,
    imported_at integer,
    paused_at integer,
    cancelled_at integer,
    check ((send_mode = 'drip') = (send_rate is not null)),
    check (send_mode <> 'scheduled' or scheduled_for is not null)
  )`,
  `create table imports (
    job_id integer primary key references jobs (id) on delete cascade,
    campaign_id integer not null references campaigns (id),
    fingerprint text not null,
    settings text not null,
    rows integer not null default 0,
    imported integer not null default 0,
    updated integer not null default 0,
    duplicates integer not null default 0,
    invalid integer not null default 0,
    suppressed integer not null default 0,
    rejects_path text not null,
    rejects_bytes integer not null default 0,
    finished_at integer
  )`,
  `create table prospects (
    id integer primary key,
    campaign_id integer not null references campaigns (id),
    job_id integer not null references jobs (id),
    email text not null,
    email_key text not null,
    fields text not null,
    version integer not null default 1,
    created_at integer not null,
    updated_at integer not null,
    unique (campaign_id, email_key)
  )`,
  `create table messages (
    id integer primary key,
    job_id integer not null references jobs (id),
    campaign_id integer not null references campaigns (id),
    prospect_id integer not null references prospects (id),
    step integer not null default 1,
    state text not null check (state in (${STATES})),
    token integer not null default 0,
    worker_id text,
    attempt_id integer,
    armed integer not null default 0 check (armed in (0, 1)),
    deadline_at integer,
    due_at integer not null,
    tries integer not null default 0,
    first_try_at integer,
    content_hash text,
    frozen_sha256 text,
    reason text,
    created_at integer not null,
    state_at integer not null,
    unique (campaign_id, prospect_id, step),
    check ((state in ('drafting','sending')) = (worker_id is not null)),
    check ((state in ('drafting','sending')) = (deadline_at is not null)),
    check (state <> 'uncertain' or attempt_id is not null),
    check (armed = 0 or state in ('sending','uncertain')),
    check (state <> 'uncertain' or armed = 1),
    check (state not in ('ready','sending','accepted','uncertain') or frozen_sha256 is not null),
    check (state <> 'pending' or frozen_sha256 is null)
  )`,
  `create table drafts (
    message_id integer primary key references messages (id) on delete cascade,
    subject text not null,
    text text not null,
    html text not null,
    header_message_id text not null,
    envelope_from text not null,
    envelope_to text not null,
    bytes blob not null,
    lead_version integer not null,
    created_at integer not null
  )`,
  `create table attempts (
    id integer primary key,
    message_id integer not null references messages (id) on delete cascade,
    worker_id text not null,
    token integer not null,
    sender text not null,
    provider text not null,
    started_at integer not null,
    deadline_at integer not null,
    armed_at integer,
    sha256 text,
    finished_at integer,
    outcome text,
    code integer,
    reply text,
    counted integer not null default 1 check (counted in (0, 1)),
    unique (message_id, token)
  )`,
  `create table events (
    id integer primary key,
    message_id integer not null references messages (id) on delete cascade,
    at integer not null,
    kind text not null,
    detail text
  )`,
  `create table suppressions (
    email_key text primary key,
    reason text not null,
    source text not null,
    created_at integer not null
  )`,
  `create table usage_ledger (
    id integer primary key,
    message_id integer not null references messages (id),
    period text not null,
    created_at integer not null,
    released_at integer
  )`,
  `create table usage_counters (
    period text primary key,
    sent integer not null check (sent >= 0)
  )`,
  `create table job_counts (
    job_id integer not null references jobs (id) on delete cascade,
    state text not null,
    n integer not null check (n >= 0),
    primary key (job_id, state)
  )`,
  `create table senders (
    name text primary key,
    next_send_at integer not null default 0,
    rest_until integer not null default 0,
    failures integer not null default 0,
    reason text
  )`,
  `create table workers (
    id text primary key,
    host text not null,
    pid integer not null,
    mode text not null,
    started_at integer not null,
    stopped_at integer
  )`,
];

const INDEXES = [
  // One seek a claim, whatever waits behind or ahead: rows of other jobs and later due times are never visited.
  `create index messages_ready on messages (job_id, due_at, id) where state = 'ready'`,
  `create index messages_by_state on messages (job_id, state, id)`,
  `create index messages_in_flight on messages (worker_id, deadline_at) where state in ('drafting','sending')`,
  `create index messages_by_prospect on messages (prospect_id)`,
  `create index prospects_by_email on prospects (email_key)`,
  `create index prospects_by_job on prospects (job_id)`,
  `create index attempts_by_sender on attempts (sender, started_at) where counted = 1`,
  `create index attempts_by_time on attempts (started_at) where counted = 1`,
  `create index events_by_message on events (message_id, id)`,
  `create unique index usage_one_per_message on usage_ledger (message_id) where released_at is null`,
  `create unique index imports_unfinished on imports (campaign_id, fingerprint) where finished_at is null`,
];

// Counters are kept by the database itself, so no code path can forget one.
const TRIGGERS = [
  `create trigger messages_counted_in after insert on messages begin
    insert into job_counts (job_id, state, n) values (new.job_id, new.state, 1)
      on conflict (job_id, state) do update set n = n + 1;
  end`,
  `create trigger messages_counted_over after update of state on messages when old.state <> new.state begin
    update job_counts set n = n - 1 where job_id = old.job_id and state = old.state;
    insert into job_counts (job_id, state, n) values (new.job_id, new.state, 1)
      on conflict (job_id, state) do update set n = n + 1;
  end`,
  `create trigger messages_counted_out after delete on messages begin
    update job_counts set n = n - 1 where job_id = old.job_id and state = old.state;
  end`,
  `create trigger messages_final before update of state on messages
    when old.state <> new.state and (old.state in ('accepted','suppressed','cancelled')
      or (old.state = 'uncertain' and new.state not in ('accepted','failed','ready'))) begin
    select raise(abort, 'a message does not leave this state');
  end`,
  `create trigger usage_counted_in after insert on usage_ledger when new.released_at is null begin
    insert into usage_counters (period, sent) values (new.period, 1)
      on conflict (period) do update set sent = sent + 1;
  end`,
  `create trigger usage_counted_out after update of released_at on usage_ledger
    when old.released_at is null and new.released_at is not null begin
    update usage_counters set sent = sent - 1 where period = old.period;
  end`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...TABLES, ...INDEXES, ...TRIGGERS]) await sql.raw(statement).execute(db);
}
