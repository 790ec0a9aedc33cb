import { execFileSync } from 'node:child_process';
import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { openStore, type Store } from '../../src/store/database.ts';
import { identityOf } from '../../src/store/guard.ts';
import { openReader } from '../../src/store/reader.ts';
import { SendGuard } from '../../src/store/sendGuard.ts';
import { OpenFiles } from '../../src/store/sqlite/companions.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { refuseMounts } from '../../src/store/sqlite/mounts.ts';
import { readSeal, SealWriter } from '../../src/store/sqlite/sealFile.ts';
import { suppress, suppressionOf } from '../../src/store/suppressions.ts';
import { Bench } from '../support/bench.ts';
import { inNamespace, NO_MOUNTS, named } from '../support/mounts.ts';
import { csv } from '../support/program.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

const path = () => bench.store.path;
const block = (store: Store, who: string) => store.write((tx) => suppress(tx, `${who}@y.example`, 'r', 's', 0));
const isBlocked = async (store: Store, who: string) => (await suppressionOf(store.db, `${who}@y.example`)) !== undefined;

/** Another process opens the database and runs this on its `store`: within this one SQLite would share its files. */
function elsewhere(code: string): string {
  const script = `
    const { openStore } = await import('${import.meta.dirname}/../../src/store/database.ts');
    const { suppress } = await import('${import.meta.dirname}/../../src/store/suppressions.ts');
    const store = await openStore(process.argv[1]);
    try { ${code} } finally { await store.close(); }`;
  return execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, path()], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

const blockElsewhere = (who: string) => elsewhere(`await store.write((tx) => suppress(tx, '${who}@y.example', 'r', 's', 0));`);

test('the files of a database are known from the start, also of one that was just made', async () => {
  expect(bench.store.files.change()).toBeUndefined();
  rmSync(`${path()}-shm`);
  expect(bench.store.files.change()).toEqual({ kind: 'files', file: 'outreach.db-shm', how: 'gone' });
});

for (const removed of [['-wal'], ['-shm'], ['-wal', '-shm']]) {
  test(`without ${removed.join(' and ')} commits go on until somebody else opens the database, and closing keeps them`, async () => {
    await block(bench.store, 'before');
    for (const suffix of removed) rmSync(`${path()}${suffix}`);
    expect(bench.store.files.change()).toMatchObject({ kind: 'files', how: 'gone' });
    await block(bench.store, 'after');
    await bench.reopen();
    expect(bench.store.files.change()).toBeUndefined();
    expect([await isBlocked(bench.store, 'before'), await isBlocked(bench.store, 'after')]).toEqual([true, true]);
  });
}

test('what a killed import left in the log alone is in the database once a worker has begun', async () => {
  await block(bench.store, 'before');
  const alone = () => {
    copyFileSync(path(), `${path()}.alone`);
    const db = connect(`${path()}.alone`);
    const found = db.prepare("select count(*) as n from sqlite_master where name = 'suppressions'").all() as { n: number }[];
    const rows = found[0]?.n === 0 ? 0 : db.prepare('select * from suppressions').all().length;
    db.close();
    return rows;
  };
  expect(alone()).toBe(0);
  bench.store.foldLog();
  expect(alone()).toBe(1);
});

test('another log that nobody has written to changes nothing: what was committed here is still the truth', async () => {
  await block(bench.store, 'before');
  rmSync(`${path()}-wal`);
  writeFileSync(`${path()}-wal`, '');
  expect(bench.store.files.change()).toEqual({ kind: 'files', file: 'outreach.db-wal', how: 'gone' });
  await block(bench.store, 'after');
  await bench.reopen();
  expect(await isBlocked(bench.store, 'after')).toBe(true);
});

test('where another program works with a new index, nothing is committed, and closing leaves its commits alone', async () => {
  await block(bench.store, 'before');
  rmSync(`${path()}-shm`);
  blockElsewhere('there');
  expect(bench.store.files.change()).toEqual({ kind: 'files', file: 'outreach.db-shm', how: 'other' });
  await expect(block(bench.store, 'here')).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining('another file outreach.db-shm'),
  });
  await bench.reopen();
  expect([await isBlocked(bench.store, 'before'), await isBlocked(bench.store, 'there'), await isBlocked(bench.store, 'here')]).toEqual([
    true,
    true,
    false,
  ]);
  const whole = connect(path(), { readonly: true });
  expect(whole.pragma('integrity_check', { simple: true })).toBe('ok');
  whole.close();
});

test('a database that was put in the place of the open one takes no commit from here', async () => {
  bench.store.copyTo(`${path()}.copy`);
  renameSync(path(), `${path()}.aside`);
  expect(bench.store.files.change()).toEqual({ kind: 'files', file: 'outreach.db', how: 'gone' });
  renameSync(`${path()}.aside`, path());
  expect(bench.store.files.change()).toBeUndefined();
  renameSync(`${path()}.copy`, path());
  expect(bench.store.files.change()).toEqual({ kind: 'replaced' });
  await expect(block(bench.store, 'here')).rejects.toThrow('was put in the place of another one');
});

test.skipIf(process.platform !== 'linux')('a file that was replaced before it was noted is none that this process opened', () => {
  expect(bench.store.files.unopened()).toBeUndefined();
  const files = new OpenFiles(path());
  rmSync(`${path()}-wal`);
  writeFileSync(`${path()}-wal`, 'of another process');
  files.noteCompanions();
  expect(files.change()).toBeUndefined();
  expect(files.unopened()).toEqual({ kind: 'files', file: 'outreach.db-wal', how: 'other' });
});

test('a reader notices that the log beside its database was replaced', async () => {
  const reader = await openReader(path());
  expect(reader.isCurrent()).toBe(true);
  rmSync(`${path()}-wal`);
  writeFileSync(`${path()}-wal`, '');
  expect(reader.isCurrent()).toBe(false);
  await reader.close();
});

test('whether another program has the database open is asked of the file itself', async () => {
  expect(bench.store.isAlone()).toBe(true);
  expect(bench.store.files.change()).toBeUndefined();
  await block(bench.store, 'after');
  const other = await openStore(path(), { patience: 0 });
  expect(other.isAlone()).toBe(false);
  await block(bench.store, 'later');
  await other.close();
});

const guardOf = () => new SendGuard(bench.store, { state: bench.folder.at('state'), machine: 'm1', warn: () => {} });

async function admitted(): Promise<SendGuard> {
  await bench.import(csv(4));
  await bench.draft();
  const guard = guardOf();
  await guard.admit();
  return guard;
}

/** One mail, as a worker sends it; what ended the worker instead. */
async function sendOne(guard: SendGuard): Promise<string | undefined> {
  let failure: Error | undefined;
  await sendMessage({ ...bench.sending(), guard, fail: (error) => (failure ??= error as Error) }, 1, bench.campaign);
  return failure?.message;
}

test('a mail whose arm finds the log gone does not leave, waits, and nothing more is claimed', async () => {
  const guard = await admitted();
  expect(await sendOne(guard)).toBeUndefined();
  rmSync(`${path()}-wal`);
  expect(await sendOne(guard)).toContain('lost its file outreach.db-wal while it was in use');
  expect(bench.delivered).toHaveLength(1);
  expect((await bench.states()).sort()).toEqual(['accepted', 'ready', 'ready', 'ready']);
  expect(() => guard.mend()).toThrow('lost its file');
  // The seals do not tell of the mail that did not leave.
  expect(readSeal(`${path()}.seal`)?.sequence).toBe(1);
});

/** What a worker notes that uses the same file with a log of its own: it counts on from the same past. */
async function noteElsewhere(at: 'beside' | 'state', change: { sequence?: number; epoch?: number; attempt?: number; worker?: string }) {
  const { database, epoch, sequence } = await identityOf(bench.store.db);
  const own = { epoch: change.epoch ?? epoch, sequence: change.sequence ?? sequence + 1 };
  const arm = { ...own, attempt: change.attempt ?? sequence + 1, worker: change.worker ?? 'w-elsewhere' };
  const file = at === 'beside' ? `${path()}.seal` : bench.folder.at('state', 'seals', `${database}.seal`);
  new SealWriter(file).raise({ database, ...own, arm }, path());
}

for (const at of ['beside', 'state'] as const) {
  test(`an arm that the seal ${at === 'beside' ? 'beside the database' : 'in the state folder'} tells of, and the database does not know, stops the next mail`, async () => {
    const guard = await admitted();
    await sendOne(guard);
    // The same number and the same attempt, by another worker: this one's own arm takes that number next.
    await noteElsewhere(at, {});
    expect(await sendOne(guard)).toContain('does not know of a mail that was sent from it');
    expect(bench.delivered).toHaveLength(1);
    expect((await bench.states()).filter((state) => state === 'ready')).toHaveLength(3);
    // Nor does a worker start later, when its own count has passed that number.
    expect(await guardOf().find()).toEqual({ kind: 'split' });
  });
}

test('a higher number, or a later takeover, in a seal stops the next mail; what this database knows does not', async () => {
  const guard = await admitted();
  await sendOne(guard);
  // Noted by another worker of the same database, before this one looks again.
  await noteElsewhere('state', { sequence: 1, attempt: 1, worker: 'w1' });
  expect(await sendOne(guard)).toBeUndefined();
  await noteElsewhere('state', { sequence: 9, attempt: 1, worker: 'w1' });
  expect(await sendOne(guard)).toContain('nothing is sent');
  expect(bench.delivered).toHaveLength(2);
});

test('a takeover elsewhere stops the next mail here', async () => {
  const guard = await admitted();
  await sendOne(guard);
  await noteElsewhere('state', { epoch: 1, sequence: 0 });
  expect(await sendOne(guard)).toContain('nothing is sent');
});

test('who takes the database over is not stopped by what others noted before', async () => {
  const guard = await admitted();
  await sendOne(guard);
  await noteElsewhere('state', { sequence: 1 });
  expect(await guardOf().find()).toEqual({ kind: 'split' });
  const taker = guardOf();
  await taker.takeOver(async () => {});
  expect(await taker.find()).toBeUndefined();
  await taker.admit();
  expect(await sendOne(taker)).toBeUndefined();
});

test('a seal that another worker renews keeps what the others noted', async () => {
  const guard = await admitted();
  await sendOne(guard);
  await guardOf().admit();
  expect(readSeal(`${path()}.seal`)?.arms).toEqual([{ epoch: 0, sequence: 1, attempt: 1, worker: 'w1' }]);
});

test.skipIf(NO_MOUNTS !== undefined)(
  named('a mount point is found whatever signs its path holds, and a folder above it is none of ours'),
  () => {
    const files = ['plain', 'a blank', 'back\\slash', 'tab\there', '040', 'línea'].map((name) =>
      bench.folder.write(`${name}/outreach.db`, ''),
    );
    const script = `
    const { refuseMounts } = await import('${import.meta.dirname}/../../src/store/sqlite/mounts.ts');
    const said = (path) => { try { refuseMounts(path); return 'fine'; } catch (error) { return error.message; } };
    console.log(JSON.stringify(process.argv.slice(1).map(said)));`;
    const ask = (mounts: string[][]): string[] => {
      const command = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script, ...files];
      const { file, parameters } = inNamespace(mounts, command);
      return JSON.parse(execFileSync(file, parameters, { encoding: 'utf8' })) as string[];
    };
    const mounted = files.map((file) => expect.stringContaining(`${file} is mounted by itself`));
    const fine = files.map(() => 'fine');
    expect(ask(files.map((file) => ['--bind', file, file]))).toEqual(mounted);
    const elsewhere = bench.folder.write('elsewhere', '');
    expect(
      ask(
        files.flatMap((file) => [
          ['--bind', dirname(file), dirname(file)],
          ['--bind', file, elsewhere],
        ]),
      ),
    ).toEqual(fine);
    // Without the table a file from another file system is still told by its device.
    const hidden = ['-t', 'tmpfs', 'none', '/proc'];
    expect(ask([...files.map((file) => ['--bind', '/dev/null', file]), hidden])).toEqual(mounted);
    expect(ask([hidden])).toEqual(fine);
  },
);

test('a database that is not mounted by itself is fine', () => {
  expect(() => refuseMounts(path())).not.toThrow();
  expect(() => refuseMounts(bench.folder.at('not-there', 'outreach.db'))).not.toThrow();
});
