import { type Kysely, sql } from 'kysely';

/** When a reserved call to a model was made. Before this column every reservation counted as one that was. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table ai_calls add column begun_at integer').execute(db);
  await sql.raw('update ai_calls set begun_at = started_at').execute(db);
}
