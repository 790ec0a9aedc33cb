import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // The attempt's own worker has recorded its end (T3). A second T3 of the same attempt, after a commit whose answer was lost, changes nothing.
  'alter table attempts add column reported integer not null default 0 check (reported in (0, 1))',
  // How much of the mail had been written to the connection when the attempt ended; null where nobody knows, as after a kill.
  "alter table attempts add column progress text check (progress in ('nothing', 'part', 'all', 'end'))",
  // The provider's clock when the request was released, epoch ms; null where it was not known.
  'alter table attempts add column provider_time integer',
  // The frozen mail that a person approved; null while nobody has.
  'alter table messages add column approved_sha256 text',
  `update messages set approved_sha256 = frozen_sha256 where state = 'ready' and exists (
    select 1 from events where events.message_id = messages.id and events.kind = 'approved' and events.id > (
      select coalesce(max(e.id), 0) from events e where e.message_id = messages.id and e.kind in ('drafted', 'voided')))`,
  // The login name of the person who acted; null where the program did.
  'alter table events add column actor text',
  // Drafts that waited in review and were voided since a person last decided on this job: how many, when, and why.
  'alter table jobs add column voided integer not null default 0',
  'alter table jobs add column voided_at integer',
  'alter table jobs add column voided_reason text',
  'drop trigger messages_final',
  // Accepted is final where a server accepted the mail; where only a person said so, that person may correct it.
  `create trigger messages_final before update of state on messages
    when old.state <> new.state and (old.state = 'suppressed'
      or (old.state = 'accepted' and (new.state <> 'failed'
        or exists (select 1 from attempts where message_id = old.id and outcome = 'accepted')))
      or (old.state = 'cancelled' and (new.state <> 'pending' or new.job_id = old.job_id
        or exists (select 1 from attempts where message_id = old.id and armed_at is not null)))
      or (old.state = 'uncertain' and new.state not in ('accepted','failed','ready'))) begin
    select raise(abort, 'a message does not leave this state');
  end`,
];

/** What is known of each attempt, each approval and each verdict. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
