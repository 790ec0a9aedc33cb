import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // Leads of a cancelled job that a later import took, because nobody had written to them; `imported` counts them too.
  'alter table imports add column reimported integer not null default 0',
  'drop trigger messages_counted_over',
  `create trigger messages_counted_over after update of state, job_id on messages
    when old.state <> new.state or old.job_id <> new.job_id begin
    update job_counts set n = n - 1 where job_id = old.job_id and state = old.state;
    insert into job_counts (job_id, state, n) values (new.job_id, new.state, 1)
      on conflict (job_id, state) do update set n = n + 1;
  end`,
  'drop trigger messages_final',
  // The one way out of cancelled: into another job, and only where no body ever went on the wire.
  `create trigger messages_final before update of state on messages
    when old.state <> new.state and (old.state in ('accepted','suppressed')
      or (old.state = 'cancelled' and (new.state <> 'pending' or new.job_id = old.job_id
        or exists (select 1 from attempts where message_id = old.id and armed_at is not null)))
      or (old.state = 'uncertain' and new.state not in ('accepted','failed','ready'))) begin
    select raise(abort, 'a message does not leave this state');
  end`,
];

/** A lead whose job was cancelled before anybody wrote to them may be imported again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
