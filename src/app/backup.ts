import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { prepareData } from '../config/workspace.ts';
import { keyFile } from '../config/workspaceKey.ts';
import { OutreachError } from '../domain/errors.ts';
import { putFile, replaceFile } from '../files/ownFiles.ts';
import { readBounded } from '../files/readFile.ts';
import { forgetKnown } from '../pipeline/forgetPerson.ts';
import { knowsForgotten, restoreBackup, writeBackup } from '../store/sqlite/backup.ts';
import { anyAlive } from '../store/sqlite/lock.ts';
import { storageError } from '../store/troubles.ts';
import type { App } from './app.ts';
import { forgottenHash } from './people.ts';

/** A key has 32 bytes. */
const MOST_OF_A_KEY = 1_000;

export interface Backup {
  readonly bytes: number;
  /** Where the workspace's key was copied to; null when there is none yet. */
  readonly key: string | null;
}

/** The database in one file, and the key beside it: a secret does not belong into a database, nor into its copies. */
export async function takeBackup(app: App, target: string, { force, now }: { force: boolean; now: number }): Promise<Backup> {
  if (!existsSync(dirname(target)))
    throw new OutreachError('input', `there is no folder ${dirname(target)}`, { hint: 'Make it, or name another.' });
  const key = `${target}.key`;
  const store = await app.openStore();
  if (existsSync(target) && realpathSync(target) === store.path)
    throw new OutreachError('usage', `${target} is the database itself`, { hint: 'Name another file.' });
  const there = force ? undefined : [target, key].find(existsSync);
  if (there !== undefined) throw existing(there);
  const own = keyFile(app.workspace);
  try {
    writeBackup(store, target, { now, force });
    if (existsSync(own)) copyKey(own, key, force);
  } catch (error) {
    throw storageError(error, target) ?? error;
  }
  return { bytes: statSync(target).size, key: existsSync(own) ? key : null };
}

export interface Restored {
  readonly database: string;
  /** Where the database from before is kept; undefined when there was none. */
  readonly kept: string | undefined;
  /** Of the database from before, and new to the backup. */
  readonly suppressions: number;
  /** People who were forgotten since the backup was made, and are again. */
  readonly forgotten: number;
  /** Whether the backup's key was put in place, is the workspace's own, or another; null when the backup has none. */
  readonly key: 'restored' | 'same' | 'other' | null;
}

/** Puts a backup in the place of the database, marked so that it sends nothing before a person reconciled it. */
export async function putBackup(app: App, source: string, now: number): Promise<Restored> {
  const { database } = app.config;
  if (!existsSync(source))
    throw new OutreachError('input', `there is no file ${source}`, { hint: 'Give the path of what outreach backup made.' });
  const path = existsSync(database) ? realpathSync(database) : database;
  if (realpathSync(source) === path) throw new OutreachError('usage', `${source} is the database itself`, { hint: 'Name a backup of it.' });
  if (anyAlive(`${path}.locks`))
    throw new OutreachError('refused', 'a worker is running, and would go on with the database as it is', {
      hint: 'Stop it, then restore.',
    });
  refuseOtherKey(source, keyFile(app.workspace));
  prepareData(app.workspace);
  const { kept, suppressions } = await restoreBackup(source, path, now);
  const key = restoreKey(`${source}.key`, keyFile(app.workspace));
  return { database: path, kept, suppressions, key, forgotten: await forgetAgain(app) };
}

async function forgetAgain(app: App): Promise<number> {
  // Without it nobody is recognised, and import says so.
  if (!existsSync(keyFile(app.workspace))) return 0;
  const store = await app.openStore();
  const forgotten = await forgetKnown({ store, now: Date.now, forgottenKey: forgottenHash(app.workspace) });
  if (forgotten > 0) store.scrub();
  return forgotten;
}

function refuseOtherKey(source: string, own: string): void {
  const theirs = `${source}.key`;
  if (!existsSync(theirs) || !existsSync(own) || keyIn(theirs).equals(keyIn(own)) || !knowsForgotten(source)) return;
  throw new OutreachError(
    'refused',
    `${own} is not the key of this backup, so people forgotten in it would not be recognised and be mailed`,
    {
      hint: `Keep the workspace's own key elsewhere, then restore again: mv ${own} ${own}.own    People forgotten with that one are not recognised then.`,
    },
  );
}

function restoreKey(from: string, own: string): Restored['key'] {
  if (!existsSync(from)) return null;
  if (existsSync(own)) return keyIn(from).equals(keyIn(own)) ? 'same' : 'other';
  copyKey(from, own, false);
  return 'restored';
}

/** Never over what appeared under that name meanwhile, unless that was asked for, and never through a symbolic link. */
function copyKey(from: string, to: string, force: boolean): void {
  const key = keyIn(from);
  if (force) replaceFile(to, key, { durable: true });
  else if (!putFile(to, key, { durable: true })) throw existing(to);
}

function keyIn(path: string): Buffer {
  return readBounded(path, { most: MOST_OF_A_KEY }).bytes;
}

function existing(path: string): OutreachError {
  return new OutreachError('refused', `${path} exists already`, { hint: 'Name another file, or write over it with --force.' });
}
