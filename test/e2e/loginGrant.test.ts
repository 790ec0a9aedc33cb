import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OAuthServer, startOAuthServer } from '../support/oauthServer.ts';
import { loginByPaste } from '../support/pastedLogin.ts';
import { CAMPAIGN, csv, Folder, json, objects, outreach, start, until } from '../support/program.ts';
import { startTokenSmtp, type TokenSmtp } from '../support/tokenSmtp.ts';

/** No session bus is there, whatever this machine has. */
const NO_BUS = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };

let folder: Folder;
let server: OAuthServer;
let smtp: TokenSmtp;
let env: Record<string, string>;

beforeEach(async () => {
  folder = new Folder();
  server = await startOAuthServer();
  smtp = await startTokenSmtp({ takes: server.takes });
  env = { ...NO_BUS, CLIENT_SECRET: server.clientSecret };
});

afterEach(async () => {
  await server.close();
  await smtp.close();
  folder.remove();
});

function workspace(provider: 'google' | 'microsoft', { user = 'ana@ruiz.example', more = '' } = {}): void {
  const device = provider === 'microsoft' ? `, device_url: "${server.url}/device"` : '';
  folder.write(
    'outreach.yaml',
    `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, Madrid", timezone: Europe/Madrid }
senders:
  - name: main
    type: smtp
    from: "Ana Ruiz <ana@ruiz.example>"
    host: 127.0.0.1
    port: ${smtp.port}
    security: none
    user: ${user}
    oauth: { provider: ${provider}, client_id: ${server.clientId}, client_secret: "env:CLIENT_SECRET", authorization_url: "${server.url}/authorize", token_url: "${server.url}/token"${device}${more} }
`,
  );
}

const loginAtGoogle = (change?: (address: string) => string, parameters?: readonly string[]) =>
  loginByPaste({ folder, server, env }, change, parameters);

const grantText = () => readFileSync(folder.at('.outreach/secrets.json'), 'utf8');

test('Google, from a machine without a browser: the address is opened elsewhere and pasted back', async () => {
  workspace('google');
  const { code, stdout, stderr } = await loginAtGoogle();
  expect([code, stderr.includes('plain text')]).toEqual([0, true]);
  expect(stdout).toContain('The login works. The grant of ana@ruiz.example at Google is stored in the file as main.oauth.');
  expect(statSync(folder.at('.outreach/secrets.json')).mode & 0o777).toBe(0o600);
  const asked = new URL(/http\S+authorize\S+/.exec(stderr)?.[0] ?? '').searchParams;
  expect(Object.fromEntries(asked)).toMatchObject({
    scope: 'https://mail.google.com/ openid email',
    access_type: 'offline',
    code_challenge_method: 'S256',
    login_hint: 'ana@ruiz.example',
  });
  const [listed] = objects(await outreach(folder, ['secrets', '--json'], env));
  expect(listed).toMatchObject({ reference: 'keychain:main.oauth', asked_by: ['sender main'], where: 'file', present: true });
  const { senders } = { senders: objects(await outreach(folder, ['senders', '--json'], env)) };
  expect(senders[0]).toMatchObject({ name: 'main', auth: 'oauth' });
});

test.each<[string, (address: string) => string, string]>([
  ['of another login', (address) => address.replace(/state=[^&]+/, 'state=another'), 'that is not the address that this login leads to'],
  ['without an answer', () => 'http://127.0.0.1:49213/', 'that is not the address that this login leads to'],
  [
    'that says no',
    (address) => address.replace(/code=[^&]+/, 'error=access_denied'),
    'the login was not allowed, and nothing is stored: access_denied',
  ],
])('an address %s is refused, and nothing is stored', async (_, change, words) => {
  workspace('google');
  const { code, stderr } = await loginAtGoogle(change);
  expect([code === 0, stderr.includes(words)]).toEqual([false, true]);
  expect(existsSync(folder.at('.outreach/secrets.json'))).toBe(false);
  expect(smtp.heard).toEqual([]);
});

test.each([
  ['no refresh token', 'gave no refresh token'],
  ['no scope', 'sending mail was not allowed (https://mail.google.com/)'],
  ['500', 'Google could not be asked, and nothing is stored'],
] as const)('a token server with %s: nothing is stored, and the reason is told', async (fault, words) => {
  workspace('google');
  server.fault = () => fault;
  const { code, stderr } = await loginAtGoogle();
  expect([code === 0, stderr]).toEqual([false, expect.stringContaining(words)]);
});

test('another mailbox than the sender’s is refused by its server; where the server takes it, it is told', async () => {
  workspace('google');
  server.mailbox = 'private@ruiz.example';
  const { code, stderr } = await loginAtGoogle();
  expect([code, stderr]).toEqual([1, expect.stringContaining('127.0.0.1 refused the login of ana@ruiz.example, and nothing is stored')]);
  const kept = await loginAtGoogle(undefined, ['--no-check']);
  expect([kept.code, kept.stderr]).toEqual([
    0,
    expect.stringContaining("you logged in as private@ruiz.example, and the sender's mailbox is ana@ruiz.example"),
  ]);
});

test.skipIf(process.platform !== 'linux')(
  'on a machine with a browser it is led back to the program, whatever else asks there',
  async () => {
    workspace('microsoft');
    // A browser that first meets an address of somebody else, then agrees.
    folder.write(
      'bin/xdg-open',
      `#!/bin/sh
exec ${process.execPath} -e '
const url = new URL(process.argv[1]);
const back = url.searchParams.get("redirect_uri").replace("localhost", "127.0.0.1");
fetch(back + "/?code=stolen&state=guessed").then((r) => r.status).then((s) => require("fs").writeFileSync(process.env.HOME + "/foreign", String(s)))
  .then(() => fetch("${server.url}/agree?" + encodeURIComponent(url.href))).then((r) => r.text()).then((to) => fetch(to.replace("localhost", "127.0.0.1"))).then((r) => r.text())
  .then((page) => require("fs").writeFileSync(process.env.HOME + "/page", page));' "$1"
`,
    );
    chmodSync(folder.at('bin/xdg-open'), 0o755);
    const ended = await outreach(folder, ['login', 'main', '--file', '--json'], {
      ...env,
      DISPLAY: ':9',
      PATH: `${folder.at('bin')}:${process.env.PATH}`,
    });
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('Your browser shows the login')]);
    expect(objects(ended)).toEqual([
      {
        name: 'main',
        stored_in: 'file',
        tested: true,
        reference: 'keychain:main.oauth',
        mailbox: 'ana@ruiz.example',
        scope: expect.stringContaining('https://outlook.office.com/SMTP.Send'),
        resumed: false,
      },
    ]);
    expect(readFileSync(folder.at('foreign'), 'utf8')).toBe('404');
    expect(readFileSync(folder.at('page'), 'utf8')).toContain('You can close this page');
    expect(ended.stderr).toContain('redirect_uri=http%3A%2F%2Flocalhost%3A');
  },
);

test('Microsoft, from a machine without a browser: a code is typed elsewhere, and no terminal is needed', async () => {
  workspace('microsoft');
  const login = start(folder, ['login', 'main', '--file'], env);
  const code = () => /type the code:\s+(\S+)/.exec(login.talk())?.[1];
  await until(() => code() !== undefined, 'the code is shown');
  expect(server.type(code() ?? '')).toBe(true);
  const { code: exit, stdout } = await login.ended;
  expect([exit, stdout]).toEqual([0, expect.stringContaining('The grant of ana@ruiz.example at Microsoft is stored in the file')]);
  expect(login.talk()).toContain(`Open on any machine: ${server.url}/type`);
});

test('a code that is turned down stores nothing', async () => {
  workspace('microsoft');
  const login = start(folder, ['login', 'main', '--file'], env);
  const code = () => /type the code:\s+(\S+)/.exec(login.talk())?.[1];
  await until(() => code() !== undefined, 'the code is shown');
  server.type(code() ?? '', false);
  const { code: exit, stderr } = await login.ended;
  expect([exit, stderr]).toEqual([1, expect.stringContaining('authorization_declined')]);
});

test('a worker sends with the grant; a grant that was taken back stops the sender, loses no mail, and the next login lets it go on', {
  timeout: 90_000,
}, async () => {
  workspace('google');
  await loginAtGoogle();
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(2));
  await outreach(folder, ['import', 'leads.csv'], env);
  expect((await outreach(folder, ['worker', '--until-done'], env)).code).toBe(0);
  expect(smtp.taken).toHaveLength(2);
  server.revoke();
  folder.write('more.csv', csv(5));
  await outreach(folder, ['import', 'more.csv'], env);
  await outreach(folder, ['worker', '--drain'], env);
  const [sender] = objects(await outreach(folder, ['senders', '--json'], env));
  expect(sender).toMatchObject({
    name: 'main',
    stopped_at: expect.any(String),
    reason: expect.stringMatching(/no longer valid at Google .*outreach login main/),
  });
  const waiting = objects<{ state: string; attempts: number }>(await outreach(folder, ['messages', '--json', '--job', '2'], env));
  expect(waiting.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
  expect((await outreach(folder, ['senders'], env)).stdout).toContain('outreach login main');
  const again = await loginAtGoogle();
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('sender main goes on')]);
  expect((await outreach(folder, ['worker', '--until-done'], env)).code).toBe(0);
  expect(smtp.taken.toSorted()).toEqual([0, 1, 2, 3, 4].map((n) => `lead${n}@company${n}.example`));
  // No token stands anywhere but in the file that was asked for.
  const text = readdirSync(folder.path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'secrets.json')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
  const { secrets } = JSON.parse(grantText()) as { secrets: Record<string, string> };
  const grant = JSON.parse(secrets['main.oauth'] ?? '{}') as { refresh_token: string; access: { token: string } };
  for (const secret of [grant.refresh_token, grant.access.token, server.clientSecret]) expect(text.includes(secret)).toBe(false);
});

test('a token server that is down rests the sender, and the mail goes out when it is back', { timeout: 60_000 }, async () => {
  workspace('google');
  await loginAtGoogle();
  server.endAccess();
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(1));
  await outreach(folder, ['import', 'leads.csv'], env);
  server.fault = () => 'reset';
  await outreach(folder, ['worker', '--drain'], env);
  expect(await json(folder, 'show', '1')).toMatchObject({ state: 'ready' });
  const [sender] = objects(await outreach(folder, ['senders', '--json'], env));
  expect(sender).toMatchObject({ stopped_at: null, rest_until: expect.any(String), reason: expect.stringContaining('no token') });
  server.fault = () => undefined;
  await outreach(folder, ['senders', 'resume', 'main'], env);
  expect((await outreach(folder, ['worker', '--until-done'], env)).code).toBe(0);
  expect(smtp.taken).toHaveLength(1);
});

test('without a grant a worker claims nothing and says which command mends it', async () => {
  workspace('google');
  const ended = await outreach(folder, ['worker', '--drain'], env);
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(/outreach login main/)]);
});

test('logout removes the grant, and tells where it is taken back', async () => {
  workspace('google');
  await loginAtGoogle();
  const { stdout, code } = await outreach(folder, ['logout', 'main'], env);
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/Removed main\.oauth from the file[\s\S]*myaccount\.google\.com[\s\S]*Next: outreach login main/),
  ]);
});

test('logout while a worker renews the grant removes it for good', { timeout: 60_000 }, async () => {
  workspace('google');
  await loginAtGoogle();
  server.endAccess();
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(1));
  await outreach(folder, ['import', 'leads.csv'], env);
  const before = server.requests.length;
  server.delay = () => 3_000;
  const worker = start(folder, ['worker', '--drain'], env);
  await until(() => server.requests.length > before, 'the worker asks for a token');
  const { code, stdout } = await outreach(folder, ['logout', 'main'], env);
  await worker.ended;
  expect([code, stdout]).toEqual([0, expect.stringContaining('Removed main.oauth from the file')]);
  expect(grantText()).not.toContain('main.oauth');
});

test('without a terminal Google’s address needs --stdin, and says so before anything is asked', async () => {
  workspace('google');
  const ended = await outreach(folder, ['login', 'main', '--file'], env);
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('outreach login main --stdin')]);
  expect(server.requests).toEqual([]);
});

test('doctor renews the grant, and names mailbox, scope, end and whether SMTP takes it', async () => {
  workspace('google');
  const checks = async () => {
    const [{ checks: found }] = objects<{ checks: { name: string; status: string; detail: string; fix: string | null }[] }>(
      await outreach(folder, ['doctor', '--json'], env),
    ) as [{ checks: { name: string; status: string; detail: string; fix: string | null }[] }];
    return Object.fromEntries(found.filter(({ name }) => name === 'grant' || name === 'login').map((check) => [check.name, check]));
  };
  expect(await checks()).toEqual({
    grant: expect.objectContaining({
      status: 'fail',
      detail: expect.stringContaining('main.oauth'),
      fix: expect.stringContaining('outreach login main'),
    }),
  });
  await loginAtGoogle();
  const before = grantText();
  expect(await checks()).toMatchObject({
    grant: {
      status: 'ok',
      detail: expect.stringMatching(
        /^ana@ruiz\.example at Google, renewed now; a token holds 1 h; allowed on 20\d\d-\d\d-\d\d; scope: https:\/\/mail\.google\.com\/ openid email$/,
      ),
    },
    login: { status: 'ok', detail: expect.stringContaining('takes the token of ana@ruiz.example') },
  });
  // It keeps what it was given.
  expect(grantText()).not.toBe(before);
  await smtp.close();
  const { port } = smtp;
  smtp = await startTokenSmtp({
    takes: () => false,
    port,
    challenges: false,
    refusal: '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.',
  });
  expect(await checks()).toMatchObject({
    grant: { status: 'ok' },
    login: {
      status: 'fail',
      detail: expect.stringMatching(/5\.7\.139 .*Authenticated SMTP/),
      fix: expect.stringContaining('outreach login main'),
    },
  });
  server.revoke();
  expect(await checks()).toMatchObject({
    grant: {
      status: 'fail',
      detail: expect.stringContaining('no longer valid at Google'),
      fix: expect.stringContaining('outreach login main'),
    },
  });
});

test.each([
  ['535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.', 'auth'],
  ['550 5.7.30 Basic authentication is not supported for Client Submission.', 'mail'],
])('doctor --reply names the administrator’s switch and the command: %s', async (reply, phase) => {
  const ended = await outreach(folder, ['doctor', '--reply', reply, '--phase', phase, '--json']);
  expect(objects(ended)[0]).toMatchObject({
    means: 'sender, stopped',
    advice: expect.stringMatching(/Authenticated SMTP .*outreach login/),
  });
});
