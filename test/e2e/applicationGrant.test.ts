import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type MailProvider, startMailProvider } from '../support/mailProvider.ts';
import { type OAuthServer, startOAuthServer } from '../support/oauthServer.ts';
import { CAMPAIGN, csv, Folder, json, objects, outreach } from '../support/program.ts';
import { startTokenSmtp, type TokenSmtp } from '../support/tokenSmtp.ts';

/** No session bus is there, whatever this machine has. */
const ENV = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };

let folder: Folder;
let server: OAuthServer;
let smtp: TokenSmtp;
let graph: MailProvider;

beforeEach(async () => {
  folder = new Folder();
  server = await startOAuthServer();
  smtp = await startTokenSmtp({ takes: server.takes, challenges: false, refusal: '535 5.7.3 Authentication unsuccessful' });
  graph = await startMailProvider();
  graph.takes = (token, path) => server.takes(decodeURIComponent(/\/users\/([^/?]+)/.exec(path)?.[1] ?? ''), token);
  folder.write('campaigns/hello.md', CAMPAIGN);
});

afterEach(async () => {
  await server.close();
  await smtp.close();
  await graph.close();
  folder.remove();
});

function workspace(type: 'smtp' | 'graph', reference = 'keychain:main-client'): void {
  const oauth = `{ provider: microsoft, grant: application, client_id: ${server.clientId}, client_secret: "${reference}", tenant: ruiz.example, token_url: "${server.url}/token" }`;
  const place = type === 'smtp' ? `host: 127.0.0.1, port: ${smtp.port}, security: none` : `base_url: "${graph.url}"`;
  folder.write(
    'outreach.yaml',
    `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, Madrid", timezone: Europe/Madrid }
senders:
  - { name: main, type: ${type}, from: "Ana Ruiz <ana@ruiz.example>", user: ana@ruiz.example, ${place}, oauth: ${oauth} }
`,
  );
}

const run = (...parameters: string[]) => outreach(folder, parameters, ENV);
const store = (secret: string) => outreach(folder, ['login', 'main-client', '--stdin', '--file'], ENV, `${secret}\n`);

async function importLeads(count: number): Promise<void> {
  folder.write(`leads${count}.csv`, csv(count));
  await run('import', `leads${count}.csv`);
}

async function checks() {
  const [found] = objects<{ checks: { name: string; status: string; detail: string; fix: string | null }[] }>(
    await run('doctor', '--json'),
  );
  return (found?.checks ?? []).filter(({ name }) => name === 'grant' || name === 'login');
}

test.each([
  ['smtp', 'https://outlook.office365.com/.default', 'takes the token of ana@ruiz.example'],
  ['graph', 'https://graph.microsoft.com/.default', ''],
] as const)('by %s a worker sends with the token of an application, and nothing of it is stored', async (type, scope, login) => {
  workspace(type);
  server.roles = [type === 'smtp' ? 'SMTP.SendAsApp' : 'Mail.Send'];
  const stored = await store(server.clientSecret);
  expect([stored.code, stored.stdout]).toEqual([0, expect.stringContaining('The login works. Stored in the file as main-client.')]);
  await importLeads(1);
  expect((await run('worker', '--until-done')).code).toBe(0);
  expect(type === 'smtp' ? smtp.taken : graph.requests.map(({ to }) => to)).toEqual(['lead0@company0.example']);
  expect(server.requests.at(-1)).toMatchObject({ grant_type: 'client_credentials', scope });
  expect(await checks()).toEqual([
    expect.objectContaining({
      name: 'grant',
      status: 'ok',
      detail: `application client-of-ana at Microsoft, for ana@ruiz.example; a token holds 1 h; roles: ${server.roles[0]}`,
    }),
    expect.objectContaining({ name: 'login', status: 'ok', detail: expect.stringContaining(login) }),
  ]);
  const text = readdirSync(folder.path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'secrets.json')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
  expect([text.includes('e30.'), text.includes(server.clientSecret)]).toEqual([false, false]);
});

test('there is nobody to log in: login names the secret that is stored instead', async () => {
  workspace('smtp');
  for (const name of ['main', 'main.oauth']) {
    const ended = await run('login', name);
    expect([ended.code, ended.stderr]).toEqual([
      2,
      expect.stringMatching(
        /sender main logs in as an application, so there is nothing to agree to in a browser[\s\S]*outreach login main-client/,
      ),
    ]);
  }
  workspace('smtp', 'env:CLIENT_SECRET');
  expect((await run('login', 'main')).stderr).toContain('put it where outreach.yaml says: env:CLIENT_SECRET');
  expect(server.requests).toEqual([]);
});

test('a secret that the provider does not take is not stored', async () => {
  workspace('smtp');
  const ended = await store('the-id-of-the-secret');
  expect([ended.code, ended.stderr]).toEqual([
    1,
    expect.stringMatching(/nothing is stored: Microsoft does not take the secret of application client-of-ana/),
  ]);
  expect(ended.stderr).not.toContain('the-id-of-the-secret');
  expect(objects(await run('secrets', '--json'))).toEqual([
    expect.objectContaining({ reference: 'keychain:main-client', asked_by: ['sender main'], present: false }),
  ]);
  expect((await run('secrets')).stdout).toContain('outreach login main-client');
});

test('without its secret a worker claims nothing and says which command mends it', async () => {
  workspace('smtp');
  const ended = await run('worker', '--drain');
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('outreach login main-client')]);
});

test('a secret that has ended stops the sender and loses no mail; another one lets it go on', { timeout: 60_000 }, async () => {
  workspace('smtp');
  await store(server.clientSecret);
  await importLeads(2);
  server.clientSecret = 'another-secret-0123456789';
  await run('worker', '--drain');
  const [sender] = objects(await run('senders', '--json'));
  expect(sender).toMatchObject({
    auth: 'oauth',
    grant: 'application',
    stopped_at: expect.any(String),
    reason: expect.stringMatching(/wrong or has ended: .*outreach login main-client, then: outreach senders resume main/),
  });
  const listed = (await run('senders')).stdout;
  expect(listed).toMatch(/smtp, application[\s\S]*then: outreach senders resume main/);
  expect(await checks()).toEqual([
    expect.objectContaining({ name: 'grant', status: 'fail', fix: expect.stringContaining('docs/providers.md') }),
  ]);
  expect(objects<{ state: string }>(await run('messages', '--json')).map(({ state }) => state)).toEqual(['ready', 'ready']);
  await store(server.clientSecret);
  await run('senders', 'resume', 'main');
  expect((await run('worker', '--until-done')).code).toBe(0);
  expect(smtp.taken).toHaveLength(2);
});

test('a mailbox that the application may not enter is told with what its administrator does', async () => {
  workspace('smtp');
  await store(server.clientSecret);
  server.mailbox = 'another@ruiz.example';
  await importLeads(1);
  await run('worker', '--drain');
  const [sender] = objects(await run('senders', '--json'));
  expect(sender).toMatchObject({
    stopped_at: expect.any(String),
    reason: expect.stringMatching(
      /5\.7\.3 .*an administrator must let the application into the mailbox ana@ruiz\.example; then: outreach senders resume main/,
    ),
  });
  expect(await json(folder, 'show', '1')).toMatchObject({ state: 'ready' });
  expect(await checks()).toEqual([
    expect.objectContaining({ name: 'grant', status: 'ok' }),
    expect.objectContaining({ name: 'login', status: 'fail', fix: expect.stringContaining('an administrator must let the application') }),
  ]);
});

test('logout removes the secret, and tells that it stays valid at the provider', async () => {
  workspace('smtp');
  await store(server.clientSecret);
  const { code, stdout } = await run('logout', 'main-client');
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/Removed main-client from the file[\s\S]*until an administrator deletes it: https:\/\/entra\.microsoft\.com/),
  ]);
});
