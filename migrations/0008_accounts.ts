import { type Kysely, sql } from 'kysely';

/** JSON: for each sender whose requests may be repeated, a keyed hash of the provider's account that a worker asked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("alter table workers add column accounts text not null default '{}'").execute(db);
}
