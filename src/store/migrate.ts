import { rmSync } from 'node:fs';
import { type Migration, Migrator } from 'kysely';
import { migrations as released } from '../../migrations/index.ts';
import { OutreachError } from '../domain/errors.ts';
import type { Store } from './database.ts';
import { connect, type SqliteConnection } from './sqlite/load.ts';

/**
 * Brings the schema up to date, all of it or nothing. `user_version` holds how many migrations a
 * database has had: a higher number than we know was written by a newer program and is refused.
 * Before an existing database changes, a checked copy is made beside it.
 */
export async function migrateToLatest(
  store: Store,
  sqlite: SqliteConnection,
  path: string,
  migrations: Record<string, Migration> = released,
): Promise<void> {
  const known = Object.keys(migrations).length;
  const current = sqlite.pragma('user_version', { simple: true }) as number;
  if (current > known) {
    throw new OutreachError(
      'environment',
      `${path} was written by a newer version of outreach (schema ${current}, this program knows ${known})`,
      {
        hint: 'Update the program: npm install -g outreach',
      },
    );
  }
  if (current === known) return;
  if (current > 0) keepCheckedCopy(store, `${path}.before-${known}`);
  const migrator = new Migrator({ db: store.db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  sqlite.pragma(`user_version = ${known}`);
}

function keepCheckedCopy(store: Store, copy: string): void {
  rmSync(copy, { force: true });
  store.copyTo(copy);
  const opened = connect(copy, { fileMustExist: true });
  const verdict = opened.pragma('quick_check', { simple: true });
  opened.close();
  if (verdict !== 'ok') {
    throw new OutreachError('environment', `the copy made before changing the schema is damaged: ${String(verdict)}`, {
      hint: 'The database itself was not changed. Check the disk.',
    });
  }
}
