import { existsSync, mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { campaignFiles } from '../../src/config/campaign.ts';
import { campaignNames, chooseCampaign } from '../../src/config/campaignFolder.ts';
import { type Config, loadConfig, securityOf } from '../../src/config/config.ts';
import { prepareDatabasePlace } from '../../src/config/databasePlace.ts';
import { stateFolder } from '../../src/config/machine.ts';
import { writeWorkspace } from '../../src/config/scaffold.ts';
import { findWorkspace, userWorkspace, type Workspace, workspaceAt } from '../../src/config/workspace.ts';
import { Folder } from '../support/program.ts';

let folder: Folder;
let workspace: Workspace;

beforeEach(() => {
  folder = new Folder();
  workspace = workspaceAt(folder.path);
});

afterEach(() => folder.remove());

const IDENTITY = 'identity: { name: Ana, timezone: Europe/Madrid }';

function load(text: string): Config {
  folder.write('outreach.yaml', text);
  return loadConfig(workspace);
}

/** The message without the folder's name: `outreach.yaml:LINE:COL: …`. */
function complaint(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder.path}/`, '');
  }
  throw new Error('nothing was refused');
}

test('the smallest configuration has the outbox, the default retries and its own database', () => {
  const config = load(`version: 1\n${IDENTITY}\n`);
  expect(config.senders).toEqual([{ name: 'outbox', type: 'outbox', from: 'Ana <outbox@outreach.example>' }]);
  expect(config.retry.delays).toEqual([60_000, 300_000, 900_000, 3_600_000]);
  expect(config.database).toBe(folder.at('.outreach', 'outreach.db'));
});

test.each([
  [`version: 1\n${IDENTITY}\nversion: 1\n`, 'outreach.yaml:3:1: version: the key stands twice; remove one'],
  [`version: 1\nidentity:\n\tname: Ana\n`, 'outreach.yaml:3:1: a tab indents this line; write spaces'],
  ['version: 2\n', 'outreach.yaml:1:1: version: 2 is not known; write version: 1'],
  ['', 'outreach.yaml:1:1: version: missing; write version: 1'],
  ['- version: 1\n', 'outreach.yaml:1:1: not keys with values; write version, identity'],
  [`version: 1\nidentity: { name: Ana, timezone: [1] }\n`, 'timezone: not a time zone; write an IANA name such as Europe/Madrid'],
  [`version: 1\nidentity:\n  name: Ana: Ruiz\n`, 'outreach.yaml:3:9: name: a second : in this value; write the value in quotes'],
  [
    'version: 1\nidentity: { name: Ana, timezone: Mars/Base }\n',
    'outreach.yaml:2:24: identity.timezone: Mars/Base is not a time zone; write an IANA name such as Europe/Madrid',
  ],
  [`version: 1\n${IDENTITY}\nsendrs: []\n`, 'outreach.yaml:3:1: sendrs: unknown key; did you mean senders?'],
  [
    `version: 1\n${IDENTITY}\nai: { concurrency: 2 }\n`,
    'outreach.yaml:3:1: ai.providers: missing; write - { name: openai, base_url: …, model: … }',
  ],
  [
    `version: 1\n${IDENTITY}\nai: { providers: [{ name: a, base_url: "http://ai.example/v1", model: m }] }\n`,
    'outreach.yaml:3:30: ai.providers.base_url: http would send key and leads in clear to ai.example; write https, or add insecure: true',
  ],
  [
    `version: 1\n${IDENTITY}\nai: { budget_usd: 5, providers: [{ name: a, base_url: "https://ai.example/v1", model: m }] }\n`,
    'ai.providers.price: missing, and a budget cannot be kept without it; write price: { input: 0.25, output: 2.0 }',
  ],
  [
    `version: 1\n${IDENTITY}\nai: { providers: [{ name: a, base_url: "https://u:p@ai.example/v1", model: m }] }\n`,
    'ai.providers.base_url: a secret must not stand in this file; write api_key: "env:NAME"',
  ],
  [`version: 1\n${IDENTITY}\nai: { providers: [{ name: a, base_url: nowhere, model: m }] }\n`, 'ai.providers.base_url: not a web address'],
  [
    `version: 1\n${IDENTITY}\nai: { providers: [{ name: a, base_url: "https://ai.example/v1", model: m, api_key: sk-123 }] }\n`,
    'ai.providers.api_key: a secret must not stand in this file',
  ],
  [
    `version: 1\n${IDENTITY}\nrequire_source: maybe\n`,
    'outreach.yaml:3:1: require_source: "maybe" is neither true nor false; write true or false',
  ],
  [
    `version: 1\n${IDENTITY}\nunsubscribe: { url: "http://x.example/u" }\n`,
    'outreach.yaml:3:16: unsubscribe.url: mail programs post to https alone; write https://x.example/u',
  ],
  [
    `version: 1\n${IDENTITY}\ndatabase: "postgres://x"\n`,
    'outreach.yaml:3:1: database: Postgres is not built yet; write the path of a SQLite file, or remove the key',
  ],
  [
    `version: 1\n${IDENTITY}\nsenders:\n  - { name: a, type: resend, from: a@b.example }\n`,
    'outreach.yaml:4:5: senders.api_key: missing; write env:NAME, the name of an environment variable',
  ],
  [
    `version: 1\n${IDENTITY}\nsenders:\n  - { name: a, type: smtp, from: a@b.example, host: h.example, warmup: { start: 1, step: 1 } }\n`,
    'outreach.yaml:4:64: senders.warmup: grows up to daily_cap, and there is none; write daily_cap: 50 beside it',
  ],
  [
    `version: 1\n${IDENTITY}\nsenders:\n  - { name: a, type: smtp, from: a@b.example, host: h.example, security: none }\n`,
    'outreach.yaml:4:64: senders.security: none would send mail and password in clear to h.example; write starttls or tls, or add insecure: true',
  ],
  [
    `version: 1\n${IDENTITY}\nsenders:\n  - { name: a, type: smtp, from: a@b.example, host: h.example, gap: { min: 2m, max: 1m } }\n`,
    'outreach.yaml:4:64: senders.gap: max is below min; write { min: 60s, max: 180s }',
  ],
  [`version: 1\n${IDENTITY}\nretry: { delays: [5] }\n`, 'outreach.yaml:3:19: retry.delays: not a duration; write 90s, 15m, 1h or 1d'],
  ['version: 1\nidentity: [unclosed\n', 'outreach.yaml:3:1: '],
])('%j is refused with file, line, key and fix', (text, message) => {
  expect(complaint(() => load(text))).toContain(message);
});

test('a secret in the file is refused and never repeated', () => {
  const sender = (password: string) =>
    `version: 1\n${IDENTITY}\nsenders:\n  - { name: a, type: smtp, from: a@b.example, host: h.example, user: u, password: "${password}" }\n`;
  expect(complaint(() => load(sender('hunter2')))).toBe(
    'outreach.yaml:4:73: senders.password: a secret must not stand in this file; write env:NAME, the name of an environment variable, keychain:NAME, what outreach login NAME stores, or credential:NAME, what systemd gives a service',
  );
  expect(complaint(() => load(sender('keychain:my main')))).toContain('a secret must not stand in this file');
  expect(load(sender('keychain:main')).senders[0]).toMatchObject({ password: 'keychain:main' });
  expect(load(sender('env:SMTP_PASSWORD')).senders[0]).toMatchObject({ password: 'env:SMTP_PASSWORD' });
});

test('port 465 means TLS from the first byte, every other port STARTTLS', () => {
  expect(securityOf({ security: undefined, port: 465 })).toBe('tls');
  expect(securityOf({ security: undefined, port: 587 })).toBe('starttls');
});

test('a preset fills host, port and the provider’s daily limit; what the file says wins, but not over that limit', () => {
  const sender = (more: string) =>
    load(`version: 1\n${IDENTITY}\nsenders:\n  - { name: a, type: smtp, from: a@b.example, ${more} }\n`).senders[0];
  expect(sender('preset: gmail')).toMatchObject({ host: 'smtp.gmail.com', port: 587, daily_cap: 500 });
  expect(sender('preset: fastmail')).toMatchObject({ host: 'smtp.fastmail.com', port: 465 });
  expect(sender('preset: ses, host: email-smtp.eu-west-1.amazonaws.com, port: 2587, daily_cap: 40')).toMatchObject({
    host: 'email-smtp.eu-west-1.amazonaws.com',
    port: 2587,
    daily_cap: 40,
  });
  expect(complaint(() => sender('preset: gmail, daily_cap: 900'))).toContain(
    'daily_cap: gmail lets a mailbox send 500 mails a day; write less',
  );
  expect(complaint(() => sender('preset: gmial'))).toContain('senders.preset: "gmial" is not known; write gmail, workspace');
  expect(complaint(() => sender('port: 25'))).toContain('senders.host: missing; write it, or preset: gmail');
});

test('a sender over HTTP needs a key, and its address must not show key or leads to the network', () => {
  const sender = (more: string) => load(`version: 1\n${IDENTITY}\nsenders:\n  - { name: a, from: a@b.example, ${more} }\n`).senders[0];
  expect(sender('type: sendgrid, api_key: "env:KEY", base_url: "https://api.eu.sendgrid.com"')).toMatchObject({ type: 'sendgrid' });
  expect(sender('type: resend, api_key: "env:KEY", base_url: "http://127.0.0.1:9"')).toMatchObject({ type: 'resend' });
  expect(complaint(() => sender('type: resend, api_key: "env:KEY", base_url: "http://api.example"'))).toContain('write https');
  expect(sender('type: gmail, oauth: { client_id: c, client_secret: "env:S" }')).toMatchObject({ type: 'gmail', insecure: false });
  const cloud = 'type: graph, user: team@b.example, base_url: "https://graph.microsoft.us", oauth: { client_id: c }';
  expect(sender(cloud)).toMatchObject({ user: 'team@b.example' });
  expect(complaint(() => sender('type: gmail'))).toContain('senders.oauth: missing, and type gmail logs in with it');
  expect(complaint(() => sender('type: graph, oauth: { client_id: c, provider: google }'))).toContain(
    'senders.oauth.provider: type graph is microsoft’s; write microsoft, or remove it',
  );
  expect(complaint(() => sender('type: graph, api_key: "env:KEY"'))).toContain('api_key: unknown key');
  expect(complaint(() => sender('type: resend, api_key: re_123'))).toContain('a secret must not stand in this file');
  expect(complaint(() => sender('type: pigeon'))).toContain(
    'senders.type: "pigeon" is not known; write type: smtp, sendgrid, resend, gmail, graph or outbox',
  );
});

function campaign(text: string, senders = '') {
  const config = load(`version: 1\n${IDENTITY}\n${senders}`);
  folder.write('campaigns/hello.md', text);
  return campaignFiles(workspace, config);
}

test('a campaign is read with its defaults, and read again when its file changes', () => {
  const files = campaign('---\nsubject: Hi\n---\nBody\n');
  const first = files.load('hello');
  expect(first).toMatchObject({
    senders: ['outbox'],
    send: { mode: 'immediate', rate: null, at: null },
    window: null,
    review: 'none',
    lines: { subject: 2, body: 4 },
  });
  expect(files.load('hello')).toBe(first);
  folder.write('campaigns/hello.md', '---\nsubject: Hi\n---\nAnother body\n');
  expect(files.load('hello').contentHash).not.toBe(first.contentHash);
});

test.each([
  ['subject: Hi\n', 'hello.md:1: a campaign begins with its settings between two lines of ---'],
  ['---\nsubject: Hi\n---\n', "hello.md:4: the mail's text is empty"],
  ['---\nsubject: Hi\ngenerator: ai\n---\nx\n', 'hello.md:3: generator: ai needs a model; write ai.providers into outreach.yaml'],
  ['---\nsubject: Hi\nsend: { mode: drip }\n---\nx\n', 'hello.md:3: send: a drip needs a rate; write rate: 20 (mails an hour)'],
  ['---\nsubject: Hi\nsend: { rate: 20 }\n---\nx\n', 'hello.md:3:1: send: only a drip has a rate; write { mode: drip, rate: 20 }'],
  ['---\nsubject: Hi\nsend: { at: "2030-12-01T09:00" }\n---\nx\n', 'hello.md:3:1: send: an immediate send has no time'],
  ['---\nsubject: Hi\nsend: { mode: scheduled, at: soon }\n---\nx\n', 'hello.md:3: send.at: soon is not a time; write 2026-12-01T09:00'],
  ['---\nsubject: Hi\nwindow: { from: "17:00", to: "09:00" }\n---\nx\n', 'hello.md:3:1: window: from must be before to'],
  [
    '---\nsubject: Hi\nwindow: { from: "09:00", to: "17:00", timezone: Madrid }\n---\nx\n',
    'hello.md:3:39: window.timezone: Madrid is not a time zone; write recipient, or an IANA name',
  ],
  ['---\nsubject: Hi\nsenders: [mian]\n---\nx\n', 'hello.md:3: senders: there is no sender mian'],
  ['---\nsubject: Hi\ncanary: { first: 10 }\n---\nx\n', 'hello.md:3:1: canary.wait: '],
  ['---\nsubject: Hi\n---\nline one\n{{ broken\n', 'hello.md:5:1: '],
])('campaign %j is refused with line and fix', (text, message) => {
  expect(complaint(() => campaign(text).load('hello'))).toContain(message);
});

test('senders of one campaign share their From', () => {
  const senders = 'senders:\n  - { name: a, type: outbox, from: a@y.example }\n  - { name: b, type: outbox, from: b@y.example }\n';
  expect(complaint(() => campaign('---\nsubject: Hi\nsenders: [a, b]\n---\nx\n', senders).load('hello'))).toContain(
    'senders of one campaign need the same from',
  );
});

test('the only campaign is the default; among several one must be named; no path leads out', () => {
  const files = campaign('---\nsubject: Hi\n---\nx\n');
  expect(chooseCampaign(workspace, undefined)).toBe('hello');
  folder.write('campaigns/other.md', '---\nsubject: Hi\n---\nx\n');
  expect(() => chooseCampaign(workspace, undefined)).toThrow('there is more than one campaign');
  expect(complaint(() => files.load('helo'))).toContain('did you mean hello?');
  expect(complaint(() => files.load('../campaigns/hello'))).toContain('there is no campaign ../campaigns/hello');
  expect(campaignNames(workspace)).toEqual(['hello', 'other']);
});

test('a workspace is found by flag, environment, upward search and per-user default, in this order', () => {
  const surroundings = { cwd: folder.at('deep', 'down'), env: { HOME: folder.at('home') }, platform: 'linux' as const };
  expect(() => findWorkspace(undefined, surroundings)).toThrow(
    `no workspace: there is no outreach.yaml in ${surroundings.cwd} or above, nor in ${folder.at('home', '.local', 'share', 'outreach')}`,
  );
  expect(() => findWorkspace('x', surroundings)).toThrow('(named by --workspace)');
  folder.write('outreach.yaml', '');
  mkdirSync(surroundings.cwd, { recursive: true });
  expect(findWorkspace(undefined, surroundings).workspace.root).toBe(folder.path);
  folder.write('named/outreach.yaml', '');
  expect(findWorkspace(undefined, { ...surroundings, env: { OUTREACH_WORKSPACE: folder.at('named') } }).workspace.root).toBe(
    folder.at('named'),
  );
  expect(userWorkspace({ ...surroundings, env: { ...surroundings.env, XDG_DATA_HOME: '/data' } }).root).toBe('/data/outreach');
  const relative = { ...surroundings.env, XDG_DATA_HOME: 'data', XDG_STATE_HOME: 'state' };
  expect(userWorkspace({ ...surroundings, env: relative }).root).toBe(folder.at('home', '.local', 'share', 'outreach'));
  expect(stateFolder({ ...surroundings, env: relative })).toBe(folder.at('home', '.local', 'state', 'outreach'));
  expect(userWorkspace({ ...surroundings, platform: 'darwin' }).root).toBe(folder.at('home', 'Library', 'Application Support', 'outreach'));
});

test('what init writes is a valid workspace, with and without a mailbox', () => {
  expect(writeWorkspace(workspace, {}).files).toHaveLength(3);
  expect(loadConfig(workspace).senders[0]?.type).toBe('outbox');
  expect(writeWorkspace(workspace, { name: 'Other' }).files).toEqual([]);
  const live = workspaceAt(folder.at('live'));
  expect(() => writeWorkspace(live, { smtpHost: '127.0.0.1' })).toThrow('say which mailbox to send as');
  expect(existsSync(live.root)).toBe(false);
  writeWorkspace(live, {
    name: 'Ana "A" Ruiz',
    postalAddress: 'Calle: 1',
    smtpHost: 'smtp.ruiz.example',
    smtpUser: 'ana@ruiz.example',
    smtpPort: 465,
  });
  expect(loadConfig(live)).toMatchObject({
    identity: { name: 'Ana "A" Ruiz', postal_address: 'Calle: 1' },
    senders: [{ security: 'tls', port: 465, user: 'ana@ruiz.example', password: 'env:SMTP_PASSWORD', daily_cap: 50 }],
  });
  expect(campaignFiles(live, loadConfig(live)).load('hello').senders).toEqual(['main']);
});

test.each([
  ['/dev/null/x.db', '/dev/null is no folder'],
  ['/dev/null/a/x.db', '/dev/null/a cannot be made: ENOTDIR'],
  ['/proc/none/x.db', '/proc/none cannot be made: ENOENT'],
  ['.', 'is no file'],
])('a database at %s is refused with its line', async (path, what) => {
  folder.write('outreach.yaml', `version: 1\n${IDENTITY}\ndatabase: ${path}\n`);
  const { database } = loadConfig(workspace);
  await expect(prepareDatabasePlace(workspace, database)).rejects.toThrow(what);
  await expect(prepareDatabasePlace(workspace, database)).rejects.toThrow(`${workspace.configFile}:3:1: database: `);
});
