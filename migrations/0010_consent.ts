import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // How many of the suppressed for which reason, as JSON.
  "alter table imports add column suppressed_by text not null default '{}'",
  // Of the suppressed: leads whose message was there before their row was read.
  'alter table imports add column withdrawn integer not null default 0',
  // Rows whose address an earlier row of the same file had, and the lines of the first of them, as JSON.
  'alter table imports add column repeated integer not null default 0',
  "alter table imports add column repeated_lines text not null default '[]'",
  // The last import that changed a lead which the campaign had already: a second row of its file changes nothing.
  'alter table prospects add column update_job_id integer',
];

/** What a file says of consent, and which of its rows lost to an earlier one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
