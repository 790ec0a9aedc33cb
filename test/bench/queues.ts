import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { claimForDrafting, finishDraft } from '../../src/store/messages.ts';
import { Bench } from '../support/bench.ts';
import { csv, Folder } from '../support/program.ts';
import { median, verdict } from './measure.ts';
import { startPostgres, startRedis } from './servers.ts';

/** Installed beside the project when this bench runs: nobody else needs them. */
const PEERS = { plainjob: '0.0.14', bullmq: '6.7.0', ioredis: '5', 'pg-boss': '10', 'graphile-worker': '0.16', pg: '8' };
const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'bench-peers');
const BATCH = 50;

/** Takes `jobs` empty jobs from its queue and ends them, every claim and end on disk; returns jobs a second. */
type Engine = (jobs: number, folder: Folder) => Promise<number | string>;

/** Durable claims a second beside queue engines doing the same empty job: claim, run nothing, end. In turn, round by round. */
export async function benchQueues(full: boolean): Promise<boolean> {
  installPeers();
  const jobs = full ? 20_000 : 5_000;
  const rounds = full ? 5 : 3;
  const engines: [string, Engine][] = [
    ['plainjob on SQLite (synchronous=FULL)', plainjob],
    ['BullMQ on Redis (appendfsync always)', bullmq],
    ['pg-boss on PostgreSQL', pgBoss],
    ['graphile-worker on PostgreSQL', graphileWorker],
  ];
  console.log(`empty jobs claimed and ended a second, ${jobs} a round, batches of up to ${BATCH} where an engine has them`);
  let met = true;
  for (const [name, engine] of engines) {
    const [us, them]: [number[], number[]] = [[], []];
    let missing: string | undefined;
    for (let round = 0; round < rounds && missing === undefined; round++) {
      us.push(await outreach(jobs));
      const rate = await inFolder((folder) => engine(jobs, folder));
      if (typeof rate === 'string') missing = rate;
      else them.push(rate);
    }
    if (missing !== undefined) console.log(`  skip ${name}: ${missing}`);
    else
      met =
        verdict(
          `outreach / ${name}`,
          median(us) / median(them),
          { least: 1 },
          `${Math.round(median(us))} and ${Math.round(median(them))} a second here`,
        ) && met;
  }
  return met;
}

/** The queue of our own is the table of messages: a batch is claimed in one statement, and ends share their commits. */
async function outreach(jobs: number): Promise<number> {
  const bench = await Bench.open();
  try {
    await bench.import(csv(jobs));
    const { store, now } = bench;
    const began = performance.now();
    for (let done = 0; done < jobs; ) {
      const claimed = await store.write((tx) =>
        claimForDrafting(tx, { jobId: 1, worker: 'w', deadlineAt: now + 60_000, now, limit: BATCH, ids: undefined }),
      );
      const ends = claimed.map(({ id, token }) =>
        store.write((tx) =>
          finishDraft(tx, { id, worker: 'w', token }, { state: 'review', contentHash: null, frozen: null, reason: null, now }),
        ),
      );
      done += (await Promise.all(ends)).filter(Boolean).length;
    }
    return perSecond(jobs, began);
  } finally {
    await bench.close();
  }
}

async function plainjob(jobs: number, folder: Folder): Promise<number> {
  const { better, defineQueue, defineWorker } = await load('plainjob');
  const sqlite = new (sqlitePackage())(folder.at('jobs.db'));
  const queue = defineQueue({ connection: better(sqlite), logger: QUIET });
  sqlite.pragma('synchronous = FULL');
  queue.addMany(
    'empty',
    Array.from({ length: jobs }, (_, index) => ({ index })),
  );
  let done = 0;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const worker = defineWorker('empty', async () => {}, { queue, logger: QUIET, onCompleted: () => void (++done === jobs && finish()) });
  const began = performance.now();
  void worker.start();
  await finished;
  const rate = perSecond(jobs, began);
  await worker.stop();
  queue.close();
  return rate;
}

async function bullmq(jobs: number, folder: Folder): Promise<number | string> {
  const redis = await startRedis(folder);
  if (redis === undefined) return 'there is no redis-server here';
  const { Queue, Worker } = await load('bullmq');
  const connection = { url: redis.url, maxRetriesPerRequest: null };
  const queue = new Queue('empty', { connection });
  try {
    await queue.addBulk(Array.from({ length: jobs }, (_, index) => ({ name: 'empty', data: { index } })));
    let done = 0;
    const began = performance.now();
    const worker = new Worker('empty', async () => {}, { connection, concurrency: BATCH });
    await new Promise<void>((resolve) => worker.on('completed', () => void (++done === jobs && resolve())));
    const rate = perSecond(jobs, began);
    await worker.close();
    return rate;
  } finally {
    await queue.close();
    await redis.stop();
  }
}

async function pgBoss(jobs: number, folder: Folder): Promise<number | string> {
  const postgres = await startPostgres(folder);
  if (postgres === undefined) return 'there is no PostgreSQL server here';
  const { default: Boss } = await load('pg-boss');
  const boss = new Boss({ connectionString: postgres.url, supervise: false, schedule: false });
  boss.on('error', () => {});
  try {
    await boss.start();
    await boss.createQueue('empty');
    await boss.insert(Array.from({ length: jobs }, (_, index) => ({ name: 'empty', data: { index } })));
    const began = performance.now();
    const lane = async () => {
      for (;;) {
        const batch: { id: string }[] = await boss.fetch('empty', { batchSize: BATCH });
        if (batch.length === 0) return;
        await boss.complete(
          'empty',
          batch.map(({ id }) => id),
        );
      }
    };
    await Promise.all(Array.from({ length: 4 }, lane));
    return perSecond(jobs, began);
  } finally {
    await boss.stop({ graceful: false });
    await postgres.stop();
  }
}

async function graphileWorker(jobs: number, folder: Folder): Promise<number | string> {
  const postgres = await startPostgres(folder);
  if (postgres === undefined) return 'there is no PostgreSQL server here';
  const { run, makeWorkerUtils, Logger } = await load('graphile-worker');
  const { default: pg } = await load('pg');
  const pgPool = new pg.Pool({ connectionString: postgres.url, max: 10 });
  pgPool.on('error', () => {});
  const settings = { pgPool, logger: new Logger(() => () => {}), noHandleSignals: true };
  try {
    const utils = await makeWorkerUtils(settings);
    await utils.migrate();
    await utils.withPgClient((client: { query(text: string, values: unknown[]): Promise<unknown> }) =>
      client.query("select graphile_worker.add_job('empty', json_build_object('i', i)) from generate_series(1, $1::int) i", [jobs]),
    );
    await utils.release();
    let done = 0;
    let finish = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const began = performance.now();
    const runner = await run({ ...settings, concurrency: BATCH, taskList: { empty: async () => {} } });
    runner.events.on('job:complete', () => void (++done === jobs && finish()));
    await finished;
    const rate = perSecond(jobs, began);
    await runner.stop();
    return rate;
  } finally {
    await pgPool.end();
    await postgres.stop();
  }
}

function perSecond(jobs: number, began: number): number {
  return jobs / ((performance.now() - began) / 1_000);
}

async function inFolder<T>(work: (folder: Folder) => Promise<T>): Promise<T> {
  const folder = new Folder();
  try {
    return await work(folder);
  } finally {
    folder.remove();
  }
}

const QUIET = { error() {}, warn() {}, info() {}, debug() {} };

function installPeers(): void {
  if (Object.keys(PEERS).every((name) => existsSync(join(CACHE, 'node_modules', name)))) return;
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(join(CACHE, 'package.json'), JSON.stringify({ private: true, dependencies: PEERS }));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: CACHE, stdio: 'ignore' });
}

// biome-ignore lint/suspicious/noExplicitAny: the peers are not installed where types are checked
async function load(name: string): Promise<any> {
  const { resolve } = createRequire(join(CACHE, 'package.json'));
  return import(pathToFileURL(resolve(name)).href);
}

function sqlitePackage() {
  const name = Number(process.versions.node.split('.')[0]) >= 22 ? 'better-sqlite3' : 'better-sqlite3-v12';
  return createRequire(import.meta.url)(name);
}
