import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/store/sqlite/load.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { inNamespace, NO_MOUNTS, named } from '../support/mounts.ts';
import { CAMPAIGN, config, csv, ENTRY, Folder, outreach, start, startFile, until } from '../support/program.ts';

let folder: Folder;
let sink: Sink;

beforeEach(async () => {
  folder = new Folder();
  sink = await startSink(() => undefined);
  for (const name of ['ws', 'view']) writeWorkspace(name);
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

function writeWorkspace(name: string): void {
  folder.write(`${name}/outreach.yaml`, config(sink.port));
  folder.write(`${name}/campaigns/hello.md`, CAMPAIGN);
  mkdirSync(folder.at(name, '.outreach'), { recursive: true });
}

const env = { OUTREACH_MACHINE_ID: 'here' };
const file = (suffix = '', workspace = 'ws') => folder.at(workspace, '.outreach', `outreach.db${suffix}`);
const on = (workspace: string, ...parameters: string[]) => [...parameters, '--workspace', folder.at(workspace)];
const run = (...parameters: string[]) => outreach(folder, on('ws', ...parameters), env);
const copies = () => sink.received.length - new Set(sink.received.map(({ to }) => to)).size;
const people = () => new Set(sink.received.map(({ to }) => to)).size;

async function importLeads(leads: number): Promise<void> {
  folder.write('leads.csv', csv(leads));
  expect((await run('import', 'leads.csv')).code).toBe(0);
}

/** The program in a mount namespace of its own, where `view` shows some of `ws`. */
function inView(mounts: readonly (readonly string[])[], parameters: readonly string[], more: Record<string, string> = {}) {
  const { file: program, parameters: all } = inNamespace(mounts, [process.execPath, ENTRY, ...on('view', ...parameters)]);
  return startFile(program, all, folder, { ...env, ...more });
}

const bind = (from: string, to: string) => ['--bind', from, to];
const fileAlone = () => {
  writeFileSync(file('', 'view'), '');
  return [bind(file(), file('', 'view'))];
};

test.skipIf(NO_MOUNTS !== undefined)(
  named('a database that is mounted as a single file is refused by every command that opens it'),
  { timeout: 90_000 },
  async () => {
    await importLeads(3);
    const mounts = fileAlone();
    for (const parameters of [['worker', '--until-done'], ['import', 'leads.csv'], ['status'], ['reconcile', '--yes'], ['messages']]) {
      const { code, stderr } = await inView(mounts, parameters).ended;
      expect({ parameters, code }).toEqual({ parameters, code: 2 });
      expect(stderr).toContain(`${file('', 'view')} is mounted by itself`);
      expect(stderr).toContain('Mount the folder');
    }
    // Nothing of SQLite stands beside the mount, and the database is whole.
    expect(readdirSync(folder.at('view', '.outreach')).filter((name) => /-wal|-shm|locks|seal/.test(name))).toEqual([]);
    expect((await run('worker', '--until-done')).code).toBe(0);
    expect(people()).toBe(3);
  },
);

test.skipIf(NO_MOUNTS !== undefined)(
  named('a folder of locks or a log that is mounted by itself is refused, with blanks in its path'),
  async () => {
    writeWorkspace('a view');
    await importLeads(1);
    for (const suffix of ['.locks', '-wal']) {
      const place = folder.at('a view', '.outreach');
      const mounted = `${place}/outreach.db${suffix}`;
      const mount = suffix === '-wal' ? [bind(folder.write('log', ''), mounted)] : [['-t', 'tmpfs', 'none', mounted]];
      const make = ['sh', '-c', `cp "$1" "$2/outreach.db" && ${suffix === '-wal' ? 'touch' : 'mkdir'} "$3"`, 'sh', file(), place, mounted];
      const { file: maker, parameters } = { file: make[0] as string, parameters: make.slice(1) };
      expect((await startFile(maker, parameters, folder, env).ended).code).toBe(0);
      const { file: program, parameters: all } = inNamespace(mount, [process.execPath, ENTRY, ...on('a view', 'status')]);
      const { code, stderr } = await startFile(program, all, folder, env).ended;
      expect({ suffix, code }).toEqual({ suffix, code: 2 });
      expect(stderr).toContain(`${mounted} is mounted by itself`);
      rmSync(place, { recursive: true });
      mkdirSync(place);
    }
  },
);

test.skipIf(NO_MOUNTS !== undefined)(
  named('two workers on one folder by two paths share the work, and nobody is mailed twice'),
  { timeout: 90_000 },
  async () => {
    await importLeads(40);
    const mounts = [bind(folder.at('ws', '.outreach'), folder.at('view', '.outreach'))];
    const pair = [start(folder, on('ws', 'worker', '--until-done'), env), inView(mounts, ['worker', '--until-done'])];
    for (const { ended } of pair) expect(await ended).toMatchObject({ code: 0 });
    expect([sink.received.length, people()]).toEqual([40, 40]);
    expect((await inView(mounts, ['status']).ended).code).toBe(0);
  },
);

/** As in a sandbox without /proc: nothing tells that the file is mounted. What left is noted in the state folder that both share. */
test.skipIf(NO_MOUNTS !== undefined)(
  named('two workers on one file by two paths never mail a lead twice where no table of mounts can be read'),
  { timeout: 120_000 },
  async () => {
    folder.write('leads.csv', csv(40));
    expect((await run('import', 'leads.csv', '--mode', 'scheduled', '--at', '2099-01-01T09:00')).code).toBe(0);
    expect((await run('worker', '--drain', '--only', 'generate')).code).toBe(0);
    // Both have been let in before either sends.
    startJobAt(Date.now() + 15_000);
    const mounts = [...fileAlone(), ['-t', 'tmpfs', 'none', '/proc']];
    const worker = ['worker', '--until-done', '--concurrency', '3'];
    const first = inView(mounts, worker);
    await until(() => hasWorker('view'), 'the worker on the view');
    const second = start(folder, on('ws', ...worker), env);
    await until(() => hasWorker('ws'), 'the worker on the folder');
    const ends = await Promise.all([first.ended, second.ended]);
    expect(ends.map(({ code }) => code)).toContain(2);
    expect(copies()).toBe(0);
    // One after the other neither sends what the other has sent.
    for (let round = 0; round < 2; round++) {
      await run('worker', '--until-done');
      await inView(mounts, ['worker', '--until-done']).ended;
    }
    expect(copies()).toBe(0);
  },
);

function startJobAt(at: number): void {
  const db = connect(file(), { fileMustExist: true });
  db.prepare('update jobs set scheduled_for = ?').run(at);
  db.prepare('update messages set due_at = ?').run(at);
  db.close();
}

function hasWorker(workspace: string): boolean {
  const locks = file('.locks', workspace);
  return existsSync(locks) && readdirSync(locks).some((name) => name.endsWith('.lock'));
}

for (const removed of [['-wal'], ['-shm'], ['-wal', '-shm']]) {
  test(`${removed.join(' and ')} removed under a running worker: it ends, nobody is mailed twice, and nothing is forgotten`, {
    timeout: 90_000,
  }, async () => {
    await importLeads(60);
    const worker = start(folder, on('ws', 'worker', '--concurrency', '3'), env);
    await until(() => sink.received.length >= 10, 'ten mails');
    for (const suffix of removed) rmSync(file(suffix));
    const { code, stderr } = await worker.ended;
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(stderr).toMatch(/nothing is sent: .* lost its file outreach\.db-(wal|shm) while it was in use/);
    // It held what was committed, and closing put it into the database.
    expect(await statesOf()).toEqual({ accepted: sink.received.length, ready: 60 - sink.received.length });
    expect((await run('worker', '--until-done')).code).toBe(0);
    expect([sink.received.length, people()]).toEqual([60, 60]);
  });
}

test('-wal removed under a worker that is then killed: the next one knows that mails are missing, and refuses until reconcile', {
  timeout: 90_000,
}, async () => {
  await importLeads(60);
  const worker = start(folder, on('ws', 'worker', '--concurrency', '1'), env);
  await until(() => sink.received.length >= 10, 'ten mails');
  worker.child.kill('SIGSTOP');
  rmSync(file('-wal'));
  worker.child.kill('SIGKILL');
  await worker.ended;
  const sent = sink.received.length;
  const next = await run('worker', '--until-done');
  expect(next.code).toBe(2);
  expect(next.stderr).toMatch(/is an older copy, \d+ sends behind what this machine has sent/);
  expect(sink.received.length).toBe(sent);
  folder.write('sent.csv', `email\n${sink.received.map(({ to }) => to).join('\n')}\n`);
  expect((await run('reconcile', '--sent', 'sent.csv', '--yes')).code).toBe(0);
  await run('resume', '1');
  await run('worker', '--until-done');
  expect([sink.received.length, people()]).toEqual([60, 60]);
});

test('-shm removed under a worker that stands still, and another one works: what that one sent stays known, and the first sends nothing more', {
  timeout: 90_000,
}, async () => {
  await importLeads(60);
  // Written before: what a worker that stands still is writing waits for its deadline.
  expect((await run('worker', '--until-done', '--only', 'generate')).code).toBe(0);
  const first = start(folder, on('ws', 'worker', '--concurrency', '1'), env);
  await until(() => sink.received.length >= 10, 'ten mails');
  first.child.kill('SIGSTOP');
  rmSync(file('-shm'));
  const second = start(folder, on('ws', 'worker', '--concurrency', '1'), env);
  await until(() => sink.received.length >= 30, 'thirty mails');
  second.child.kill('SIGTERM');
  await second.ended;
  first.child.kill('SIGCONT');
  const { code, stderr } = await first.ended;
  expect(code).toBe(2);
  expect(stderr).toContain('has another file outreach.db-shm now than the one that is in use');
  expect(copies()).toBe(0);
  expect(existsSync(file('-wal'))).toBe(true);
  // At most the mail that the first one had on the wire is uncertain.
  expect([0, 3]).toContain((await run('worker', '--until-done')).code);
  expect(copies()).toBe(0);
  expect(people()).toBeGreaterThanOrEqual(59);
  expect((await statesOf()).accepted).toBeGreaterThanOrEqual(59);
});

test('-wal removed under a worker that stands still: every other command says what is missing', { timeout: 90_000 }, async () => {
  await importLeads(20);
  const first = start(folder, on('ws', 'worker', '--concurrency', '1'), env);
  await until(() => sink.received.length >= 3, 'three mails');
  first.child.kill('SIGSTOP');
  rmSync(file('-wal'));
  for (const parameters of [['status'], ['worker', '--drain']]) {
    const { code, stderr } = await run(...parameters);
    expect({ parameters, code }).toEqual({ parameters, code: 1 });
    expect(stderr).toContain('outreach.db has lost its file outreach.db-wal, which a program still has open');
  }
  first.child.kill('SIGCONT');
  expect((await first.ended).code).toBe(2);
  expect(copies()).toBe(0);
});

async function statesOf(): Promise<Record<string, number>> {
  const { stdout } = await run('status', '--json');
  const { states } = (JSON.parse(stdout) as { totals: { states: Record<string, number> } }).totals;
  return Object.fromEntries(Object.entries(states).filter(([, count]) => count > 0));
}
