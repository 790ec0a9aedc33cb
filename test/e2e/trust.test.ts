import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRoot, runIn, STRANGER, treeOf } from '../support/foreign.ts';
import { inNamespace, NO_MOUNTS, named } from '../support/mounts.ts';
import { CAMPAIGN, csv, ENTRY, Folder, startFile } from '../support/program.ts';

const SETTINGS = 'version: 1\nidentity: { name: Ana Ruiz, timezone: UTC }\n';

let folder: Folder;
const home = () => folder.at('home');
const workspace = () => folder.at('acme');
const run = (parameters: string[], where = workspace(), more: { env?: Record<string, string>; user?: number } = {}) =>
  runIn(parameters, { cwd: where, home: home(), ...more });

beforeEach(() => {
  folder = new Folder();
  mkdirSync(home());
  folder.write('acme/outreach.yaml', SETTINGS);
  folder.write('acme/campaigns/hello.md', CAMPAIGN);
  folder.write('acme/leads.csv', csv(2));
  mkdirSync(folder.at('acme', 'sub'));
});

afterEach(() => folder.remove());

test('a workspace above the folder that was never used is refused, with the command that allows it, and nothing is written', async () => {
  const before = treeOf(folder.path);
  for (const parameters of [['status'], ['doctor'], ['worker', '--drain'], ['import', '../leads.csv'], ['secrets']]) {
    const ended = await run(parameters, folder.at('acme', 'sub'), { env: { SMTP_PASSWORD: 'a secret' } });
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(`${workspace()} was found above this folder, and you have not used it before`);
    expect(ended.stderr).toContain(`outreach trust ${workspace()}`);
  }
  expect(treeOf(folder.path)).toEqual(before);
});

test('one that was used before is found from below, and named on standard error', async () => {
  expect((await run(['status'])).stderr).toBe('');
  const below = await run(['status'], folder.at('acme', 'sub'));
  expect(below).toMatchObject({ code: 0, stderr: `Workspace: ${workspace()} (found above this folder)\n` });
  // Named is as good as stood in; what was used is noted with the path that has no link in it.
  renameSync(home(), folder.at('home-before'));
  mkdirSync(home());
  symlinkSync(workspace(), folder.at('link'));
  await run(['status', '--workspace', folder.at('link')], folder.path);
  expect((await run(['status'], folder.at('acme', 'sub'))).code).toBe(0);
});

test('init makes a workspace that is found from below', async () => {
  await run(['init', 'new'], folder.path);
  mkdirSync(folder.at('new', 'sub'));
  expect((await run(['status'], folder.at('new', 'sub'))).code).toBe(0);
});

test('another folder under the path of one that was used is not trusted', async () => {
  await run(['status']);
  renameSync(workspace(), folder.at('away'));
  folder.write('acme/outreach.yaml', SETTINGS);
  mkdirSync(folder.at('acme', 'sub'));
  expect((await run(['status'], folder.at('acme', 'sub'))).code).toBe(2);
});

test('the search does not go beyond the home folder', async () => {
  await run(['status']);
  const inside = folder.at('acme', 'sub', 'deep');
  mkdirSync(inside);
  const ended = await runIn(['status'], {
    cwd: inside,
    home: folder.at('acme', 'sub'),
    env: { OUTREACH_STATE: folder.at('home', 'state') },
  });
  expect(ended).toMatchObject({ code: 2 });
  expect(ended.stderr).toContain('no workspace');
});

test.skipIf(NO_MOUNTS !== undefined)(named('the search does not go into another file system'), async () => {
  await run(['status']);
  const inside = ['sh', '-c', `cd ${folder.at('acme', 'sub')} && exec ${process.execPath} ${ENTRY} status`];
  const { file, parameters } = inNamespace([['-t', 'tmpfs', 'tmpfs', folder.at('acme', 'sub')]], inside);
  const ended = await startFile(file, parameters, folder, { HOME: home(), OUTREACH_STATE: join(home(), 'state') }).ended;
  expect(ended).toMatchObject({ code: 2 });
  expect(ended.stderr).toContain('no workspace');
});

test('trust allows a workspace, --list shows it, --remove takes it back', async () => {
  expect((await run(['trust', workspace()], folder.path)).stdout).toContain(`${workspace()} is trusted`);
  expect((await run(['status'], folder.at('acme', 'sub'))).code).toBe(0);
  expect((await run(['trust', '--list', '--json'])).stdout).toBe(`${JSON.stringify({ workspace: workspace(), by: 'trusted' })}\n`);
  expect((await run(['trust', '--remove', workspace()], folder.path)).stdout).toContain('is trusted no longer');
  expect((await run(['status'], folder.at('acme', 'sub'))).code).toBe(2);
  expect((await run(['status'], folder.at('acme', 'sub'), { env: { OUTREACH_TRUST: '1' } })).code).toBe(0);
  expect((await run(['trust', folder.at('home')], folder.path)).stderr).toContain('holds no outreach.yaml');
});

test('a workspace that others can write to is refused also where a person stands in it or names it', async () => {
  for (const path of [workspace(), folder.at('acme', 'outreach.yaml')]) {
    chmodSync(workspace(), 0o755);
    chmodSync(path, 0o777);
    for (const parameters of [['status'], ['status', '--workspace', workspace()]]) {
      const ended = await run(parameters);
      expect(ended).toMatchObject({ code: 2, stdout: '' });
      expect(ended.stderr).toContain(`${path} can be written to by others (mode 0777)`);
    }
    chmodSync(path, 0o644);
  }
  chmodSync(workspace(), 0o1777);
  expect((await run(['init'])).code).toBe(2);
  await run(['trust', '.']);
  expect((await run(['status'])).code).toBe(0);
});

test('a folder on the way up that others can write to ends the search', async () => {
  await run(['status']);
  chmodSync(folder.at('acme', 'sub'), 0o1777);
  mkdirSync(folder.at('acme', 'sub', 'deep'));
  const ended = await run(['status'], folder.at('acme', 'sub', 'deep'));
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(`${folder.at('acme', 'sub')} can be written to by others (mode 01777)`);
});

test('a list of trusted folders that others can write to says nothing', async () => {
  await run(['trust', '.']);
  chmodSync(join(home(), 'state', 'trusted.json'), 0o666);
  expect((await run(['status'], folder.at('acme', 'sub'))).code).toBe(2);
});

test.skipIf(!isRoot)('root only reads in the workspace of another user, until it is trusted', async () => {
  await run(['import', 'leads.csv']);
  for (const path of Object.keys(treeOf(workspace()))) chownSync(path, STRANGER, STRANGER);
  const fresh = { env: { OUTREACH_STATE: folder.at('root-state') } };
  const before = treeOf(folder.path);
  const status = await run(['status', '--json'], workspace(), fresh);
  expect(JSON.parse(status.stdout)).toMatchObject({ jobs: [{ total: 2 }] });
  for (const parameters of [
    ['jobs'],
    ['messages'],
    ['log'],
    ['config', 'check'],
    ['service', 'install', '--system', '--print', '--kind', 'systemd'],
  ])
    expect((await run(parameters, workspace(), fresh)).code, parameters.join(' ')).toBe(0);
  for (const parameters of [
    ['worker', '--drain'],
    ['doctor'],
    ['import', 'leads.csv', '--update'],
    ['pause', '1'],
    ['service', 'install', '--system', '--kind', 'systemd'],
  ]) {
    const ended = await run(parameters, workspace(), fresh);
    expect(ended, parameters.join(' ')).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('root only reads there');
  }
  expect(treeOf(folder.path)).toEqual(before);
  await run(['trust', '.'], workspace(), fresh);
  expect((await run(['pause', '1'], workspace(), fresh)).code).toBe(0);
});

test.skipIf(!isRoot)('somebody else than root gets nothing in the workspace of another user', async () => {
  for (const path of [folder.path, home()]) chownSync(path, STRANGER, STRANGER);
  for (const path of Object.keys(treeOf(workspace()))) chownSync(path, 1_234, 1_234);
  const ended = await run(['status'], workspace(), { user: STRANGER });
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(`${workspace()} belongs to another user (uid 1234)`);
});

test.skipIf(!isRoot)('root completes nothing from the workspace of another user, and notes nothing in the home of another', async () => {
  await run(['import', 'leads.csv']);
  for (const suffix of ['-wal', '-shm']) rmSync(folder.at('acme', '.outreach', `outreach.db${suffix}`), { force: true });
  execFileSync('chown', ['-R', String(STRANGER), workspace()]);
  const before = treeOf(workspace());
  expect((await run(['__complete', 'bash', 'pause', ''])).stdout).toBe('');
  expect(treeOf(workspace())).toEqual(before);

  const [theirs, own] = [folder.at('theirs'), folder.at('own')];
  for (const place of [theirs, own, folder.at('victim')]) mkdirSync(place);
  writeFileSync(join(own, 'outreach.yaml'), SETTINGS);
  mkdirSync(join(theirs, '.local'));
  symlinkSync(folder.at('victim'), join(theirs, '.local', 'state'));
  execFileSync('chown', ['-hR', String(STRANGER), theirs]);
  const state = join(theirs, '.local', 'state', 'outreach');
  expect((await runIn(['status'], { cwd: own, home: theirs, env: { OUTREACH_STATE: state } })).code).toBe(0);
  const asked = await runIn(['trust', '.'], { cwd: own, home: theirs, env: { OUTREACH_STATE: state } });
  expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining('belongs to another user')]);
  expect(readdirSync(folder.at('victim'))).toEqual([]);
});

test('nothing is completed from a workspace that is not trusted', async () => {
  expect((await run(['__complete', 'bash', '--', 'import', '--campaign', ''], folder.at('acme', 'sub'))).stdout).toBe('');
  expect((await run(['__complete', 'bash', '--', 'import', '--campaign', ''])).stdout).toContain('hello');
  expect(existsSync(join(home(), 'state'))).toBe(false);
});

test('dry runs and --print change nothing, neither in the workspace nor in the home folder', { timeout: 90_000 }, async () => {
  const dry = [
    ['import', 'leads.csv', '--dry-run'],
    ['import', '-', '--dry-run'],
    ['suppress', 'undo', '--dry-run'],
    ...['systemd', 'launchd', 'cron'].map((kind) => ['service', 'install', '--print', '--kind', kind]),
    ['service', 'install', '--print', '--system', '--kind', 'systemd'],
  ];
  const none = folder.at('empty');
  mkdirSync(none);
  const withoutChange = async (parameters: string[], where: string) => {
    const before = treeOf(folder.path);
    const ended = await runIn(parameters, { cwd: where, home: home(), input: csv(2) });
    expect(ended.code, `${parameters.join(' ')}: ${ended.stderr}`).toBe(0);
    expect(treeOf(folder.path), parameters.join(' ')).toEqual(before);
  };
  for (const parameters of dry) await withoutChange(parameters, workspace());
  await withoutChange(['import', '../acme/leads.csv', '--dry-run'], none);
  await run(['import', 'leads.csv']);
  for (const parameters of dry) await withoutChange(parameters, workspace());
  expect(readFileSync(folder.at('acme', 'outreach.yaml'), 'utf8')).toBe(SETTINGS);
});
