import { type Kysely, sql } from 'kysely';

// Money is a whole number of billionths of a USD (nano).
const STATEMENTS = [
  // Every call to a model, reserved before it is made: what a job spends, and how many run, is counted here.
  `create table ai_calls (
    id integer primary key,
    job_id integer not null references jobs (id) on delete cascade,
    message_id integer not null references messages (id) on delete cascade,
    worker_id text not null,
    purpose text not null check (purpose in ('draft','repair','preview')),
    provider text not null,
    model text not null,
    prompt_hash text not null,
    reserved_nano integer not null check (reserved_nano >= 0),
    cost_nano integer check (cost_nano >= 0),
    priced integer not null check (priced in (0, 1)),
    usage text,
    outcome text,
    started_at integer not null,
    deadline_at integer not null,
    finished_at integer,
    check ((finished_at is null) = (outcome is null)),
    check ((finished_at is null) = (cost_nano is null))
  )`,
  // What a model answered for a message: paid for once, whatever becomes of the draft.
  `create table generations (
    message_id integer primary key references messages (id) on delete cascade,
    prompt_hash text not null,
    call_id integer not null references ai_calls (id),
    verdict text not null check (verdict in ('written','unusable','failed')),
    subject text,
    body text,
    reply text,
    reason text,
    created_at integer not null,
    check ((verdict = 'written') = (subject is not null and body is not null)),
    check ((verdict = 'unusable') = (reply is not null)),
    check ((verdict = 'written') = (reason is null))
  )`,
  // Settled cost, and reservations of calls on their way, by job.
  `create table ai_spend (
    job_id integer primary key references jobs (id) on delete cascade,
    settled_nano integer not null default 0,
    open_nano integer not null default 0
  )`,
  `create table ai_providers (
    name text primary key,
    rest_until integer not null default 0,
    rest_since integer not null default 0,
    failures integer not null default 0,
    reason text
  )`,
  `alter table jobs add column ai_budget_reached integer not null default 0`,
  `create index ai_calls_open on ai_calls (deadline_at) where finished_at is null`,
  `create index ai_calls_by_message on ai_calls (message_id, id)`,
  `create index ai_calls_by_job on ai_calls (job_id, started_at)`,
  `create trigger ai_calls_opened after insert on ai_calls begin
    insert into ai_spend (job_id, open_nano) values (new.job_id, new.reserved_nano)
      on conflict (job_id) do update set open_nano = open_nano + new.reserved_nano;
  end`,
  `create trigger ai_calls_settled after update of cost_nano on ai_calls begin
    update ai_spend set
      settled_nano = settled_nano - coalesce(old.cost_nano, 0) + coalesce(new.cost_nano, 0),
      open_nano = open_nano - case when old.cost_nano is null then old.reserved_nano else 0 end
    where job_id = new.job_id;
  end`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
