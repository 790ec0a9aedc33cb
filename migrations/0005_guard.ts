import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // One row: which database this is, so that an older copy of it, or one on another machine, is known.
  `create table guard (
    id integer primary key check (id = 1),
    database_id text not null,
    -- Raised whenever a person takes over a copy: every older copy is then behind.
    epoch integer not null default 0,
    -- A hash of the machine that last sent with it.
    machine text,
    -- Set in a backup: it never sends by itself.
    marked_at integer,
    -- Attempts that were deleted from the end of the table, so that the sequence never falls.
    base integer not null default 0
  )`,
  `create trigger attempts_never_forgotten after delete on attempts
    when old.id > (select coalesce(max(id), 0) from attempts) begin
    update guard set base = base + old.id - (select coalesce(max(id), 0) from attempts);
  end`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  await sql`insert into guard (id, database_id) values (1, ${randomBytes(16).toString('hex')})`.execute(db);
}
