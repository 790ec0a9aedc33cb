import { type Kysely, sql } from 'kysely';

/** JSON: the refusals in a row that a sender met in the same words, and nothing accepted in between; null when there are none. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table senders add column refused_alike text').execute(db);
}
