import { copyFileSync, linkSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { machineId, stateFolder } from '../../src/config/machine.ts';
import { type Identity, judge, type Seal } from '../../src/domain/guard.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { openStore } from '../../src/store/database.ts';
import { countArm, identityOf, markBackup } from '../../src/store/guard.ts';
import { SendGuard } from '../../src/store/sendGuard.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { readSeal, SealWriter } from '../../src/store/sqlite/sealFile.ts';
import { Bench } from '../support/bench.ts';
import { backTo } from '../support/olderSchema.ts';
import { csv } from '../support/program.ts';

let bench: Bench;
const warnings: string[] = [];

beforeEach(async () => {
  bench = await Bench.open();
  warnings.length = 0;
  await bench.import(csv(6));
  await bench.draft();
});

afterEach(() => bench.close());

const state = () => bench.folder.at('state');
const guardOf = (store = bench.store, machine: string | undefined = 'm1', folder = state()) =>
  new SendGuard(store, { state: folder, machine, warn: (what) => warnings.push(what) });
const beside = () => `${bench.store.path}.seal`;
const ownSeal = async () => bench.folder.at('state', 'seals', `${(await identityOf(bench.store.db)).database}.seal`);

async function sendOne(guard: SendGuard) {
  return sendMessage({ ...bench.sending(), guard }, 1, bench.campaign);
}

async function admitted(): Promise<SendGuard> {
  const guard = guardOf();
  await guard.admit();
  return guard;
}

test('both seals know of a mail before its first byte, and never of one that the database does not know', async () => {
  const guard = await admitted();
  for (let sent = 1; sent <= 3; sent++) {
    bench.beforeArm = async () => {
      expect(readSeal(beside())?.sequence).toBe(sent - 1);
      expect((await identityOf(bench.store.db)).sequence).toBe(sent - 1);
    };
    await sendOne(guard);
    const { database, sequence } = await identityOf(bench.store.db);
    expect(sequence).toBe(sent);
    expect(readSeal(beside())).toMatchObject({ database, epoch: 0, sequence: sent, place: bench.store.path });
    expect(readSeal(await ownSeal())).toEqual(readSeal(beside()));
  }
});

test('a mail whose arm cannot be sealed is not sent, and waits', async () => {
  await admitted();
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  const troubles: string[] = [];
  const refusing = { seal: () => Promise.reject(full), mend: () => {} };
  const deps = { ...bench.sending(), guard: refusing, trouble: (error: Error) => troubles.push(error.message) };
  const result = await sendMessage(deps, 1, bench.campaign);
  expect(result).toMatchObject({ kind: 'sent', delivery: { kind: 'not_armed' } });
  expect(bench.delivered).toEqual([]);
  expect(troubles).toEqual(['the disk is full']);
  expect(new Set(await bench.states())).toEqual(new Set(['ready']));
});

test('a link to nothing in the place of a seal is replaced by one', async () => {
  symlinkSync(bench.folder.at('nowhere'), beside());
  await sendOne(await admitted());
  expect(readSeal(beside())?.sequence).toBe(1);
});

test('nothing more is claimed until the seal tells of what was armed', async () => {
  const guard = await admitted();
  renameSync(beside(), `${beside()}.away`);
  mkdirSync(beside());
  const unsealed = await sendMessage({ ...bench.sending(), guard, trouble: () => {} }, 1, bench.campaign);
  expect(unsealed).toMatchObject({ delivery: { kind: 'not_armed' } });
  expect(() => guard.mend()).toThrow('EISDIR');
  expect(() => guard.mend()).toThrow('EISDIR');
  rmdirSync(beside());
  renameSync(`${beside()}.away`, beside());
  guard.mend();
  expect(readSeal(beside())?.sequence).toBe(1);
  expect(await sendOne(guard)).toMatchObject({ delivery: { kind: 'accepted' } });
  expect(readSeal(beside())?.sequence).toBe(2);
});

test('a database with a second name is refused: a copy made of links would send everything twice', async () => {
  linkSync(bench.store.path, bench.folder.at('linked.db'));
  await expect(admitted()).rejects.toThrow('has a second name, a hard link');
  rmSync(bench.folder.at('linked.db'));
  await admitted();
});

test('a copy from before the last mail is found to be behind, by either seal alone', async () => {
  const guard = await admitted();
  await sendOne(guard);
  const copy = bench.folder.at('copy.db');
  bench.store.copyTo(copy);
  await sendOne(guard);
  await sendOne(guard);
  const old = await openStore(copy);
  try {
    expect(await guardOf(old).find()).toEqual({ kind: 'behind', sends: 2 });
    copyFileSync(beside(), `${old.path}.seal`);
    expect(await guardOf(old, 'm1', bench.folder.at('nowhere')).find()).toEqual({ kind: 'behind', sends: 2 });
    // A torn record is no lower number: the other one counts.
    writeFileSync(`${old.path}.seal`, readFileSync(beside()).fill(0x21, 30, 60));
    expect(await guardOf(old).find()).toEqual({ kind: 'behind', sends: 2 });
  } finally {
    await old.close();
  }
});

test('a database without any seal is taken over silently: it is from a version before seals', async () => {
  await sendOne(await admitted());
  rmSync(beside());
  rmSync(state(), { recursive: true });
  expect(await guardOf().find()).toBeUndefined();
  await admitted();
  expect(readSeal(beside())?.sequence).toBe(1);
  expect(readSeal(await ownSeal())?.sequence).toBe(1);
});

test('seals that are both broken refuse nothing, and are made anew', async () => {
  await sendOne(await admitted());
  writeFileSync(beside(), 'torn');
  writeFileSync(await ownSeal(), '');
  await admitted();
  expect(readSeal(beside())).toEqual(readSeal(await ownSeal()));
  expect(readSeal(beside())?.sequence).toBe(1);
});

test('a state folder that cannot be written to is said once, and the seal beside the database is enough', async () => {
  const guard = guardOf(bench.store, 'm1', bench.folder.write('a-file', ''));
  await guard.admit();
  await sendOne(guard);
  await sendOne(guard);
  expect(warnings).toHaveLength(1);
  expect(bench.delivered).toHaveLength(2);
  expect(readSeal(beside())?.sequence).toBe(2);
});

test('a copy made between a mail’s claim and its arm is behind once the mail has left', async () => {
  const guard = await admitted();
  const copy = bench.folder.at('copy.db');
  bench.beforeArm = async () => bench.store.copyTo(copy);
  await sendOne(guard);
  const old = await openStore(copy);
  expect(await guardOf(old).find()).toEqual({ kind: 'behind', sends: 1 });
  await old.close();
});

test('a copy from before the update that brought the seals, with leads and no mail yet, is not taken for a fresh start', async () => {
  const copy = bench.folder.at('copy.db');
  bench.store.copyTo(copy);
  const older = connect(copy);
  await backTo(4, older);
  older.close();
  await sendOne(await admitted());
  copyFileSync(beside(), `${copy}.seal`);
  const old = await openStore(copy);
  expect(await guardOf(old).find()).toEqual({ kind: 'replaced' });
  await old.close();
});

test('an arm that was undone is in no seal', async () => {
  const guard = await admitted();
  const undone = bench.store.write(async (tx) => {
    await countArm(tx);
    throw new Error('undone');
  });
  await Promise.all([expect(undone).rejects.toThrow('undone'), sendOne(guard)]);
  expect((await identityOf(bench.store.db)).sequence).toBe(1);
  expect(readSeal(beside())?.sequence).toBe(1);
});

test('another machine is refused, one without an id is not', async () => {
  await admitted();
  await expect(guardOf(bench.store, 'm2').admit()).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining('another machine'),
  });
  await guardOf(bench.store, undefined).admit();
  await guardOf(bench.store, 'm1').admit();
});

test('who takes a copy over leaves every other one behind', async () => {
  const guard = await admitted();
  await sendOne(guard);
  const aside = bench.folder.at('aside.db');
  bench.store.copyTo(aside);
  await bench.store.write((tx) => markBackup(tx, bench.now));
  expect(await guard.find()).toEqual({ kind: 'backup', markedAt: bench.now, sends: 0 });
  await guard.takeOver(async () => {});
  expect(await guard.find()).toBeUndefined();
  const other = await openStore(aside);
  expect(await guardOf(other).find()).toEqual({ kind: 'behind', sends: null });
  await other.close();
});

test('each writer raises its own record, none is lowered, the highest counts, and a torn one makes the seal broken', () => {
  const path = bench.folder.at('a.seal');
  const seal = (sequence: number, epoch = 0): Seal => ({ database: 'd', epoch, sequence, place: '/here', arms: [] });
  const note = (sequence: number, epoch = 0) => ({ database: 'd', epoch, sequence, arm: undefined });
  const [third, ninth, last] = [3, 9, 15].map((index) => new SealWriter(path, index)) as [SealWriter, SealWriter, SealWriter];
  third.raise(note(5), '/here');
  third.raise(note(7), '/here');
  ninth.raise(note(6), '/here');
  third.raise(note(4), '/here');
  expect(readSeal(path)).toEqual(seal(7));
  ninth.raise(note(1, 1), '/here');
  ninth.raise(note(9), '/here');
  expect(readSeal(path)).toEqual(seal(1, 1));
  writeFileSync(path, readFileSync(path, 'utf8').replace('"sequence":7', '"sequence":0'));
  expect(readSeal(path)).toBeUndefined();
  const far = `/${'long/'.repeat(500)}`;
  third.renew(note(3), far);
  last.raise(note(4), '/ignored');
  expect(readSeal(path)).toEqual({ ...seal(4), place: far });
  ninth.renew(note(2), '/near');
  expect(readSeal(path)).toEqual({ ...seal(4), place: '/near' });
});

test('a writer hears of what others noted since it last looked, once, also where two share a record', () => {
  const path = bench.folder.at('a.seal');
  const note = (sequence: number, worker: string) => ({
    database: 'd',
    epoch: 0,
    sequence,
    arm: { epoch: 0, sequence, attempt: 7, worker },
  });
  const [one, other, sharing] = [3, 9, 3].map((index) => new SealWriter(path, index)) as [SealWriter, SealWriter, SealWriter];
  expect(one.raise(note(1, 'w1'), '/here')).toEqual([]);
  expect(one.raise(note(2, 'w1'), '/here')).toEqual([]);
  expect(other.raise(note(2, 'w2'), '/here')).toEqual([note(2, 'w1')]);
  expect(one.raise(note(3, 'w1'), '/here')).toEqual([note(2, 'w2')]);
  expect(one.raise(note(4, 'w1'), '/here')).toEqual([]);
  // Behind what stands there it does not write, and hears of it all the same.
  expect(sharing.raise(note(4, 'w3'), '/here')).toEqual(expect.arrayContaining([note(4, 'w1')]));
  expect(sharing.raise(note(5, 'w3'), '/here')).toEqual([]);
  expect(one.raise(note(6, 'w1'), '/here')).toEqual([note(5, 'w3')]);
  expect(readSeal(path)?.arms).toEqual([note(6, 'w1').arm, note(2, 'w2').arm]);
  // Whoever takes the place over has not judged what it read for that.
  const late = new SealWriter(path, 5);
  late.renew({ ...note(6, 'w4'), arm: undefined }, '/there');
  expect(late.raise(note(7, 'w4'), '/there')).toEqual([note(6, 'w1'), note(2, 'w2')]);
});

test('what is judged, case by case', () => {
  const identity: Identity = { database: 'd', epoch: 1, sequence: 5, machine: 'm', markedAt: null };
  const seal = (change: Partial<Seal> = {}): Seal => ({ database: 'd', epoch: 1, sequence: 5, place: '/p', arms: [], ...change });
  const kind = (change: Partial<Identity>, seals: Seal[], twin?: string, machine: string | undefined = 'm') =>
    judge({ ...identity, ...change }, { machine, seals, twin, stranger: false })?.kind;
  expect(kind({}, [seal(), seal()])).toBeUndefined();
  expect(kind({}, [seal({ sequence: 3 })])).toBeUndefined();
  expect(kind({}, [seal({ epoch: 0, sequence: 99 })])).toBeUndefined();
  expect(kind({}, [seal({ sequence: 3 }), seal({ sequence: 6 })])).toBe('behind');
  expect(kind({}, [seal({ epoch: 2, sequence: 0 })])).toBe('behind');
  expect(kind({ machine: 'x' }, [seal()])).toBe('other_machine');
  expect(kind({ machine: 'x' }, [seal({ sequence: 6 })])).toBe('behind');
  expect(kind({}, [seal()], '/elsewhere')).toBe('copy');
  expect(kind({ markedAt: 1 }, [])).toBe('backup');
  // A fresh start where another one was, and an older one in its place.
  expect(kind({ sequence: 0 }, [seal({ database: 'e' })])).toBeUndefined();
  expect(kind({}, [seal({ database: 'e' })])).toBe('replaced');
});

test('the machine’s id is never told as it is, and can be set for containers', () => {
  const here = machineId({ env: { OUTREACH_MACHINE_ID: 'box-1' }, platform: 'linux' });
  expect(here).toMatch(/^[0-9a-f]{32}$/);
  expect(machineId({ env: { OUTREACH_MACHINE_ID: 'box-2' }, platform: 'linux' })).not.toBe(here);
  // No such tool on this system: no id, and no error.
  if (process.platform === 'linux') expect(machineId({ env: {}, platform: 'win32' })).toBeUndefined();
  expect(stateFolder({ env: { OUTREACH_STATE: '/s', HOME: '/h' }, platform: 'linux' })).toBe('/s');
  expect(stateFolder({ env: { HOME: '/h' }, platform: 'linux' })).toBe('/h/.local/state/outreach');
  expect(stateFolder({ env: { HOME: '/h', XDG_STATE_HOME: '/x' }, platform: 'linux' })).toBe('/x/outreach');
});
