import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, ENTRY, Folder, json, outreach } from '../support/program.ts';

const DISK = join(import.meta.dirname, '..', 'support', 'disk.mjs');

let folder: Folder;
let sink: Sink;

beforeEach(async () => {
  folder = new Folder();
  sink = await startSink(() => undefined);
  folder.write('outreach.yaml', config(sink.port));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(3));
  await outreach(folder, ['import', 'leads.csv']);
  await outreach(folder, ['worker', '--until-done', '--only', 'generate']);
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

/** A worker whose disk answers so many times whether the log has arrived, and then not at all, or with errors. */
function workerOn(disk: 'silent' | 'broken', answers: number) {
  return fork(ENTRY, ['worker', '--until-done', '--concurrency', '1'], {
    cwd: folder.path,
    execArgv: ['--import', DISK],
    env: { PATH: process.env.PATH, HOME: folder.path, DISK: disk, DISK_ANSWERS: String(answers) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** The worker is known after one answer, its first mail claimed after two and armed after three. */
test.each([
  [0, 0],
  [1, 0],
  [2, 0],
  [3, 1],
])('after %i answers of the disk at most %i mails are on the wire, and no lead is lost', async (answers, most) => {
  const worker = workerOn('silent', answers);
  await once(worker, 'message');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(sink.received.length).toBeLessThanOrEqual(most);
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  await outreach(folder, ['worker', '--until-done']);
  const { states } = (await json(folder, 'status')).totals as { states: Record<string, number> };
  expect(new Set(sink.received.map(({ to }) => to)).size).toBe(sink.received.length);
  expect((states.accepted ?? 0) + (states.uncertain ?? 0)).toBe(3);
  expect(sink.received.length).toBeGreaterThanOrEqual(states.accepted ?? 0);
});

test('a disk that fails is said to fail; no mail leaves, and none is lost', { timeout: 60_000 }, async () => {
  const worker = workerOn('broken', 0);
  let talk = '';
  worker.stderr?.on('data', (chunk: Buffer) => (talk += chunk.toString()));
  for (let waited = 0; !talk.includes('EIO') && worker.exitCode === null && waited < 100; waited++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect(talk).toContain('EIO');
  expect(sink.received).toEqual([]);
  worker.kill('SIGKILL');
  await outreach(folder, ['worker', '--until-done']);
  expect(sink.received).toHaveLength(3);
  expect(await json(folder, 'status')).toMatchObject({ totals: { succeeded: 3 } });
});
