import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SCHEMA_VERSION } from '../../src/store/database.ts';
import { expectedSchema } from '../../src/store/expectedSchema.ts';
import { digestOf } from '../../src/store/sqlite/knownSchema.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { SCHEMA_DIGESTS } from '../../src/store/sqlite/schemaDigests.ts';
import { runIn } from '../support/foreign.ts';
import { backTo } from '../support/olderSchema.ts';
import { CAMPAIGN, csv, Folder } from '../support/program.ts';

const SETTINGS = 'version: 1\nidentity: { name: Ana Ruiz, timezone: UTC }\n';

let folder: Folder;
const data = (...names: string[]) => folder.at('acme', '.outreach', ...names);
const run = (parameters: string[], umask = '022', env: Record<string, string> = {}) =>
  runIn(parameters, { cwd: folder.at('acme'), home: folder.path, umask, env });
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

beforeEach(() => {
  folder = new Folder();
  folder.write('acme/outreach.yaml', SETTINGS);
  folder.write('acme/campaigns/hello.md', CAMPAIGN);
  folder.write('acme/leads.csv', `${csv(2)}not an address,Nobody,Nowhere\n`);
  folder.write('victim/file', 'mine');
});

afterEach(() => folder.remove());

/** What a stranger's folder leads to is as it was, and nothing new stands beside it. */
function victimIsUntouched(): void {
  expect(readdirSync(folder.at('victim'))).toEqual(['file']);
  expect(readFileSync(folder.at('victim', 'file'), 'utf8')).toBe('mine');
}

test.each([
  '.gitignore',
  'key',
  'outreach.db',
  'outreach.db-wal',
  'outreach.db-shm',
  'outreach.db-journal',
  'outreach.db.seal',
  'outreach.db.locks',
  'outbox',
  'rejects',
  'schema',
  'imports',
  'secrets.json',
  'secrets.lock',
  'checked.json',
])(
  'no write goes through a symbolic link at .outreach/%s',
  async (name) => {
    for (const target of ['new', 'file']) {
      rmSync(data(), { recursive: true, force: true });
      mkdirSync(data(), { mode: 0o700 });
      symlinkSync(folder.at('victim', target), data(name));
      const commands = [['config', 'check'], ['import', 'leads.csv'], ['worker', '--drain'], ['status'], ['login', 'main', '--file']];
      for (const parameters of commands) await run(parameters);
      victimIsUntouched();
    }
  },
  120_000,
);

test('no write goes through .outreach itself where it is a symbolic link', async () => {
  symlinkSync(folder.at('victim'), data());
  expect((await run(['import', 'leads.csv'])).stderr).toContain('is a symbolic link');
  victimIsUntouched();
});

test('thousands of links under names that could be guessed catch no write', async () => {
  mkdirSync(data(), { mode: 0o700 });
  for (let pid = 1; pid <= 32_768; pid++) symlinkSync(folder.at('victim', 'file'), data(`checked.json.${pid}`));
  expect((await run(['status'])).code).toBe(0);
  victimIsUntouched();
}, 60_000);

test('settings that somebody left as if they were checked are not read', async () => {
  await run(['status']);
  expect(existsSync(data('checked.json'))).toBe(false);
});

test.each([
  ['outreach.yaml', ['status']],
  ['campaigns/hello.md', ['preview']],
  ['.env', ['status', '--env-file', '.env']],
])('a pipe, a device or an endless file in place of %s is refused at once', async (name, parameters) => {
  const path = folder.at('acme', name);
  rmSync(path, { force: true });
  execFileSync('mkfifo', [path]);
  const piped = await run(parameters);
  expect(piped).toMatchObject({ code: 2, stdout: '' });
  expect(piped.stderr).toContain('is not a regular file');
  rmSync(path);
  symlinkSync('/dev/zero', path);
  // Everybody can write to a device, so settings are refused for that.
  expect((await run(parameters)).stderr).toMatch(/is not a regular file|can be written to by others/);
  rmSync(path);
  writeFileSync(path, '#'.repeat(1_000_001));
  expect((await run(parameters)).stderr).toContain('is too large');
});

test.each(['outreach.db', 'outreach.db-wal', 'outreach.db-shm', 'outreach.db-journal'])(
  'a pipe in place of %s holds nothing up',
  async (name) => {
    await run(['import', 'leads.csv']);
    for (const suffix of name === 'outreach.db' ? ['', '-wal', '-shm'] : [name.replace('outreach.db', '')])
      rmSync(data(`outreach.db${suffix}`), { force: true });
    execFileSync('mkfifo', [data(name)]);
    for (const parameters of [['status'], ['worker', '--drain'], ['doctor', '--json']]) {
      const { code, stdout, stderr } = await run(parameters);
      expect({ parameters, code }).toEqual({ parameters, code: expect.any(Number) });
      expect(stdout + stderr).toMatch(/is not a regular file|is no file/);
    }
    for (const parameters of [
      ['import', 'leads.csv', '--dry-run'],
      ['__complete', 'bash', 'pause', ''],
    ])
      expect((await run(parameters)).code).toEqual(expect.any(Number));
  },
  60_000,
);

test('no lock of a worker is another file, nor has it a journal that would be played back', async () => {
  await run(['import', 'leads.csv']);
  mkdirSync(data('outreach.db.locks'), { recursive: true, mode: 0o700 });
  const db = connect(data('outreach.db'));
  const add = db.prepare("insert into workers (id, host, pid, mode, started_at, accounts) values (?, 'h', 1, 'all', ?, '{}')");
  for (const id of ['evil', '../../../victim/file']) add.run(id, Date.now());
  db.close();
  writeFileSync(folder.at('victim', 'file.lock'), 'theirs');
  linkSync(folder.at('victim', 'file'), data('outreach.db.locks', 'evil.lock'));
  // What SQLite takes for the rest of a change that did not end (https://sqlite.org/fileformat2.html#the_rollback_journal).
  const journal = hotJournal(Buffer.alloc(512, 'OVERWRITTEN '));
  for (const path of [data('outreach.db.locks', 'evil.lock-journal'), folder.at('victim', 'file.lock-journal')])
    writeFileSync(path, journal);
  for (const parameters of [['status'], ['service', 'status'], ['worker', '--drain'], ['doctor', '--json']]) await run(parameters);
  expect(readFileSync(folder.at('victim', 'file'), 'utf8')).toBe('mine');
  expect(readFileSync(folder.at('victim', 'file.lock'), 'utf8')).toBe('theirs');
  expect(readFileSync(data('outreach.db.locks', 'evil.lock-journal')).equals(journal)).toBe(true);
});

/** A rollback journal of one page, with nothing left to be done but to play it back. */
function hotJournal(page: Buffer): Buffer {
  const header = Buffer.alloc(512);
  Buffer.from('d9d505f920a163d7', 'hex').copy(header);
  header.writeUInt32BE(1, 8);
  header.writeUInt32BE(1, 16);
  header.writeUInt32BE(512, 20);
  header.writeUInt32BE(512, 24);
  let sum = 0;
  for (let at = page.length - 200; at > 0; at -= 200) sum = (sum + (page[at] ?? 0)) >>> 0;
  const number = Buffer.alloc(4);
  number.writeUInt32BE(1);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(sum);
  return Buffer.concat([header, number, page, check]);
}

test.each([
  ['trigger', "create trigger thief after insert on messages begin update prospects set email = 'thief@evil.example'; end"],
  ['view', 'create view thief as select * from prospects'],
  ['table', 'create table thief (id integer)'],
  ['index', 'create index thief on messages (id, state)'],
])('a database with a %s of a stranger is refused, of this version and of an older one', async (type, statement) => {
  await run(['import', 'leads.csv']);
  const change = (...statements: string[]) => {
    const db = connect(data('outreach.db'));
    for (const one of statements) db.exec(one);
    db.close();
  };
  change(statement);
  const ended = await run(['status']);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(`outreach.db holds a ${type} thief that outreach did not make`);
  change(`drop ${type} thief`, 'analyze');
  expect((await run(['status'])).code).toBe(0);
  const older = connect(data('outreach.db'));
  await backTo(8, older);
  older.exec(statement);
  older.close();
  expect((await run(['status'])).stderr).toContain(`${type} thief`);
  expect(readdirSync(data()).some((name) => name.includes('.before-'))).toBe(false);
  change(`drop ${type} thief`);
  expect((await run(['status'])).code).toBe(0);
});

test('a database whose own trigger is missing is refused', async () => {
  await run(['import', 'leads.csv']);
  const db = connect(data('outreach.db'));
  db.exec('drop trigger messages_final');
  db.close();
  expect((await run(['status'])).stderr).toContain('has lost its trigger messages_final');
});

test('the digest of each version is that of its migrations', async () => {
  expect(SCHEMA_DIGESTS).toHaveLength(SCHEMA_VERSION);
  for (const [index, digest] of SCHEMA_DIGESTS.entries()) expect(digestOf(await expectedSchema(index + 1))).toBe(digest);
});

test('nothing that is made can be written to by others, whatever the umask', async () => {
  await run(['init', 'made'], '000');
  await run(['campaign', 'new', 'spring', '--workspace', 'made'], '000');
  await run(['import', 'leads.csv', '--workspace', 'made', '--campaign', 'hello'], '000');
  await run(['worker', '--drain', '--workspace', 'made'], '000');
  const all = execFileSync('find', [folder.at('acme', 'made'), '-perm', '/022']).toString();
  expect(all).toBe('');
  expect(modeOf(folder.at('acme', 'made', 'outreach.yaml'))).toBe('644');
  expect(execFileSync('find', [folder.at('acme', 'made', '.outreach'), '-type', 'f', '-not', '-perm', '600']).toString()).toBe('');
  for (const [name, script] of [
    ['systemctl', 'exit 0'],
    ['loginctl', 'exit 0'],
  ] as const)
    chmodSync(folder.write(`bin/${name}`, `#!/bin/sh\n${script}\n`), 0o755);
  await run(['service', 'install', '--kind', 'systemd'], '000', { PATH: `${folder.at('bin')}:${process.env.PATH}` });
  expect(modeOf(folder.at('.config', 'systemd', 'user', 'outreach-acme.service'))).toBe('644');
  expect(execFileSync('find', [folder.at('.config'), '-perm', '/022']).toString()).toBe('');
});

test('backup writes its key through no link, and over no file that is there', async () => {
  mkdirSync(data(), { mode: 0o700 });
  writeFileSync(data('key'), 'k'.repeat(32), { mode: 0o600 });
  await run(['import', 'leads.csv']);
  symlinkSync(folder.at('victim', 'new'), folder.at('today.db.key'));
  const ended = await run(['backup', '../today.db']);
  expect(ended.stderr).toContain('today.db.key exists already');
  victimIsUntouched();
  await run(['backup', '../today.db', '--force']);
  victimIsUntouched();
  expect(readFileSync(folder.at('today.db.key'), 'utf8')).toBe('k'.repeat(32));
});

test('a key that others can write to is an error, an open campaign a warning of the doctor', async () => {
  mkdirSync(data(), { mode: 0o700 });
  writeFileSync(data('key'), 'k'.repeat(32));
  chmodSync(data('key'), 0o622);
  chmodSync(folder.at('acme', 'campaigns', 'hello.md'), 0o666);
  const checks = (await run(['doctor', '--json'])).stdout;
  expect(checks).toContain('can be written to by others (mode 0622)');
  expect(checks).toContain('can be written to by others (mode 0666)');
});

test('only the modules of src/files write files', () => {
  const writers = /\b(?:writeFileSync|writeFile|mkdirSync|renameSync|createWriteStream|copyFileSync|appendFileSync|openSync|mkdtempSync)\(/;
  const allowed: Record<string, string> = {
    'src/app/personFiles.ts': 'writes into a file that openAside made, and renames it',
    'src/commands/import.ts': 'a temporary folder',
    'src/commands/spool.ts': 'a temporary folder, or a file that createFile made',
    'src/demo/demo.ts': 'a temporary folder',
    'src/store/picture.ts': 'a temporary folder',
    'src/store/sqlite/backup.ts': 'puts a whole database in its place',
    'src/terminal/outFile.ts': 'a file of a person’s own',
    'src/terminal/signals.ts': 'a terminal',
  };
  const root = join(import.meta.dirname, '..', '..');
  const found = execFileSync('git', ['ls-files', 'src/*.ts', 'src/*.tsx'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  const writing = found.filter(
    (path) => !path.startsWith('src/files/') && existsSync(join(root, path)) && writers.test(readFileSync(join(root, path), 'utf8')),
  );
  expect(writing.sort()).toEqual(Object.keys(allowed).sort());
});
