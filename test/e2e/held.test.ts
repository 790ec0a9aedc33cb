import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, openApp, sleep } from '../../src/app/app.ts';
import { workerParts } from '../../src/app/parts.ts';
import type { Status } from '../../src/app/status.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { DEADLINES } from '../../src/domain/deadlines.ts';
import { openStore, SCHEMA_VERSION } from '../../src/store/database.ts';
import { connect, type SqliteConnection } from '../../src/store/sqlite/load.ts';
import { takeLivenessLock } from '../../src/store/sqlite/lock.ts';
import { storageError } from '../../src/store/troubles.ts';
import { Worker, type WorkerOptions } from '../../src/worker/worker.ts';
import { type Fault, type Sink, startSink } from '../crash/sink.ts';
import { backTo } from '../support/olderSchema.ts';
import { CAMPAIGN, config, csv, Folder, json, objects, outreach, start, until } from '../support/program.ts';

let folder: Folder;
let sink: Sink;
let faultOf: (to: string) => Fault | undefined;
let app: App | undefined;
const limits = { ...DEADLINES };

beforeEach(async () => {
  folder = new Folder();
  faultOf = () => undefined;
  sink = await startSink((to) => (to === undefined ? undefined : faultOf(to)));
  folder.write('outreach.yaml', config(sink.port));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(3));
  await outreach(folder, ['import', 'leads.csv']);
});

afterEach(async () => {
  Object.assign(DEADLINES, limits);
  await app?.close();
  app = undefined;
  await sink.close();
  folder.remove();
});

/** Runs a change on a connection of its own. */
function inDatabase<T>(work: (db: SqliteConnection) => T): T {
  const db = connect(folder.at('.outreach', 'outreach.db'));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const rows = (sql: string) => inDatabase((db) => db.prepare(sql).all());
const states = async () => (await json<Status>(folder, 'status')).jobs[0]?.states;
const recipients = () => sink.received.map(({ to }) => to);

/** A worker in this process, whose database can be made to refuse every write. */
async function workerHere(mode: WorkerOptions['mode'], only?: 'generate' | 'send') {
  app = await openApp(workspaceAt(folder.path));
  const store = await app.openStore();
  const said: string[] = [];
  const say = (_: object, message: string) => void said.push(message);
  const log = { debug: say, info: say, warn: say, error: say };
  const parts = await workerParts(
    app,
    store,
    log,
    { OUTREACH_STATE: folder.at('state') },
    { ...(only === undefined ? {} : { only }), concurrency: 1 },
  );
  const worker = new Worker(parts, { mode, only, concurrency: 1 });
  const refuse = async (refuses: boolean) => {
    const { sql } = await import('kysely');
    await sql.raw(`pragma query_only = ${refuses ? 1 : 0}`).execute(store.db);
  };
  return { worker, said, refuse };
}

test('what a worker could not give back is told by readers, who write nothing, and taken over by the next command that writes', async () => {
  Object.assign(DEADLINES, { drain: 200 });
  faultOf = (to) => (to.startsWith('lead0@') ? 'dot hang, taken' : undefined);
  const { worker, said, refuse } = await workerHere({ kind: 'forever' });
  const ending = worker.run();
  await until(() => rows("select id from messages where state = 'sending'").length === 2, 'one mail on the wire and one claimed ahead');
  await refuse(true);
  worker.stop();
  const end = await ending;
  expect(end.unreturned).toMatchObject({ mails: 2, trouble: 'the database cannot be written to' });
  expect(said).toContain('mails could not be given back');
  await app?.close();

  const before = rows('select * from messages');
  const status = await json<Status>(folder, 'status');
  expect(status.jobs[0]?.abandoned).toEqual({ pending: 0, ready: 1, uncertain: 1 });
  expect((await outreach(folder, ['status'])).stdout).toContain(
    'a worker that is gone still holds mails; the next one takes them over at its start (1 ready again, 1 uncertain)',
  );
  const armed = await json(folder, 'why', '1');
  expect(armed).toMatchObject({ state: 'sending', becomes: 'uncertain', expected_at: null });
  const unarmed = await json<{ expected_at: string; becomes: string }>(folder, 'why', '2');
  expect(unarmed.becomes).toBe('ready');
  expect(Date.parse(unarmed.expected_at) - Date.now()).toBeLessThan(60_000);
  expect((await json(folder, 'show', '2')).reason).toContain('its worker is gone');
  const listed = objects(await outreach(folder, ['messages', '--json']));
  expect(listed.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('uncertain, as it may have been accepted'),
    expect.stringContaining('ready again, as nothing of it was sent'),
    null,
  ]);
  await outreach(folder, ['jobs']);
  expect(rows('select * from messages')).toEqual(before);

  const paused = await outreach(folder, ['pause', '1']);
  expect(paused.stderr).toContain('Taken over from a worker that is gone: 1 ready, 1 uncertain.');
  expect(await states()).toMatchObject({ sending: 0, ready: 2, uncertain: 1 });
  expect(rows('select count(*) as n from usage_ledger where released_at is null')).toEqual([{ n: 1 }]);
});

test('a worker that is stopped gives everything back, though the disk refuses for a while', async () => {
  Object.assign(DEADLINES, { drain: 200 });
  faultOf = (to) => (to.startsWith('lead0@') ? 'dot hang, taken' : undefined);
  const { worker, refuse } = await workerHere({ kind: 'forever' });
  const ending = worker.run();
  await until(() => rows("select id from messages where state = 'sending'").length === 2, 'one mail on the wire and one claimed ahead');
  await refuse(true);
  worker.stop();
  await sleep(1_000);
  await refuse(false);
  const end = await ending;
  expect(end.unreturned).toBeUndefined();
  expect(end.tally).toMatchObject({ uncertain: 1, accepted: 0 });
  expect(await states()).toMatchObject({ sending: 0, ready: 2, uncertain: 1 });
  expect(rows('select id from workers where stopped_at is null')).toEqual([]);
});

test('a step that failed gives its lead back as soon as the disk works again: nobody waits for its time limit', async () => {
  folder.write('more.csv', csv(200).replaceAll('lead', 'more'));
  await outreach(folder, ['import', 'more.csv']);
  const { worker, said, refuse } = await workerHere({ kind: 'until_done' }, 'generate');
  const ending = worker.run();
  await until(() => rows("select id from messages where state = 'ready'").length > 0, 'the first drafts');
  await refuse(true);
  await until(() => said.includes('nothing is claimed while this lasts'), 'trouble');
  await sleep(300);
  const held = rows("select id from messages where state = 'drafting'").length;
  await refuse(false);
  const began = performance.now();
  const end = await ending;
  expect(held).toBeGreaterThan(0);
  expect(said).toContain('gave back what a failed step had left');
  expect(performance.now() - began).toBeLessThan(60_000);
  expect(end).toMatchObject({ unreturned: undefined, tally: { generated: 203 } });
  expect(rows('select state, count(*) as n from messages group by state')).toEqual([{ state: 'ready', n: 203 }]);
});

test.each([
  ['a worker that had said goodbye', Date.now()],
  ['a worker of which no row is left', undefined],
])('what %s still holds is written and sent by the next worker at once', async (_, stoppedAt) => {
  inDatabase((db) => {
    if (stoppedAt !== undefined)
      db.prepare("insert into workers (id, host, pid, mode, started_at, stopped_at) values ('gone', 'here', 1, 'drain', 1, ?)").run(
        stoppedAt,
      );
    db.prepare("update messages set state = 'drafting', worker_id = 'gone', deadline_at = ?, token = 1").run(Date.now() + 300_000);
  });
  expect(await json(folder, 'why', '1')).toMatchObject({ state: 'drafting', becomes: 'pending' });
  const { code, stdout } = await outreach(folder, ['worker', '--until-done', '--only', 'generate', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ generated: 3, unreturned: 0 });
  expect(await states()).toMatchObject({ drafting: 0, ready: 3 });
});

test('--only generate --until-done waits for what another worker is writing', async () => {
  inDatabase((db) => {
    db.prepare("update messages set state = 'drafting', worker_id = 'other', deadline_at = ?, token = 1 where id = 1").run(
      Date.now() + 4_000,
    );
  });
  const lock = takeLivenessLock(folder.at('.outreach', 'outreach.db.locks'), 'other');
  const { code } = await outreach(folder, ['worker', '--until-done', '--only', 'generate']);
  lock.release();
  expect(code).toBe(0);
  expect(await states()).toMatchObject({ drafting: 0, ready: 3 });
});

test('in a copy nobody takes back what was on its way: only reconcile may say what became of it', async () => {
  await outreach(folder, ['worker', '--drain', '--only', 'generate']);
  inDatabase((db) => {
    db.prepare("update messages set state = 'sending', worker_id = 'gone', deadline_at = ?, token = 1 where id = 1").run(Date.now() - 1);
    db.exec('update guard set marked_at = 1');
  });
  await outreach(folder, ['worker', '--drain', '--only', 'generate']);
  await outreach(folder, ['pause', '1']);
  expect(await states()).toMatchObject({ sending: 1, ready: 2 });
});

test('a server that asked for a mail is not kept waiting while another program holds the database', async () => {
  Object.assign(DEADLINES, { arming: 300 });
  folder.write('leads.csv', csv(1));
  const { worker } = await workerHere({ kind: 'until_done' });
  inDatabase((db) => db.exec("update messages set state = 'cancelled' where id > 1"));
  const other = connect(folder.at('.outreach', 'outreach.db'));
  let held = false;
  const hold = (milestone: unknown) => {
    if (milestone !== 't2.asked' || held) return;
    held = true;
    other.exec('begin immediate');
    setTimeout(() => other.exec('rollback'), 1_500);
  };
  subscribe('outreach:milestone', hold);
  try {
    await worker.run();
  } finally {
    unsubscribe('outreach:milestone', hold);
    other.close();
  }
  expect(rows('select outcome, armed_at is null as unarmed from attempts order by id')).toEqual([
    { outcome: 'not_armed', unarmed: 1 },
    { outcome: 'accepted', unarmed: 0 },
  ]);
  expect(recipients()).toEqual(['lead0@company0.example']);
});

test('a command waits for a database that is held for seconds, and says who holds it', { timeout: 40_000 }, async () => {
  const other = connect(folder.at('.outreach', 'outreach.db'));
  other.exec('begin immediate');
  const pausing = start(folder, ['pause', '1']);
  await until(() => pausing.talk().includes('Waiting: another program holds the database'), 'the sentence');
  if (process.platform === 'linux') expect(pausing.talk()).toContain(`(pid ${process.pid})`);
  other.exec('rollback');
  other.close();
  expect((await pausing.ended).code).toBe(0);
});

test.skipIf(process.platform !== 'linux')(
  'where a worker of ours holds the database, the error says which, and does not ask to close it',
  async () => {
    const path = folder.at('.outreach', 'outreach.db');
    const script = `const db = new (require(process.argv[1]))(process.argv[2]); db.exec('begin immediate'); console.log('held'); setInterval(() => {}, 1000)`;
    const library = createRequire(import.meta.url).resolve(
      Number(process.versions.node.split('.')[0]) >= 22 ? 'better-sqlite3' : 'better-sqlite3-v12',
    );
    const lock = takeLivenessLock(`${path}.locks`, 'busy');
    const store = await openStore(path, { patience: 200 });
    const child = spawn(process.execPath, ['-e', script, library, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = async () => storageError(await store.write(async () => {}).catch((error: unknown) => error));
    try {
      inDatabase((db) =>
        db
          .prepare("insert into workers (id, host, pid, mode, started_at) values ('busy', 'here', ?, 'forever', ?)")
          .run(child.pid, Date.parse('2026-12-01T10:00:00Z')),
      );
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const ours = await said();
      expect(ours?.message).toContain(`the database is held by outreach worker (pid ${child.pid}, running since 2026-12-01T10:00:00.000Z)`);
      expect(ours?.hint).not.toContain('Close it');
      lock.release();
      const other = await said();
      expect(other?.message).toContain('another program holds the database: ');
      expect(other?.message).toContain(`(pid ${child.pid})`);
      expect(other?.hint).toContain('Close it');
    } finally {
      child.kill('SIGKILL');
      await store.close();
    }
  },
);

test('of many programs that meet an older database at once each finds it up to date, and one copy is kept', async () => {
  const older = connect(folder.at('.outreach', 'outreach.db'));
  await backTo(8, older);
  older.close();
  const ends = await Promise.all(Array.from({ length: 6 }, () => outreach(folder, ['jobs'])));
  expect(ends.map(({ code, stderr }) => ({ code, stderr }))).toEqual(ends.map(() => ({ code: 0, stderr: '' })));
  expect(readdirSync(folder.at('.outreach')).filter((name) => name.includes('.before-'))).toEqual([`outreach.db.before-${SCHEMA_VERSION}`]);
  expect(existsSync(folder.at('.outreach', 'outreach.db.updating'))).toBe(false);
});
