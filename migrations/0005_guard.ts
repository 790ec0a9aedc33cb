import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';

const TABLE = `create table guard (
  id integer primary key check (id = 1),
  database_id text not null,
  -- Raised whenever a person takes over a copy: every older copy is then behind.
  epoch integer not null default 0,
  -- How many mails were armed.
  sequence integer not null,
  -- A hash of the machine that last sent with it.
  machine text,
  -- Set in a backup: it never sends by itself.
  marked_at integer
)`;

/** One row: which database this is, so that an older copy of it, or one on another machine, is known. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLE).execute(db);
  const id = randomBytes(16).toString('hex');
  // Not 0 where there are leads already: a database that never sent is a fresh start, whatever was in its place. One from before
  // this table may be a copy whose leads had their mail from the very database that it replaces.
  await sql`insert into guard (id, database_id, sequence)
    values (1, ${id}, (select count(*) from attempts) + (select count(*) from jobs))`.execute(db);
}
