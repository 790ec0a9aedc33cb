import { expectedSchema } from '../../src/store/expectedSchema.ts';
import type { SqliteConnection } from '../../src/store/sqlite/load.ts';

/** What each migration since 0005 made, taken away again. */
const UNDO: Readonly<Record<number, (database: SqliteConnection) => void>> = {
  12: (database) => database.exec('alter table ai_calls drop column begun_at'),
  11: (database) => database.exec('alter table senders drop column refused_alike'),
  10(database) {
    database.exec(`
      alter table imports drop column suppressed_by; alter table imports drop column withdrawn;
      alter table imports drop column repeated; alter table imports drop column repeated_lines;
      alter table prospects drop column update_job_id`);
  },
  9(database) {
    database.exec(`
      drop trigger messages_final;
      alter table attempts drop column reported; alter table attempts drop column progress; alter table attempts drop column provider_time;
      alter table messages drop column approved_sha256; alter table events drop column actor;
      alter table jobs drop column voided; alter table jobs drop column voided_at; alter table jobs drop column voided_reason;
      create trigger messages_final before update of state on messages when old.state = 'suppressed' begin
        select raise(abort, 'a message does not leave this state');
      end`);
  },
  8: (database) => database.exec('alter table workers drop column accounts'),
  7: (database) => database.exec('alter table imports drop column reimported'),
  6(database) {
    const views = database.prepare("select name from sqlite_master where type = 'view'").all() as { name: string }[];
    for (const { name } of views) database.exec(`drop view ${name}`);
  },
  5: (database) => database.exec('drop table guard'),
};

/** Makes a database what it was after its first `version` migrations, to the letter of the statements that made it. */
export async function backTo(version: number, database: SqliteConnection): Promise<void> {
  const now = database.pragma('user_version', { simple: true }) as number;
  for (let step = now; step > version; step--) UNDO[step]?.(database);
  database.pragma(`user_version = ${version}`);
  // SQLite words a table anew when a column is taken away.
  const unsafe = database as SqliteConnection & { unsafeMode(on: boolean): void };
  unsafe.unsafeMode(true);
  database.pragma('writable_schema = on');
  const rewrite = database.prepare('update sqlite_master set sql = ? where type = ? and name = ?');
  for (const { type, name, sql } of await expectedSchema(version)) rewrite.run(sql, type, name);
  database.pragma('writable_schema = reset');
  unsafe.unsafeMode(false);
}
