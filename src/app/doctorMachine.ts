import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isLive, lacksOf } from '../config/lawful.ts';
import { type Check, fail, ok, warn } from '../domain/check.ts';
import { formatDuration, HOUR } from '../domain/duration.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { OPEN_STATES, sumOf } from '../domain/message.ts';
import { damages, sqliteVersion } from '../store/health.ts';
import { jobsProgress } from '../store/progress.ts';
import { isAlive } from '../store/sqlite/lock.ts';
import { storageError } from '../store/troubles.ts';
import { lastGoodbye, unstoppedWorkers } from '../store/workers.ts';
import type { App } from './app.ts';
import { fileChecks } from './doctorFiles.ts';
import { refusalOf } from './guard.ts';

const OLDEST_NODE = [20, 19] as const;
const DISK_WARNS = 1e9;
const DISK_FAILS = 1e8;

/** What this machine itself needs: Node, the native part, disk, database, worker; and what the law asks for before a live sender sends. */
export async function machineChecks(app: App, env: NodeJS.ProcessEnv, now: number): Promise<Check[]> {
  const native = nativeCheck();
  const checks = [nodeCheck(process.versions.node), native, diskCheck(app), ...fileChecks(app), ...lawChecks(app)].filter(
    (check) => check !== undefined,
  );
  if (native.status !== 'ok') return checks;
  return [...checks, ...(await databaseChecks(app, env, now))];
}

function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [least, minorLeast] = OLDEST_NODE;
  if (major > least || (major === least && minor >= minorLeast)) return ok('node', 'this machine', version);
  return fail('node', 'this machine', `${version} is too old`, `Install Node ${OLDEST_NODE.join('.')} or later: https://nodejs.org`);
}

function nativeCheck(): Check {
  try {
    return ok('native', 'this machine', `SQLite ${sqliteVersion()}`);
  } catch (error) {
    const hint = error instanceof OutreachError ? error.hint : undefined;
    return fail('native', 'this machine', messageOf(error), hint ?? 'npm install --include=optional');
  }
}

function diskCheck({ workspace, config }: App): Check | undefined {
  const folder = [dirname(config.database), workspace.root].find(existsSync);
  if (folder === undefined) return undefined;
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const detail = `${free >= 1e9 ? `${(free / 1e9).toFixed(1)} GB` : `${Math.floor(free / 1e6)} MB`} free`;
  const fix = `Free some space on the disk of ${folder}.`;
  if (free < DISK_FAILS) return fail('disk', folder, detail, fix);
  return free < DISK_WARNS ? warn('disk', folder, detail, fix) : ok('disk', folder, detail);
}

/** A worker refuses to start without it. */
function lawChecks({ config }: App): Check[] {
  if (!config.senders.some(isLive)) return [];
  const lacks = lacksOf(config);
  if (lacks.length === 0) return [ok('identity', 'postal_address', 'stands at the foot of every mail')];
  return lacks.map(({ path, text, hint }) =>
    fail('identity', path.join('.').replace('identity.', ''), text.replace(/^[\w.]+: /, ''), hint),
  );
}

async function databaseChecks(app: App, env: NodeJS.ProcessEnv, now: number): Promise<Check[]> {
  const path = app.config.database;
  if (!existsSync(path)) return [ok('database', path, 'not there yet; the first import makes it')];
  try {
    const store = await app.openStore();
    const found = await damages(store.db);
    if (found.length > 0)
      return [fail('database', path, `damaged: ${found[0]}`, 'Stop the worker, keep a copy of the file, and restore a backup of it.')];
    const refuses = await refusalOf(store, env);
    if (refuses !== null)
      return [fail('database', path, `nothing is sent: it ${refuses.slice(store.path.length + 1)}`, 'outreach reconcile')];
    return [ok('database', path, 'whole'), await workerCheck(app, now)];
  } catch (error) {
    const known = error instanceof OutreachError ? error : storageError(error, path);
    if (known === undefined) throw error;
    return [fail('database', path, known.message, known.hint ?? 'Restore a backup of it.')];
  }
}

async function workerCheck(app: App, now: number): Promise<Check> {
  const { db, locks } = await app.openStore();
  const alive = (await unstoppedWorkers(db)).filter(({ id }) => isAlive(locks, id));
  const [first] = alive;
  if (first !== undefined) return ok('worker', 'this machine', alive.length === 1 ? `runs (pid ${first.pid})` : `${alive.length} run`);
  const waiting = (await jobsProgress(db))
    .filter(({ status }) => status !== 'paused' && status !== 'cancelled')
    .reduce((sum, { counts }) => sum + sumOf(counts, OPEN_STATES), 0);
  if (waiting === 0) return ok('worker', 'this machine', 'none runs, and no mail waits for one');
  const ended = await lastGoodbye(db);
  // A cron line starts one now and then.
  if (ended !== null && now - ended < HOUR)
    return ok('worker', 'this machine', `none runs now; the last one ended ${formatDuration(now - ended)} ago`);
  return warn(
    'worker',
    'this machine',
    `none runs, and ${waiting} mails wait for one`,
    'outreach worker, or a cron line with: outreach worker --drain',
  );
}
