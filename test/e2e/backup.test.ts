import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Status } from '../../src/app/status.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { type Fault, type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, json, outreach, start, until } from '../support/program.ts';

const LEADS = 10;
let folder: Folder;
let sink: Sink;
let fault: Fault | undefined;

beforeEach(async () => {
  folder = new Folder();
  fault = undefined;
  sink = await startSink((to) => (to === undefined ? undefined : fault));
  writeWorkspace('ws');
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

function writeWorkspace(name: string): void {
  folder.write(`${name}/outreach.yaml`, config(sink.port));
  folder.write(`${name}/campaigns/hello.md`, CAMPAIGN);
  folder.write('leads.csv', csv(LEADS));
}

const database = (workspace = 'ws') => folder.at(workspace, '.outreach', 'outreach.db');
const on = (workspace: string) => ['--workspace', folder.at(workspace)];
const send = (workspace = 'ws', env: Record<string, string> = {}) =>
  outreach(folder, ['worker', '--until-done', ...on(workspace)], { OUTREACH_MACHINE_ID: 'here', ...env });
const run = (...parameters: string[]) => outreach(folder, [...parameters, ...on('ws')], { OUTREACH_MACHINE_ID: 'here' });

/** Sends this many of the leads with a worker that is killed, so that the rest still waits. */
async function sendSome(count: number): Promise<void> {
  await run('import', 'leads.csv');
  const worker = start(folder, ['worker', '--concurrency', '1', ...on('ws')], { OUTREACH_MACHINE_ID: 'here' });
  await until(() => sink.received.length >= count, `${count} mails`);
  worker.child.kill('SIGTERM');
  await worker.ended;
}

function copyDatabase(to: string): void {
  for (const suffix of ['', '-wal']) if (existsSync(`${database()}${suffix}`)) cpSync(`${database()}${suffix}`, `${to}${suffix}`);
}

function putBack(from: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(`${database()}${suffix}`, { force: true });
  cpSync(from, database());
}

const twice = () => sink.received.length - new Set(sink.received.map(({ to }) => to)).size;

test('yesterday’s database put back sends nothing, says why, and reconcile pauses its jobs', async () => {
  await sendSome(5);
  copyDatabase(folder.at('yesterday.db'));
  expect((await send()).code).toBe(0);
  expect(sink.received).toHaveLength(LEADS);
  putBack(folder.at('yesterday.db'));

  const refused = await send();
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/is an older copy, \d+ sends? behind what this machine has sent/);
  expect(refused.stderr).toContain('outreach reconcile');
  expect(sink.received).toHaveLength(LEADS);
  expect((await run('status')).stdout).toContain('Nothing is sent:');
  expect((await run('status')).stdout).toContain('Next: outreach reconcile');

  const shown = await run('reconcile');
  expect(shown.code).toBe(0);
  expect(shown.stdout).toContain('--sent FILE');
  expect((await send()).code).toBe(2);

  expect((await run('reconcile', '--yes')).stdout).toContain('1 job paused');
  const [job] = (await json<Status>(folder, 'status', ...on('ws'))).jobs;
  expect(job).toMatchObject({ status: 'paused', paused_reason: 'restored' });
  expect((await send()).code).toBe(0);
  expect(sink.received).toHaveLength(LEADS);
});

test('the people of a list of what was sent are never mailed again, and the others are', async () => {
  await sendSome(3);
  copyDatabase(folder.at('yesterday.db'));
  const worker = start(folder, ['worker', '--concurrency', '1', ...on('ws')], { OUTREACH_MACHINE_ID: 'here' });
  await until(() => sink.received.length >= 6, 'more mails');
  worker.child.kill('SIGTERM');
  await worker.ended;
  putBack(folder.at('yesterday.db'));
  folder.write(
    'sent.csv',
    `Date,To,Subject\n${sink.received.map(({ to }) => `today,${to.toUpperCase()},x`).join('\n')}\ntoday,nobody@else.example,x\n`,
  );
  const done = await run('reconcile', '--sent', 'sent.csv', '--yes', '--json');
  expect(JSON.parse(done.stdout)).toMatchObject({ found: 'behind', taken_over: true, unknown_people: 1 });
  expect((await run('resume', '1')).code).toBe(0);
  expect((await send()).code).toBe(0);
  expect(new Set(sink.received.map(({ to }) => to)).size).toBe(LEADS);
  expect(twice()).toBe(0);
});

test('a mail that was on its way in the copy is uncertain afterwards, armed or not', async () => {
  await run('import', 'leads.csv');
  fault = 'dot hang, taken';
  const worker = start(folder, ['worker', '--concurrency', '1', ...on('ws')], { OUTREACH_MACHINE_ID: 'here' });
  await until(() => sink.received.length === 1, 'a mail on the wire');
  worker.child.kill('SIGKILL');
  await worker.ended;
  copyDatabase(folder.at('then.db'));
  fault = undefined;
  expect((await send()).code).toBe(3);
  rmSync(database());
  for (const suffix of ['-wal', '-shm']) rmSync(`${database()}${suffix}`, { force: true });
  for (const suffix of ['', '-wal'])
    if (existsSync(folder.at(`then.db${suffix}`))) cpSync(folder.at(`then.db${suffix}`), `${database()}${suffix}`);
  expect((await run('reconcile', '--yes')).stdout).toMatch(/mails? on the way back then, uncertain now/);
  const [job] = (await json<Status>(folder, 'status', ...on('ws'))).jobs;
  // The one on the wire, and the one that was claimed ahead of its turn.
  expect(job?.states.sending).toBe(0);
  expect(job?.states.uncertain).toBe(2);
});

test('a rolled back workspace is noticed by the seal outside of it', async () => {
  await sendSome(5);
  cpSync(folder.at('ws'), folder.at('snapshot'), { recursive: true });
  await send();
  rmSync(folder.at('ws'), { recursive: true });
  renameSync(folder.at('snapshot'), folder.at('ws'));
  const refused = await send();
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('behind what this machine has sent');
  expect(sink.received).toHaveLength(LEADS);
});

test('a workspace that was renamed goes on, and a copy beside the original does not', async () => {
  await sendSome(5);
  renameSync(folder.at('ws'), folder.at('renamed'));
  cpSync(folder.at('renamed'), folder.at('copy'), { recursive: true });
  const sent = sink.received.length;
  expect((await send('renamed')).code).toBe(0);
  expect(sink.received).toHaveLength(LEADS);
  expect(sent).toBeLessThan(LEADS);
  expect((await send('copy')).code).toBe(2);
  expect(sink.received).toHaveLength(LEADS);
});

test('a copy beside the original is refused before either has sent more', async () => {
  await sendSome(5);
  cpSync(folder.at('ws'), folder.at('copy'), { recursive: true });
  const sent = sink.received.length;
  const refused = await send('copy');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(`is a copy of ${database()}`);
  expect(sink.received).toHaveLength(sent);
  expect((await outreach(folder, ['reconcile', '--moved', ...on('copy')], { OUTREACH_MACHINE_ID: 'here' })).code).toBe(0);
  expect((await send('copy')).code).toBe(0);
  expect((await send('ws')).code).toBe(2);
  expect(twice()).toBe(0);
});

test('on another machine nothing is sent before a person says that it moved', async () => {
  await sendSome(5);
  const refused = await send('ws', { OUTREACH_MACHINE_ID: 'there', OUTREACH_STATE: folder.at('state-there') });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('comes from another machine');
  const there = { OUTREACH_MACHINE_ID: 'there', OUTREACH_STATE: folder.at('state-there') };
  expect((await outreach(folder, ['reconcile', '--moved', ...on('ws')], there)).code).toBe(0);
  expect((await send('ws', there)).code).toBe(0);
  expect(sink.received).toHaveLength(LEADS);
  expect((await send('ws')).code).toBe(2);
});

test('writing goes on where sending is refused', async () => {
  await sendSome(5);
  folder.write('more.csv', 'email,first_name,company\nnew@other.example,New,Other\n');
  await run('import', 'more.csv');
  const ended = await outreach(folder, ['worker', '--until-done', '--only', 'generate', ...on('ws')], { OUTREACH_MACHINE_ID: 'there' });
  expect(ended.code).toBe(0);
});

test('a backup is one checked private file with the key beside it, and used as the database it sends nothing', async () => {
  await sendSome(5);
  writeFileSync(folder.at('ws', '.outreach', 'key'), Buffer.alloc(32, 7), { mode: 0o600 });
  const made = await run('backup', 'safe.db');
  expect(made.code).toBe(0);
  expect(statSync(folder.at('safe.db')).mode & 0o777).toBe(0o600);
  expect(statSync(folder.at('safe.db.key')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder.path).filter((name) => name.includes('.part'))).toEqual([]);
  const again = await run('backup', 'safe.db');
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('exists already');
  expect((await run('backup', 'safe.db', '--force')).code).toBe(0);

  // No seal anywhere, no machine: the mark alone holds it.
  writeWorkspace('other');
  mkdirSync(folder.at('other', '.outreach'));
  cpSync(folder.at('safe.db'), database('other'));
  const sent = sink.received.length;
  const refused = await send('other', { OUTREACH_STATE: folder.at('elsewhere') });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('is a backup made 20');
  expect(sink.received).toHaveLength(sent);
  expect((await send()).code).toBe(0);
  expect(sink.received).toHaveLength(LEADS);
});

test('a backup can be taken while a worker sends', async () => {
  await run('import', 'leads.csv', '--mode', 'drip', '--rate', '36000');
  const worker = start(folder, ['worker', '--until-done', ...on('ws')], { OUTREACH_MACHINE_ID: 'here' });
  await until(() => sink.received.length >= 2, 'two mails');
  expect((await run('backup', 'safe.db')).code).toBe(0);
  expect((await worker.ended).code).toBe(0);
  expect(sink.received).toHaveLength(LEADS);
  const copy = connect(folder.at('safe.db'), { readonly: true });
  expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
  copy.close();
});

test('restore keeps the database that was there, puts the key in place, and sends nothing before reconcile', async () => {
  await sendSome(5);
  writeFileSync(folder.at('ws', '.outreach', 'key'), Buffer.alloc(32, 7));
  await run('backup', 'safe.db');
  await send();
  rmSync(folder.at('ws', '.outreach', 'key'));
  const restored = await run('restore', 'safe.db', '--json');
  expect(restored.stderr).toBe('');
  const { kept, key } = JSON.parse(restored.stdout) as { kept: string; key: string };
  expect(key).toBe('restored');
  expect(readFileSync(folder.at('ws', '.outreach', 'key'))).toEqual(Buffer.alloc(32, 7));
  const before = connect(kept, { readonly: true });
  expect(before.prepare("select count(*) as n from messages where state = 'accepted'").all()).toEqual([{ n: LEADS }]);
  before.close();
  const refused = await send();
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/is a backup made 20\S+ \S+ UTC, \d sends? behind what this machine has sent/);
  expect(sink.received).toHaveLength(LEADS);
  expect((await run('reconcile', '--moved')).code).toBe(1);
  expect((await run('reconcile', '--yes')).code).toBe(0);
  expect((await send()).code).toBe(0);
  expect(sink.received).toHaveLength(LEADS);

  // The other way back: the database from before the restore does not know of what was reconciled.
  expect((await run('restore', kept)).code).toBe(0);
  expect((await send()).code).toBe(2);
});

test('forget does not delete the database from before a restore while it alone knows what was sent', async () => {
  await sendSome(3);
  await run('backup', 'monday.db');
  await send();
  const { kept } = JSON.parse((await run('restore', 'monday.db', '--json')).stdout) as { kept: string };
  const refused = await run('forget', 'lead9@company9.example', '--yes');
  expect([refused.code, refused.stderr, existsSync(kept)]).toEqual([1, expect.stringContaining('outreach reconcile'), true]);
  await run('reconcile', '--yes');
  expect((await run('forget', 'lead9@company9.example', '--yes')).code).toBe(0);
  expect(existsSync(kept)).toBe(false);
});

test('who asked for no mail or was forgotten after the backup stays so after a restore', async () => {
  const [gone, forgotten] = ['lead1@company1.example', 'lead2@company2.example'];
  await run('import', 'leads.csv');
  await run('backup', 'monday.db');
  await run('suppress', 'add', gone, '--reason', 'unsubscribed');
  await run('forget', forgotten, '--yes');
  const restored = await run('restore', 'monday.db', '--json');
  expect(JSON.parse(restored.stdout)).toMatchObject({ suppressions: 2, forgotten: 1 });
  expect(readFileSync(database()).includes(forgotten)).toBe(false);
  await run('reconcile', '--yes');
  await run('resume', '1');
  expect((await send()).code).toBe(0);
  expect(sink.received).toHaveLength(LEADS - 2);
  expect(sink.received.map(({ to }) => to)).not.toContain(gone);
  expect(sink.received.map(({ to }) => to)).not.toContain(forgotten);
});

test('a backup that knows forgotten people is not restored beside another key', async () => {
  await run('import', 'leads.csv');
  await run('forget', 'lead2@company2.example', '--yes');
  await run('backup', 'monday.db');
  const key = folder.at('ws', '.outreach', 'key');
  writeFileSync(key, Buffer.alloc(32, 9));
  const refused = await run('restore', 'monday.db');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('not the key of this backup')]);
  renameSync(key, `${key}.own`);
  expect(JSON.parse((await run('restore', 'monday.db', '--json')).stdout)).toMatchObject({ key: 'restored' });
});

test('restore refuses while a worker runs, beside another program, and files that are no backup', async () => {
  await sendSome(1);
  await run('backup', 'safe.db');
  const before = readFileSync(folder.at('safe.db'));
  await run('pause', '1');
  const worker = start(folder, ['worker', ...on('ws')], { OUTREACH_MACHINE_ID: 'here' });
  await until(async () => (await json<Status>(folder, 'status', ...on('ws'))).workers.some(({ alive }) => alive), 'a worker');
  const refused = await run('restore', 'safe.db');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('a worker is running');
  worker.child.kill('SIGTERM');
  await worker.ended;

  const other = connect(database());
  other.prepare('select count(*) from messages').all();
  const open = await run('restore', 'safe.db');
  expect(open.code).toBe(1);
  expect(open.stderr).toContain('another program has');
  other.close();

  folder.write('not.db', 'no database at all, only some text that is long enough to be looked at twice');
  expect((await run('restore', 'not.db')).code).toBe(2);
  folder.write('torn.db', before.subarray(0, 40_000));
  expect((await run('restore', 'torn.db')).code).toBeGreaterThan(0);
  expect((await send()).code).toBe(0);
  expect(readdirSync(folder.at('ws', '.outreach')).filter((name) => name.includes('restor'))).toEqual([]);
});

test('restore replaces a database that is damaged', async () => {
  await sendSome(3);
  await run('backup', 'safe.db');
  writeFileSync(database(), 'what a bad disk left');
  expect((await run('restore', 'safe.db')).code).toBe(0);
  expect((await json<Status>(folder, 'status', ...on('ws'))).jobs).toHaveLength(1);
  expect((await send()).code).toBe(2);
});

test('a database put back under a running worker is noticed by it', { timeout: 40_000 }, async () => {
  await sendSome(3);
  copyDatabase(folder.at('then.db'));
  await run('pause', '1');
  const worker = start(folder, ['worker', ...on('ws')], { OUTREACH_MACHINE_ID: 'here' });
  await until(async () => (await json<Status>(folder, 'status', ...on('ws'))).workers.some(({ alive }) => alive), 'a worker');
  cpSync(folder.at('then.db'), folder.at('ws', 'new.db'));
  renameSync(folder.at('ws', 'new.db'), database());
  const ended = await worker.ended;
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('was put in the place of another one');
});

test('two workers killed again and again never meet a false alarm', { timeout: 120_000 }, async () => {
  folder.write('leads.csv', csv(400));
  await run('import', 'leads.csv');
  for (let round = 0; round < 20; round++) {
    const before = sink.received.length;
    const pair = [0, 1].map(() =>
      start(folder, ['worker', '--until-done', '--concurrency', '3', ...on('ws')], { OUTREACH_MACHINE_ID: 'here' }),
    );
    await until(() => sink.received.length > before + (round % 5) || pair.some(({ child }) => child.exitCode !== null), 'mails');
    for (const { child } of pair) child.kill('SIGKILL');
    for (const { ended } of await Promise.all(pair.map(async (one) => ({ ended: await one.ended })))) {
      expect(ended.stderr).not.toContain('nothing is sent');
      expect(ended.code).not.toBe(2);
    }
  }
  const last = await send();
  expect(last.stderr).not.toContain('nothing is sent');
  expect([0, 3]).toContain(last.code);
  expect(twice()).toBe(0);
});
