import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EchoServer, startEchoHttp, startEchoSmtp } from '../support/echoServers.ts';
import { CAMPAIGN, csv, Folder, json, objects, outreach, start } from '../support/program.ts';

const PASSWORD = 'canary/smtp+pass word';
const API_KEY = 'SG.canary-api-key-0123456789';
const AI_KEY = 'sk-canary-ai-key-0123456789';
const SECRETS = { main: PASSWORD, sg: API_KEY, ai: AI_KEY };

/** No session bus is there, whatever this machine has. */
const NO_BUS = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };

let folder: Folder;
let smtp: EchoServer;
let http: EchoServer;
let onRequest: () => void;

beforeEach(async () => {
  folder = new Folder();
  onRequest = () => {};
  // Its password is tried out by login; the mails meet one end each.
  smtp = await startEchoSmtp(
    (to) => (to.startsWith('lead0') ? 'rcpt' : to.startsWith('lead1') ? 'dot for now' : to.startsWith('lead2') ? 'dot' : undefined),
    PASSWORD,
  );
  http = await startEchoHttp((path) => {
    onRequest();
    return path === '/v3/scopes' || path === '/v1/models'
      ? { status: 200, body: { scopes: ['mail.send'] } }
      : { status: path === '/v1/chat/completions' ? 500 : 403 };
  });
});

afterEach(async () => {
  await smtp.close();
  await http.close();
  folder.remove();
});

function workspace(reference: (name: keyof typeof SECRETS) => string): void {
  const from = 'from: "Ana Ruiz <ana@ruiz.example>"';
  folder.write(
    'outreach.yaml',
    `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, Madrid", timezone: Europe/Madrid }
senders:
  - { name: main, type: smtp, ${from}, host: 127.0.0.1, port: ${smtp.port}, security: none, user: ana@ruiz.example, password: "${reference('main')}" }
  - { name: sg, type: sendgrid, ${from}, base_url: "http://127.0.0.1:${http.port}", api_key: "${reference('sg')}" }
ai: { providers: [{ name: ai, base_url: "http://127.0.0.1:${http.port}/v1", model: m, api_key: "${reference('ai')}" }] }
`,
  );
}

async function importAll(): Promise<void> {
  folder.write('leads.csv', csv(4));
  const campaigns = { smtp: 'senders: [main]', http: 'senders: [sg]', ai: 'senders: [main]\ngenerator: ai\nreview: none' };
  for (const [name, front] of Object.entries(campaigns)) folder.write(`campaigns/${name}.md`, CAMPAIGN.replace('---\n', `---\n${front}\n`));
  for (const name of Object.keys(campaigns)) await outreach(folder, ['import', 'leads.csv', '--campaign', name]);
}

/** Each secret as it is, and as base64 has it, alone or behind a user name. */
function formsOf(secret: string): string[] {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return [secret, encodeURIComponent(secret), base64(secret), base64(`\0ana@ruiz.example\0${secret}`), base64(`Bearer ${secret}`)];
}

function expectNone(text: string): void {
  for (const form of Object.values(SECRETS).flatMap(formsOf)) expect(text.includes(form), form).toBe(false);
}

/** Everything on disk but the file that was asked for. */
function onDisk(): { names: string[]; text: string } {
  const files = readdirSync(folder.path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'secrets.json')
    .map((entry) => join(entry.parentPath, entry.name));
  return { names: files, text: files.map((path) => readFileSync(path, 'latin1')).join('\n') };
}

const FROM_ENV = { SMTP_PASSWORD: PASSWORD, SG_KEY: API_KEY, AI_KEY };

test.each(['the environment', 'the file'] as const)(
  'servers that repeat a login from %s leave it nowhere: database, logs, arguments',
  async (place) => {
    const variables = { main: 'SMTP_PASSWORD', sg: 'SG_KEY', ai: 'AI_KEY' };
    workspace((name) => (place === 'the file' ? `keychain:${name}` : `env:${variables[name]}`));
    if (place === 'the file') {
      for (const [name, secret] of Object.entries(SECRETS)) {
        const ended = await outreach(folder, ['login', name, '--stdin', '--file'], NO_BUS, `${secret}\n`);
        expect(ended.code).toBe(0);
        expectNone(ended.stdout + ended.stderr);
      }
    }
    await importAll();
    const env = { ...NO_BUS, OUTREACH_LOG: 'debug', ...(place === 'the file' ? {} : FROM_ENV) };
    const worker = start(folder, ['worker'], env);
    let commandLine = '';
    onRequest = () => {
      commandLine ||= readFileSync(`/proc/${worker.child.pid}/cmdline`, 'latin1');
    };
    // Frozen in the middle of its work, so that the write-ahead log is still there.
    await expect
      .poll(() => ['"accepted"', '"failed"', 'later', 'sg', 'no: Bearer [redacted] or '].every((words) => worker.talk().includes(words)), {
        timeout: 20_000,
      })
      .toBe(true);
    worker.child.kill('SIGKILL');
    const ended = await worker.ended;
    const { names, text } = onDisk();
    expect(names.filter((name) => /\.db(-wal|-shm)?$/.test(name) && !name.includes('.locks')).length).toBeGreaterThanOrEqual(3);
    expect(commandLine).toContain('worker');
    expectNone(commandLine + text + ended.stdout + ended.stderr);
    // The echoes were stored and told: it is their secret that is missing.
    expect(text).toMatch(/you said AUTH PLAIN \S*\[redacted\]\S* which is \[redacted\]/);
    expect(text).toContain('no: Bearer [redacted] or ');
    expect(ended.stderr).toContain('[redacted]');
    const shown = await Promise.all(
      [['status'], ['senders'], ['messages'], ['show', '1'], ['secrets']].map((command) => outreach(folder, [...command, '--json'], env)),
    );
    for (const { code, stdout, stderr } of shown) {
      expect(code, stderr).toBe(0);
      expectNone(stdout + stderr);
    }
  },
);

test.each([
  [
    'thrown at a command',
    "const on = process.on; process.on = function (name, ...rest) { if (name === 'SIGINT') throw new Error(WORDS); return on.call(this, name, ...rest); };",
  ],
  [
    'that nobody waits for',
    "const on = process.on; process.on = function (name, ...rest) { if (name === 'SIGINT') setImmediate(() => { throw new Error(WORDS); }); return on.call(this, name, ...rest); };",
  ],
  [
    'in a promise that nobody waits for',
    "const on = process.on; process.on = function (name, ...rest) { if (name === 'SIGINT') Promise.reject(new Error(WORDS)); return on.call(this, name, ...rest); };",
  ],
  ['thrown by the provider', "const net = require('node:net'); net.Socket.prototype.connect = () => { throw new Error(WORDS); };"],
])('a crash with a secret in its message, %s, does not print it', async (_where, code) => {
  workspace(() => 'env:SMTP_PASSWORD');
  await importAll();
  const words = "'boom ' + process.env.SMTP_PASSWORD + ' ' + Buffer.from(process.env.SMTP_PASSWORD).toString('base64')";
  const hook = folder.write('hook.cjs', code.replaceAll('WORDS', words));
  // A key has no space in it, so all three are the API key here.
  const ended = await outreach(folder, ['worker', '--drain'], {
    ...NO_BUS,
    OUTREACH_LOG: 'debug',
    SMTP_PASSWORD: API_KEY,
    NODE_OPTIONS: `--require ${hook}`,
  });
  expect(ended.stderr).toContain('boom [redacted] ');
  expectNone(ended.stdout + ended.stderr + onDisk().text);
});

test('a log line passes the same gate, wherever its words come from', async () => {
  workspace(() => 'env:SMTP_PASSWORD');
  await importAll();
  const ended = await outreach(folder, ['worker', '--drain'], {
    ...NO_BUS,
    OUTREACH_LOG: 'debug',
    SMTP_PASSWORD: 'lead3@company3.example',
  });
  expect(ended.stderr).toContain('lead1@company1.example');
  expect(ended.stderr).toContain('"to":"[redacted]"');
  expect(ended.stderr).not.toContain('lead3@company3.example');
});

test('login tries the password out, and what is refused is stored nowhere', async () => {
  workspace((name) => `keychain:${name}`);
  const refused = await outreach(folder, ['login', 'main', '--stdin', '--file'], NO_BUS, 'canary-wrong-password\n');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('sender main was refused, and nothing is stored: 535 5.7.8 no');
  expect(refused.stderr + refused.stdout + onDisk().text).not.toContain('canary-wrong');
  expect(existsSync(folder.at('.outreach/secrets.json'))).toBe(false);
  const ended = await outreach(folder, ['login', 'main', '--stdin', '--file', '--json'], NO_BUS, `${PASSWORD}\n`);
  expect(objects(ended)).toEqual([{ name: 'main', stored_in: 'file', tested: true, reference: 'keychain:main', written: true }]);
  expect(ended.stderr).toContain('secrets.json is plain text');
  expect(statSync(folder.at('.outreach/secrets.json')).mode & 0o777).toBe(0o600);
  expectNone(ended.stdout + ended.stderr + onDisk().text);
});

test('login says which reference to write where there is none yet, and --no-check asks no server', async () => {
  workspace(() => 'env:OTHER');
  const ended = await outreach(folder, ['login', 'sg', '--stdin', '--file', '--no-check'], NO_BUS, `${API_KEY}\n`);
  expect(ended.stdout).toContain('Next: write api_key: "keychain:sg" in sender sg of outreach.yaml');
  expect(http.heard).toEqual([]);
  const free = await outreach(folder, ['login', 'mian', '--stdin', '--file'], NO_BUS, 'whatever\n');
  expect(free.stdout).toContain('did you mean main?');
});

test('secrets lists where each reference is, and logout removes', async () => {
  workspace((name) => (name === 'ai' ? 'env:AI_KEY' : `keychain:${name}`));
  for (const name of ['main', 'spare']) await outreach(folder, ['login', name, '--stdin', '--file', '--no-check'], NO_BUS, `${PASSWORD}\n`);
  const listed = await outreach(folder, ['secrets', '--json'], { ...NO_BUS, AI_KEY });
  expect(objects(listed)).toMatchObject([
    { reference: 'keychain:main', asked_by: ['sender main'], where: 'file', present: true },
    { reference: 'keychain:sg', asked_by: ['sender sg'], where: null, present: false },
    { reference: 'env:AI_KEY', asked_by: ['ai provider ai'], where: 'env', present: true },
    { reference: 'keychain:spare', asked_by: [], where: 'file', present: true },
  ]);
  expectNone(listed.stdout + listed.stderr);
  expect((await outreach(folder, ['logout', 'main'], NO_BUS)).stdout).toContain('Next: outreach login main');
  expect((await outreach(folder, ['logout', 'main'], NO_BUS)).code).toBe(2);
  expect(readFileSync(folder.at('.outreach/secrets.json'), 'utf8')).not.toContain('"main"');
});

test('a worker whose secret is missing claims nothing and ends with 2, naming reference, file and fix', async () => {
  workspace((name) => (name === 'sg' ? 'keychain:sg' : 'env:AI_KEY'));
  await importAll();
  const ended = await outreach(folder, ['worker', '--drain'], { ...NO_BUS, AI_KEY });
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(`${folder.at('outreach.yaml')}: sender sg: keychain:sg was not found`);
  expect(ended.stderr).toMatch(/outreach login sg --file .*env:NAME/);
  expect(smtp.heard).toEqual([]);
  expect(await json(folder, 'show', '1')).toMatchObject({ state: 'pending', attempts: [] });
});

test('without a terminal and without --stdin, login ends with 2 and says how', async () => {
  workspace((name) => `keychain:${name}`);
  const ended = await outreach(folder, ['login', 'main'], NO_BUS);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('login asks for the password of ana@ruiz.example at 127.0.0.1 on a terminal, and this is none');
  expect(ended.stderr).toContain('outreach login main --stdin < FILE');
});

test.skipIf(process.platform !== 'linux')(
  'on a machine without a keychain login says so before anything is asked, and names what else there is',
  async () => {
    workspace((name) => `keychain:${name}`);
    const ended = await outreach(folder, ['login', 'main', '--stdin'], NO_BUS, `${PASSWORD}\n`);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('the keychain cannot be used: no Secret Service answers on D-Bus');
    expect(ended.stderr).toMatch(/login main --file .*env:NAME/);
    expect(smtp.heard).toEqual([]);
  },
);

test('several logins at once all end up in the file', async () => {
  workspace((name) => `keychain:${name}`);
  const names = ['one', 'two', 'three', 'four', 'five'];
  const ended = await Promise.all(
    names.map((name) => outreach(folder, ['login', name, '--stdin', '--file'], NO_BUS, `secret of ${name}\n`)),
  );
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  const { secrets } = JSON.parse(readFileSync(folder.at('.outreach/secrets.json'), 'utf8')) as { secrets: Record<string, string> };
  expect(secrets).toEqual(Object.fromEntries(names.map((name) => [name, `secret of ${name}`])));
  expect(statSync(folder.at('.outreach/secrets.json')).mode & 0o777).toBe(0o600);
});

test.skipIf(process.platform === 'win32')('a write that is cut leaves the file as it was', async () => {
  workspace((name) => `keychain:${name}`);
  await outreach(folder, ['login', 'spare', '--stdin', '--file'], NO_BUS, 'the old one\n');
  const before = readFileSync(folder.at('.outreach/secrets.json'), 'utf8');
  // The operating system lets no file grow beyond the first block, and this one is ten times as long.
  const program = join(import.meta.dirname, '..', '..', 'bin', 'outreach.js');
  const child = spawn('sh', ['-c', 'ulimit -f 1; exec "$0" "$@"', process.execPath, program, 'login', 'spare', '--stdin', '--file'], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, HOME: folder.path, ...NO_BUS },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.end(`${'x'.repeat(10_000)}\n`);
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).not.toBe(0);
  expect(readFileSync(folder.at('.outreach/secrets.json'), 'utf8')).toBe(before);
  expect((await outreach(folder, ['login', 'spare', '--stdin', '--file'], NO_BUS, 'the new one\n')).code).toBe(0);
  expect(readFileSync(folder.at('.outreach/secrets.json'), 'utf8')).toContain('the new one');
  expect(readdirSync(folder.at('.outreach')).filter((name) => name.startsWith('secrets.json'))).toEqual(['secrets.json']);
});
