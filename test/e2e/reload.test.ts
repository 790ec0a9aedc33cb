import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openApp, sleep } from '../../src/app/app.ts';
import { workerParts } from '../../src/app/parts.ts';
import { partsAgain } from '../../src/app/reload.ts';
import type { Status } from '../../src/app/status.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { DEADLINES } from '../../src/domain/deadlines.ts';
import { Relay } from '../../src/worker/relay.ts';
import { type Fault, type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, json, outreach, start, until } from '../support/program.ts';

let folder: Folder;
let sink: Sink;
let faultOf: (to: string) => Fault | undefined;

beforeEach(async () => {
  folder = new Folder();
  faultOf = () => undefined;
  sink = await startSink((to) => (to === undefined ? undefined : faultOf(to)));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(3));
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

const states = async () => (await json<Status>(folder, 'status')).jobs[0]?.states;
const recipients = () => sink.received.map(({ to }) => to);
const settings = (sender: string, rest = '') => writeFileSync(folder.at('outreach.yaml'), config(sink.port, sender, rest));

/** No recipient twice. */
const eachOnce = () => expect(new Set(recipients()).size).toBe(recipients().length);

test.skipIf(process.platform === 'win32')('SIGHUP reads outreach.yaml again: a raised cap lets the rest go', async () => {
  settings('daily_cap: 1');
  await outreach(folder, ['import', 'leads.csv']);
  const worker = start(folder, ['worker', '--json']);
  await until(async () => (await states())?.accepted === 1 && (await states())?.ready === 2, 'one mail, and the cap is full');
  const workers = async () => (await json<Status>(folder, 'status')).workers;
  const [before] = await workers();
  settings('daily_cap: 100');
  worker.child.kill('SIGHUP');
  await until(() => sink.received.length === 3, 'the other two');
  await until(async () => (await workers()).length === 1, 'the worker before to say goodbye');
  const [after] = await workers();
  expect(after?.id).not.toBe(before?.id);
  expect(after?.started_at).toBe(before?.started_at);
  worker.child.kill('SIGTERM');
  const { code, stdout, stderr } = await worker.ended;
  expect(code).toBe(0);
  expect(stderr).toContain('settings read again');
  // What both did is told together.
  expect(JSON.parse(stdout)).toMatchObject({ generated: 3, accepted: 3, uncertain: 0, waiting: 0 });
  eachOnce();
});

test.skipIf(process.platform === 'win32').each([
  ['cannot be read', 'version: 1\nidentity: {', 'outreach.yaml:'],
  ['has an unknown key', 'version: 1\nsendres: []\n', 'sendres'],
  ['asks for a secret that is not there', undefined, 'the environment variable NOT_SET is not set'],
  ['names another database', undefined, 'database: a running worker keeps its own'],
])('settings that %s are not taken: the log says why in a sentence, and work goes on', async (_, text, why) => {
  settings('');
  await outreach(folder, ['import', 'leads.csv', '--mode', 'drip', '--rate', '3600']);
  const worker = start(folder, ['worker', '--json']);
  await until(() => sink.received.length === 1, 'the first mail');
  if (text !== undefined) writeFileSync(folder.at('outreach.yaml'), text);
  else if (why.startsWith('database')) settings('', 'database: other.db\n');
  else settings('user: ana, password: "env:NOT_SET"');
  worker.child.kill('SIGHUP');
  await until(() => worker.talk().includes('the settings stay as they were'), 'the sentence');
  const said = worker
    .talk()
    .split('\n')
    .filter((line) => line.includes('the settings stay as they were'));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(why);
  const before = sink.received.length;
  expect(before).toBeLessThan(3);
  await until(() => sink.received.length === 3, 'the drip to go on');
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  eachOnce();
});

test.skipIf(process.platform === 'win32')('a mail on the wire is not disturbed, and does not hold the new settings up', async () => {
  faultOf = (to) => (to.startsWith('lead0@') ? 'dot hang, taken' : undefined);
  settings('daily_cap: 1');
  await outreach(folder, ['import', 'leads.csv']);
  const worker = start(folder, ['worker']);
  await until(() => sink.received.length === 1, 'a mail that waits for its reply');
  settings('daily_cap: 100');
  worker.child.kill('SIGHUP');
  await until(async () => (await states())?.accepted === 2, 'the others');
  expect(await states()).toMatchObject({ sending: 1, uncertain: 0 });
  worker.child.kill('SIGTERM');
  await until(() => worker.talk().includes('stopping'), 'the stop');
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(130);
  eachOnce();
});

test('a reload cuts no mail that a slow server has not answered yet; a stop does', async () => {
  const drain = DEADLINES.drain;
  Object.assign(DEADLINES, { drain: 300 });
  faultOf = () => 'dot hang, taken';
  settings('');
  folder.write('leads.csv', csv(1));
  await outreach(folder, ['import', 'leads.csv']);
  const app = await openApp(workspaceAt(folder.path));
  const said: string[] = [];
  const say = (_: object, message: string) => void said.push(message);
  const log = { debug: say, info: say, warn: say, error: say };
  const env = { OUTREACH_STATE: folder.at('state') };
  try {
    const first = await workerParts(app, await app.openStore(), log, env, { concurrency: 1 });
    const again = () => partsAgain(app, first, log, env, { concurrency: 1 });
    const relay = new Relay(again, { mode: { kind: 'forever' }, only: undefined, concurrency: 1 }, log);
    const ending = relay.run(first);
    await until(() => sink.received.length === 1, 'a mail that waits for its reply');
    relay.reload();
    await until(() => said.some((message) => message.startsWith('settings read again')), 'the reload');
    await sleep(4 * DEADLINES.drain);
    expect(await states()).toMatchObject({ sending: 1, uncertain: 0 });
    relay.stop();
    expect((await ending).tally).toMatchObject({ uncertain: 1, accepted: 0 });
  } finally {
    await app.close();
    Object.assign(DEADLINES, { drain });
  }
});

test.skipIf(process.platform === 'win32')('thirty SIGHUPs in a run send nothing twice and lose nothing', { timeout: 60_000 }, async () => {
  folder.write('leads.csv', csv(300));
  settings('');
  await outreach(folder, ['import', 'leads.csv']);
  const worker = start(folder, ['worker', '--until-done', '--json']);
  await until(() => sink.received.length > 3, 'the first mails');
  for (let count = 0; count < 30 && worker.child.exitCode === null; count++) {
    worker.child.kill('SIGHUP');
    const seen = sink.received.length;
    await until(() => sink.received.length > seen || worker.child.exitCode !== null || seen === 300, 'another mail');
  }
  const { code, stdout, stderr } = await worker.ended;
  expect(code, stderr).toBe(0);
  expect(stderr.split('settings read again').length).toBeGreaterThan(2);
  expect(JSON.parse(stdout)).toMatchObject({ generated: 300, accepted: 300, failed: 0, uncertain: 0 });
  expect(sink.received).toHaveLength(300);
  eachOnce();
});

test.skipIf(process.platform === 'win32')('a drain ends as it began', async () => {
  faultOf = () => 'dot late, taken';
  settings('');
  await outreach(folder, ['import', 'leads.csv']);
  const worker = start(folder, ['worker', '--drain', '--concurrency', '1']);
  await until(() => sink.received.length === 1, 'the first mail');
  worker.child.kill('SIGHUP');
  const { code, stderr } = await worker.ended;
  expect(code).toBe(0);
  expect(stderr).toContain('a drain ends with the settings it began with');
  expect(sink.received).toHaveLength(3);
});

test.skipIf(process.platform !== 'linux' || spawnSync('script', ['--version']).status !== 0)(
  'when its terminal goes away the worker stops instead, and finishes the mail on the wire',
  async () => {
    faultOf = () => 'dot late, taken';
    settings('');
    await outreach(folder, ['import', 'leads.csv']);
    const { path } = folder;
    const command = `"${process.execPath}" bin/outreach.js worker --concurrency 1 --workspace "${path}"`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, HOME: path, OUTREACH_STATE: folder.at('state') },
    });
    await until(() => sink.received.length === 1, 'a mail on the wire');
    terminal.kill('SIGKILL');
    await until(async () => (await json<Status>(folder, 'status')).workers.length === 0, 'the goodbye');
    expect(await states()).toMatchObject({ accepted: 1, ready: 2, sending: 0, uncertain: 0 });
  },
);
