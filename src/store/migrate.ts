import { rmSync } from 'node:fs';
import { type Migration, sql } from 'kysely';
import { migrations as released } from '../../migrations/index.ts';
import { OutreachError } from '../domain/errors.ts';
import type { Store } from './database.ts';
import type { Db, Tx } from './schema.ts';
import { connect } from './sqlite/load.ts';
import { whileLocked } from './sqlite/lock.ts';

/** Longer than the update of a database with millions of mails takes. */
const UPDATE_LIMIT_MS = 10 * 60_000;

/**
 * Brings the schema up to date, all of it or nothing. `user_version` holds how many migrations a
 * database has had: a higher number than we know was written by a newer program and is refused.
 * Before an existing database changes, a checked copy is made beside it.
 */
export async function migrateToLatest(store: Store, migrations: Record<string, Migration> = released): Promise<void> {
  const { path } = store;
  const steps = Object.values(migrations);
  const current = await versionOf(store.db);
  if (current > steps.length) {
    throw new OutreachError(
      'environment',
      `${path} was written by a newer version of outreach (schema ${current}, this program knows ${steps.length})`,
      {
        hint: 'Update the program: npm install -g outreach',
      },
    );
  }
  if (current === steps.length) return;
  const update = (tx: Tx) => takeSteps(tx, steps);
  if (current === 0) return store.write(update);
  // One program at a time, or each would remove the copy that another one has just begun.
  await whileLocked(`${path}.updating`, UPDATE_LIMIT_MS, async () => {
    if ((await versionOf(store.db)) >= steps.length) return;
    keepCheckedCopy(store, `${path}.before-${steps.length}`);
    await store.write(update);
  });
}

async function takeSteps(tx: Tx, steps: readonly Migration[]): Promise<void> {
  // Another program may have been first: what it did is not done again.
  for (const step of steps.slice(await versionOf(tx))) await step.up(tx);
  await sql`pragma user_version = ${sql.lit(steps.length)}`.execute(tx);
}

async function versionOf(db: Db): Promise<number> {
  const { rows } = await sql<{ user_version: number }>`pragma user_version`.execute(db);
  return rows[0]?.user_version ?? 0;
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
