import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TokenProviderName } from '../../src/domain/httpProvider.ts';
import { type MailProvider, startMailProvider } from '../support/mailProvider.ts';
import { type OAuthServer, startOAuthServer } from '../support/oauthServer.ts';
import { loginByPaste } from '../support/pastedLogin.ts';
import { CAMPAIGN, csv, Folder, objects, outreach, start, until } from '../support/program.ts';

const TYPES = ['gmail', 'graph'] as const;
const SCOPES = { gmail: 'https://www.googleapis.com/auth/gmail.send', graph: 'https://graph.microsoft.com/Mail.Send' };

let folder: Folder;
let server: OAuthServer;
let provider: MailProvider;
let env: Record<string, string>;

beforeEach(async () => {
  folder = new Folder();
  server = await startOAuthServer();
  provider = await startMailProvider();
  provider.takes = (token) => server.takes(server.mailbox, token);
  env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus', CLIENT_SECRET: server.clientSecret };
});

afterEach(async () => {
  await server.close();
  await provider.close();
  folder.remove();
});

function workspace(type: TokenProviderName): void {
  const device = type === 'graph' ? `, device_url: "${server.url}/device"` : '';
  folder.write(
    'outreach.yaml',
    `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, Madrid", timezone: Europe/Madrid }
senders:
  - name: main
    type: ${type}
    from: "Ana Ruiz <ana@ruiz.example>"
    base_url: "${provider.url}"
    oauth: { client_id: ${server.clientId}, client_secret: "env:CLIENT_SECRET", authorization_url: "${server.url}/authorize", token_url: "${server.url}/token"${device} }
`,
  );
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(3));
}

/** In a browser elsewhere at Google, with a code at Microsoft. */
async function logIn(type: TokenProviderName) {
  if (type === 'gmail') return loginByPaste({ folder, server, env });
  const login = start(folder, ['login', 'main', '--file'], env);
  const code = () => /type the code:\s+(\S+)/.exec(login.talk())?.[1];
  await until(() => code() !== undefined, 'the code is shown');
  server.type(code() ?? '');
  return login.ended;
}

/** Everything the program has left on disk, but for the file of secrets. */
function onDisk(): string {
  const files = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .filter(({ name }) => name !== 'secrets.json')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

test.each(TYPES)('%s: one login, and a worker sends every mail; no token stands outside the file', { timeout: 60_000 }, async (type) => {
  workspace(type);
  const { code, stdout } = await logIn(type);
  expect([code, stdout]).toEqual([0, expect.stringContaining('The login works. The grant of ana@ruiz.example at ')]);
  expect(server.requests.map(({ scope = '' }) => scope).join(' ')).toContain(type === 'graph' ? SCOPES.graph : '');
  await outreach(folder, ['import', 'leads.csv'], env);
  const ended = await outreach(folder, ['worker', '--until-done', '--json'], env);
  expect(objects(ended)).toMatchObject([{ accepted: 3, failed: 0, uncertain: 0 }]);
  expect(new Set(provider.requests.map(({ to }) => to)).size).toBe(3);
  expect(objects(await outreach(folder, ['senders', '--json'], env))).toMatchObject([{ name: 'main', type, auth: 'oauth' }]);
  const { secrets } = JSON.parse(readFileSync(folder.at('.outreach/secrets.json'), 'utf8')) as { secrets: Record<string, string> };
  const grant = JSON.parse(secrets['main.oauth'] ?? '{}') as { scope: string; refresh_token: string; access: { token: string } };
  expect(grant.scope).toContain(SCOPES[type]);
  const seen = onDisk() + ended.stdout + ended.stderr;
  for (const secret of [grant.refresh_token, grant.access.token, server.clientSecret]) expect(seen.includes(secret)).toBe(false);
});

test.each(TYPES)('%s: a grant that was taken back stops the sender, and no mail is lost', { timeout: 60_000 }, async (type) => {
  workspace(type);
  await logIn(type);
  await outreach(folder, ['import', 'leads.csv'], env);
  server.revoke();
  await outreach(folder, ['worker', '--drain'], env);
  const [sender] = objects(await outreach(folder, ['senders', '--json'], env));
  expect(sender).toMatchObject({
    stopped_at: expect.any(String),
    reason: expect.stringMatching(/no longer valid at .*outreach login main/),
  });
  expect(provider.requests).toEqual([]);
  expect((await logIn(type)).stdout).toContain('sender main goes on');
  expect(objects(await outreach(folder, ['worker', '--until-done', '--json'], env))).toMatchObject([{ accepted: 3 }]);
});

test.each(TYPES)('%s: without a grant a worker claims nothing, and doctor and the worker name the command', async (type) => {
  workspace(type);
  await outreach(folder, ['import', 'leads.csv'], env);
  const ended = await outreach(folder, ['worker', '--until-done'], env);
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('outreach login main')]);
  expect(provider.connections()).toBe(0);
});

test.each(TYPES)('%s: doctor names the grant, and whether the API takes its token', async (type) => {
  workspace(type);
  await logIn(type);
  const checks = async () => {
    const [report] = objects<{ checks: { name: string; status: string; detail: string }[] }>(
      await outreach(folder, ['doctor', '--json'], env),
    );
    return Object.fromEntries((report?.checks ?? []).map(({ name, status, detail }) => [name, { status, detail }]));
  };
  expect(await checks()).toMatchObject({
    grant: { status: 'ok', detail: expect.stringContaining(SCOPES[type]) },
    login: { status: expect.stringMatching(/ok|warn/) },
  });
  provider.takes = () => false;
  expect(await checks()).toMatchObject({ grant: { status: 'ok' }, login: { status: 'fail' } });
});
