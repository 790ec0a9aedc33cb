import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // What providers over HTTP are told besides subject and text: JSON of MailParts' addresses and headers. Empty in drafts from before.
  `alter table drafts add column addressing text not null default ''`,
  // A sender that only a person can set going again: its key was refused, or its account is blocked.
  `alter table senders add column stopped_at integer`,
  // Where a provider takes a repeated request for the same mail, the moment of the next repetition.
  `alter table attempts add column replay_at integer`,
  `create index attempts_to_replay on attempts (replay_at) where replay_at is not null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
