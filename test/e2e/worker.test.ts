import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Status } from '../../src/app/status.ts';
import { openStore } from '../../src/store/database.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { takeLivenessLock } from '../../src/store/sqlite/lock.ts';
import { suppress } from '../../src/store/suppressions.ts';
import { registerWorker } from '../../src/store/workers.ts';
import { type Fault, type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, json, objects, outreach, start, until } from '../support/program.ts';

let folder: Folder;
let sink: Sink;
let fault: Fault | undefined;

beforeEach(async () => {
  folder = new Folder();
  fault = undefined;
  sink = await startSink((to) => (to === undefined ? undefined : fault));
  folder.write('outreach.yaml', config(sink.port));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(3));
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

const states = async () => (await json<Status>(folder, 'status')).jobs[0]?.states;

test('a dead worker’s mail is recovered within 2 s of the next start', async () => {
  fault = 'dot hang, taken';
  await outreach(folder, ['import', 'leads.csv']);
  const first = start(folder, ['worker', '--concurrency', '1']);
  await until(() => sink.received.length === 1, 'a mail on the wire');
  first.child.kill('SIGKILL');
  await first.ended;
  fault = undefined;
  const began = performance.now();
  const second = start(folder, ['worker', '--until-done', '--json']);
  await until(() => second.talk().includes('took over'), 'recovery');
  expect(performance.now() - began).toBeLessThan(2_000);
  expect((await second.ended).code).toBe(3);
  expect(await states()).toMatchObject({ accepted: 2, uncertain: 1 });
  expect(new Set(sink.received.map(({ to }) => to)).size).toBe(3);
});

test('a running worker recovers what another one held within 10 s', async () => {
  fault = 'dot hang, taken';
  await outreach(folder, ['import', 'leads.csv', '--mode', 'drip', '--rate', '0.001']);
  const first = start(folder, ['worker', '--concurrency', '1']);
  await until(() => sink.received.length === 1, 'a mail on the wire');
  const second = start(folder, ['worker']);
  await until(async () => (await json<Status>(folder, 'status')).workers.length === 2, 'two workers');
  first.child.kill('SIGKILL');
  const began = performance.now();
  await until(() => second.talk().includes('took over'), 'recovery');
  expect(performance.now() - began).toBeLessThan(10_000);
  second.child.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);
  expect(await states()).toMatchObject({ uncertain: 1, ready: 2 });
});

test('behind the probe of a sender that had failed all others go on at once, and no false waiting is said', async () => {
  await outreach(folder, ['import', 'leads.csv']);
  const db = connect(folder.at('.outreach', 'outreach.db'));
  db.prepare("insert into senders (name, next_send_at, rest_until, failures, uncertain_in_row) values ('main', 0, 0, 1, 0)").run();
  db.close();
  fault = 'dot late, taken';
  const worker = start(folder, ['worker', '--until-done']);
  await until(() => sink.received.length === 1, 'the probe on the wire');
  const began = performance.now();
  fault = undefined;
  expect((await worker.ended).code).toBe(0);
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(sink.received).toHaveLength(3);
  expect(worker.talk()).not.toContain('waiting');
});

test('a mail that is to be tried again later is what the end is reckoned from', async () => {
  fault = 'rcpt 450';
  await outreach(folder, ['import', 'leads.csv']);
  const worker = start(folder, ['worker']);
  await until(async () => (await states())?.ready === 3 && worker.talk().split('not sent; later').length === 4, 'three retries');
  worker.child.kill('SIGTERM');
  await worker.ended;
  const eta = Date.parse((await json<Status>(folder, 'status')).jobs[0]?.eta ?? '');
  const due = objects<{ due_at: string }>(await outreach(folder, ['messages', '--json'])).map(({ due_at }) => Date.parse(due_at));
  expect(eta).toBe(Math.max(...due));
});

test('SIGTERM finishes what is on the wire, claims no more, and exits 0', async () => {
  fault = 'dot late, taken';
  await outreach(folder, ['import', 'leads.csv']);
  const worker = start(folder, ['worker', '--concurrency', '1', '--json']);
  await until(() => sink.received.length === 1, 'a mail on the wire');
  worker.child.kill('SIGTERM');
  const { code, stdout } = await worker.ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ accepted: 1, waiting: 2 });
  expect(await states()).toMatchObject({ accepted: 1, ready: 2, sending: 0 });
});

test('a second signal leaves at once, and nothing is lost', async () => {
  fault = 'dot hang, taken';
  await outreach(folder, ['import', 'leads.csv']);
  const worker = start(folder, ['worker', '--concurrency', '1']);
  await until(() => sink.received.length === 1, 'a mail on the wire');
  worker.child.kill('SIGINT');
  await until(() => worker.talk().includes('stopping'), 'the first signal');
  worker.child.kill('SIGINT');
  expect((await worker.ended).code).toBe(130);
  fault = undefined;
  expect((await outreach(folder, ['worker', '--until-done'])).code).toBe(3);
  expect(await states()).toMatchObject({ accepted: 2, uncertain: 1 });
});

test('while another program holds the database nothing is claimed, it is said, and then it goes on', { timeout: 40_000 }, async () => {
  await outreach(folder, ['import', 'leads.csv', '--mode', 'drip', '--rate', '3600']);
  const worker = start(folder, ['worker', '--until-done']);
  await until(() => sink.received.length === 1, 'the first mail');
  const other = connect(folder.at('.outreach', 'outreach.db'));
  other.exec('begin immediate');
  await until(() => worker.talk().includes('another program holds the database'), 'the sentence');
  const held = sink.received.length;
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(sink.received.length).toBe(held);
  other.exec('rollback');
  other.close();
  expect((await worker.ended).code).toBe(0);
  expect(worker.talk()).toContain('the database works again');
  expect(await states()).toMatchObject({ accepted: 3 });
});

test('of twenty workers started at once, and an import and an approval beside them, none fails', { timeout: 180_000 }, async () => {
  folder.write('leads.csv', csv(300));
  folder.write('campaigns/other.md', CAMPAIGN.replace('---\n', '---\nreview: all\n'));
  folder.write('others.csv', csv(40).replaceAll('lead', 'other'));
  await outreach(folder, ['import', 'leads.csv', '--campaign', 'hello']);
  await outreach(folder, ['import', 'others.csv', '--campaign', 'other']);
  await outreach(folder, ['generate', '--campaign', 'other']);
  folder.write('more.csv', csv(300).replaceAll('lead', 'more'));
  const workers = Array.from({ length: 20 }, () => start(folder, ['worker', '--until-done'], { OUTREACH_LOG: 'warn' }));
  await until(() => sink.received.length > 0, 'the first mail', 60_000);
  const beside = [
    ['import', 'more.csv', '--campaign', 'hello'],
    ['approve', '--job', '2', '--unseen'],
    ['suppress', 'add', 'nobody@y.example'],
  ];
  for (const { code, stderr } of await Promise.all(beside.map((words) => outreach(folder, words)))) expect(code, stderr).toBe(0);
  const ends = await Promise.all(workers.map(({ ended }) => ended));
  // What was in review when a worker ended is told by its code.
  for (const { code, stderr } of ends) expect([0, 3], stderr).toContain(code);
  await outreach(folder, ['worker', '--until-done']);
  expect(new Set(sink.received.map(({ to }) => to)).size).toBe(640);
  expect(sink.received).toHaveLength(640);
});

test('a drain reaches the mail that is due behind hundreds whose company must wait', { timeout: 30_000 }, async () => {
  folder.write('outreach.yaml', config(sink.port, '', 'limits: { per_company_day: 1 }\n'));
  const corp = Array.from({ length: 300 }, (_, index) => `p${index}@corp.example,Al,Corp\n`).join('');
  folder.write('leads.csv', `email,first_name,company\n${corp}z@other.example,Zoe,Other\n`);
  await outreach(folder, ['import', 'leads.csv']);
  await outreach(folder, ['worker', '--drain', '--only', 'generate']);
  await outreach(folder, ['worker', '--drain', '--concurrency', '1']);
  expect(sink.received.map(({ to }) => to)).toEqual(['p0@corp.example', 'z@other.example']);
});

test.each([
  { how: [], least: 8 },
  { how: ['--mode', 'drip', '--rate', '36000'], least: 5 },
])('jobs share a sender alike, whatever its gap and theirs: %j', async ({ how, least }) => {
  folder.write('outreach.yaml', config(sink.port, 'gap: { min: 40ms, max: 60ms }'));
  folder.write('campaigns/other.md', CAMPAIGN);
  for (const [job, campaign] of Object.entries({ a: 'hello', b: 'other' })) {
    const rows = Array.from({ length: 24 }, (_, index) => `${job}${index}@c${index}.example,Al,Co\n`).join('');
    folder.write(`${job}.csv`, `email,first_name,company\n${rows}`);
    await outreach(folder, ['import', `${job}.csv`, '--campaign', campaign, ...(job === 'a' ? how : [])]);
  }
  await outreach(folder, ['worker', '--drain', '--only', 'generate']);
  await outreach(folder, ['worker', '--until-done', '--concurrency', '4']);
  expect(sink.received).toHaveLength(48);
  const first = sink.received.slice(0, 20).filter(({ to }) => to.startsWith('a'));
  expect(first.length).toBeGreaterThanOrEqual(least);
  expect(first.length).toBeLessThanOrEqual(20 - least);
});

const STRETCH_SECONDS = 4;

test('an idle worker costs less than 1 % of a core', { timeout: 60_000 }, async () => {
  await outreach(folder, ['import', 'leads.csv', '--at', '2099-01-01T09:00']);
  const worker = start(folder, ['worker']);
  await until(async () => (await states())?.ready === 3, 'drafts');
  const second = () => new Promise((resolve) => setTimeout(resolve, 1_000));
  const used = () => cpuSeconds(worker.child.pid ?? 0);
  // A compiler's threads work on for some seconds where cores are slow.
  await until(async () => {
    const before = used();
    await second();
    return used() - before <= 0.05;
  }, 'the end of its start');
  // The middle of five stretches: V8 collects its garbage once, when a program falls quiet (0.1 s; more on slow cores).
  const stretches: number[] = [];
  for (let count = 0; count < 5; count++) {
    const before = used();
    await new Promise((resolve) => setTimeout(resolve, STRETCH_SECONDS * 1_000));
    stretches.push(used() - before);
  }
  worker.child.kill('SIGTERM');
  await worker.ended;
  expect(stretches.sort((a, b) => a - b)[2]).toBeLessThan(0.01 * STRETCH_SECONDS);
});

test('an import beside a worker never holds its commits above 100 ms at the 95th percentile', async () => {
  folder.write('leads.csv', csv(60_000));
  const store = await openStore(folder.at('.outreach', 'outreach.db'));
  // What an import sees of a worker: its row, and its lock.
  const lock = takeLivenessLock(store.locks, 'beside');
  await store.write((tx) => registerWorker(tx, { id: 'beside', host: 'here', pid: process.pid, mode: 'forever', started_at: Date.now() }));
  const importing = start(folder, ['import', 'leads.csv']);
  let done = false;
  importing.ended.then(() => {
    done = true;
  });
  await until(() => importing.talk().includes('Job 1'), 'the import');
  const waits: number[] = [];
  for (let n = 0; !done; n++) {
    const began = performance.now();
    await store.write((tx) => suppress(tx, `n${n}@y.example`, 'r', 's', 0));
    waits.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  lock.release();
  await store.close();
  waits.sort((a, b) => a - b);
  expect(waits.length).toBeGreaterThan(30);
  expect(waits[Math.floor(waits.length * 0.95)]).toBeLessThan(100);
});

/** User and system time of a process so far, from /proc (clock ticks of 10 ms). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
