import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keychain } from '../../src/secrets/keychain.ts';
import { secretFile } from '../../src/secrets/secretFile.ts';
import type { SecretStore } from '../../src/secrets/secretStore.ts';
import { Secrets } from '../../src/secrets/secrets.ts';
import { askSecret, readSecret } from '../../src/terminal/askSecret.ts';
import { Folder } from '../support/program.ts';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

const path = () => folder.at('secrets.json');
const file = () => secretFile(path(), (change) => change());

/** No session bus is there, whatever this machine has. */
const NO_BUS = { PATH: process.env.PATH, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };

function ring(env: NodeJS.ProcessEnv = NO_BUS, limitMs = 5_000): SecretStore {
  return keychain({ workspace: 'w', index: folder.at('keychain.json'), exclusively: (change) => change(), env, limitMs });
}

function secrets(env: NodeJS.ProcessEnv = {}): Secrets {
  return new Secrets({ env, keychain: ring(), file: file() });
}

test('the file keeps, finds, lists and forgets, and is readable by its owner alone', async () => {
  const store = file();
  expect(await store.getPassword('main')).toBeNull();
  expect(await store.deletePassword('main')).toBe(false);
  expect(existsSync(path())).toBe(false);
  await store.setPassword('main', 'pass "ä" word');
  await store.setPassword('constructor', 'odd name');
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect(await store.getPassword('main')).toBe('pass "ä" word');
  expect(await store.getPassword('toString')).toBeNull();
  expect(await store.names()).toEqual(['constructor', 'main']);
  expect(await store.deletePassword('main')).toBe(true);
  expect(await store.names()).toEqual(['constructor']);
  expect(readdirSync(folder.path)).toEqual(['secrets.json']);
});

test('what a killed process left beside the file is overwritten, not read', async () => {
  await file().setPassword('main', 'the old one');
  writeFileSync(folder.at('secrets.json.new'), '{"version": 1, "secrets": {"main": "ha');
  expect(await file().getPassword('main')).toBe('the old one');
  await file().setPassword('main', 'the new one');
  expect(await file().getPassword('main')).toBe('the new one');
  expect(readdirSync(folder.path)).toEqual(['secrets.json']);
});

test.skipIf(process.platform === 'win32')('a file that others may read is refused, with what mends it', async () => {
  await file().setPassword('main', 'very secret');
  chmodSync(path(), 0o640);
  await expect(secrets().resolve('keychain:main', 'outreach.yaml: sender main')).rejects.toMatchObject({
    code: 'config',
    message: `outreach.yaml: sender main: keychain:main was not found; ${path()} can be read by others than you`,
    hint: expect.stringContaining(`chmod 600 ${path()}`),
  });
});

test('a damaged file is named, and nothing of it is repeated', async () => {
  writeFileSync(path(), '{"version": 1, "secrets": {"main": "very-secret"', { mode: 0o600 });
  const error = (await file()
    .getPassword('main')
    .catch((thrown: unknown) => thrown)) as Error;
  expect(error.message).toContain(`${path()} is damaged`);
  expect(JSON.stringify(error) + error.message + error.stack).not.toContain('very');
});

test('a secret comes from the environment, or from the file where the keychain has none', async () => {
  await file().setPassword('main', 'from the file');
  const found = secrets({ PW: 'from the environment' });
  expect(await found.resolve('env:PW', 'sender main')).toBe('from the environment');
  expect(await found.resolve('keychain:main', 'sender main')).toBe('from the file');
  expect(await found.find('keychain:main')).toMatchObject({ where: 'file' });
  await expect(found.resolve('env:OTHER', 'outreach.yaml: sender main')).rejects.toMatchObject({
    code: 'config',
    message: 'outreach.yaml: sender main: the environment variable OTHER is not set',
  });
});

test('the keychain is asked before the file', async () => {
  await file().setPassword('main', 'from the file');
  const inMemory: SecretStore = {
    ...file(),
    place: 'keychain',
    getPassword: async (name) => (name === 'main' ? 'from the keychain' : null),
  };
  const found = new Secrets({ env: {}, keychain: inMemory, file: file() });
  expect(await found.find('keychain:main')).toMatchObject({ value: 'from the keychain', where: 'keychain' });
  await expect(found.resolve('keychain:other', 'outreach.yaml: sender main')).rejects.toMatchObject({
    message: 'outreach.yaml: sender main: keychain:other is not stored yet',
    hint: 'Store it: outreach login other',
  });
});

test.skipIf(process.platform !== 'linux')('without a keychain the error says so, and names the file and env:', async () => {
  await expect(secrets().resolve('keychain:main', 'outreach.yaml: sender main')).rejects.toMatchObject({
    code: 'config',
    message: 'outreach.yaml: sender main: keychain:main was not found; the keychain cannot be used: no Secret Service answers on D-Bus',
    hint: expect.stringMatching(/outreach login main --file .*env:NAME/),
  });
  await expect(ring().setPassword('main', 'very secret')).rejects.toThrow('no Secret Service answers on D-Bus');
  expect(await ring().names()).toEqual([]);
});

test.skipIf(process.platform !== 'linux')('a D-Bus that says nothing is left after the time limit, and is not asked twice', async () => {
  let connections = 0;
  const bus = createServer((socket) => {
    connections++;
    socket.on('error', () => {}).resume();
  });
  await new Promise<void>((resolve) => bus.listen(folder.at('bus'), resolve));
  const store = ring({ ...NO_BUS, DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder.at('bus')}` }, 1_500);
  await expect(store.getPassword('main')).rejects.toThrow('the keychain cannot be used: it did not answer within 1.5 s');
  await expect(store.getPassword('other')).rejects.toThrow('it did not answer');
  expect(connections).toBe(1);
  await new Promise((resolve) => bus.close(resolve));
});

test('what is typed at the prompt is not shown, and erasing works', async () => {
  const input = new PassThrough();
  const output = new PassThrough();
  const asked = askSecret('Password: ', { input, output });
  input.write('hunterX\x7f2\r');
  expect(await asked).toBe('hunter2');
  expect(output.read().toString()).toBe('Password: \n');
});

test.each(['abc\x03', '\x04'])('%j at the prompt stores nothing', async (keys) => {
  const input = new PassThrough();
  const asked = askSecret('Password: ', { input, output: new PassThrough() });
  input.write(keys);
  await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
});

test.each([
  ['one\ntwo\n', 'one'],
  ['one\r\n', 'one'],
  [' with spaces ', ' with spaces '],
  ['', ''],
])('of %j on standard input the first line is the secret', async (text, line) => {
  const input = new PassThrough();
  input.end(text);
  expect(await readSecret(input)).toBe(line);
});

test('the file holds no more than its secrets', async () => {
  await file().setPassword('main', 'a');
  expect(JSON.parse(readFileSync(path(), 'utf8'))).toEqual({ version: 1, secrets: { main: 'a' } });
});
