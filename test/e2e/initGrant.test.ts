import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openContext } from '../../src/commands/context.ts';
import { logIn } from '../../src/commands/initLogins.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { ALONE, type Answer, give, IDENTITY, lastLine, NO_MODEL, settingsOf } from '../support/interview.ts';
import { startOAuthServer } from '../support/oauthServer.ts';
import { Folder, json, objects, outreach, until } from '../support/program.ts';
import { CTRL_C, DOWN, ENTER, HAS_PTY, onTerminal } from '../support/terminal.ts';
import { startTokenSmtp } from '../support/tokenSmtp.ts';

const GOOGLE_ID = '1234-abc.apps.googleusercontent.com';
const MICROSOFT_ID = '00000000-1111-2222-3333-444444444444';
const SECRET = 'canary client secret';
/** Kills what a question shows to begin with. */
const CLEAR = '\u0015';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

const yaml = () => settingsOf(folder);
const secretsFile = () => folder.at('acme', '.outreach', 'secrets.json');

async function holds(): Promise<void> {
  expect(await json(folder, 'config', 'check', '--workspace', 'acme')).toMatchObject({ ok: true, problems: [] });
}

/** The sender as the program reads it. */
async function sender(): Promise<Record<string, unknown>> {
  const shown = await outreach(folder, ['config', 'show', '--json', '--workspace', 'acme']);
  const settings = objects<{ key: string; value: unknown }>(shown).filter(({ key }) => key.startsWith('senders.main.'));
  return Object.fromEntries(settings.map(({ key, value }) => [key.replace('senders.main.', ''), value]));
}

const gmail: readonly Answer[] = [
  ['Your mail address', `ana@gmail.com${ENTER}`],
  ['It looks like Gmail', ENTER],
];
const byGoogle: readonly Answer[] = [
  ...IDENTITY,
  ...gmail,
  ['How does it log in?', ENTER],
  ['Login name', ENTER],
  ['https://console.cloud.google.com/', ''],
];

// Named in the report where python3 is missing.
describe.runIf(HAS_PTY)('init on a pseudo terminal (python3) asks how a mailbox logs in', () => {
  test('Google: keeps the secret of the client, makes the workspace, and leads to the login', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
    await give(dialogue, [
      ...byGoogle,
      ['Client id', `GOCSPX-pasted${ENTER}`],
      ['That is no client id of Google; one looks like 1234-abc', `${CLEAR}${GOOGLE_ID}${ENTER}`],
      ['Client secret (not shown', `${SECRET}${ENTER}`],
      ['Keep it in .outreach/secrets.json', 'y'],
      ['Log in at Google now?', ENTER],
      NO_MODEL,
      ['A workspace in', ''],
      [`https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=${GOOGLE_ID}`, ''],
      ['Paste it here', `http://127.0.0.1:49213/?code=of-another-login${ENTER}`],
      ['Warning: that is not the address that this login leads to', ''],
    ]);
    const { code, screen } = await dialogue.ended;
    expect([code, lastLine(screen)]).toEqual([0, 'Next: cd acme && outreach login main --file']);
    expect([screen.includes(SECRET), yaml().includes(SECRET)]).toEqual([false, false]);
    expect(JSON.parse(readFileSync(secretsFile(), 'utf8'))).toMatchObject({ secrets: { 'main-client': SECRET } });
    await holds();
    expect(await sender()).toMatchObject({
      preset: 'gmail',
      user: 'ana@gmail.com',
      'oauth.client_id': GOOGLE_ID,
      'oauth.client_secret': 'keychain:main-client',
    });
    expect(await sender()).not.toHaveProperty('password');
  });

  test('Google: the secret may come later, and each login then says which is next', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
    await give(dialogue, [...byGoogle, ['Client id', `${GOOGLE_ID}${ENTER}`], ['Client secret', ENTER], NO_MODEL]);
    const { code, screen } = await dialogue.ended;
    expect([code, lastLine(screen)]).toEqual([0, 'Next: cd acme && outreach login main-client && outreach login main']);
    expect(screen).not.toContain('Log in at Google now?');
    await holds();
    const inside = ['--file', '--workspace', 'acme'];
    const early = await outreach(folder, ['login', 'main', ...inside], ALONE);
    expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('outreach login main-client')]);
    const stored = await outreach(folder, ['login', 'main-client', '--stdin', ...inside], ALONE, `${SECRET}\n`);
    expect([stored.code, stored.stdout]).toEqual([0, expect.stringContaining('Next: outreach login main\n')]);
  });

  test('the client may come later: the sender stands in the settings as a comment, which holds once it has an id', {
    timeout: 30_000,
  }, async () => {
    const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
    await give(dialogue, [...byGoogle, ['Client id', ENTER], ['shows the sender as a comment', ''], NO_MODEL]);
    const { code, screen } = await dialogue.ended;
    expect([code, lastLine(screen)]).toEqual([
      0,
      'Next: write the id of your client into acme/outreach.yaml as it says there, then: cd acme && outreach login main-client && outreach login main',
    ]);
    await holds();
    expect(await sender()).toEqual({});
    expect(await json(folder, 'import', 'acme/leads.csv', '--workspace', 'acme')).toMatchObject({ imported: 3 });
    const [before = '', shown = ''] = yaml().split(/^(?=# senders:)/m);
    const [block = '', ...rest] = shown.split('\n\n');
    writeFileSync(folder.at('acme', 'outreach.yaml'), `${before}${[block.replace(/^# /gm, ''), ...rest].join('\n\n')}`);
    await holds();
    expect(await sender()).toMatchObject({ user: 'ana@gmail.com', 'oauth.client_id': GOOGLE_ID, daily_cap: 50 });
  });

  test('an app password stays possible at Google', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
    await give(dialogue, [
      ...IDENTITY,
      ...gmail,
      ['How does it log in?', `${DOWN}${ENTER}`],
      ['Login name', ENTER],
      ['App password', ENTER],
      NO_MODEL,
    ]);
    const { code, screen } = await dialogue.ended;
    expect([code, lastLine(screen)]).toEqual([0, 'Next: cd acme && outreach login main']);
    await holds();
    expect(await sender()).toMatchObject({ user: 'ana@gmail.com', password: 'keychain:main' });
  });

  test('Microsoft 365: takes a directory, and the login may come later', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
    await give(dialogue, [
      ...IDENTITY,
      ['Your mail address', `ana@ruiz.example${ENTER}`],
      ['Who sends its mail?', `${DOWN.repeat(5)}${ENTER}`],
      ['How does it log in?', ENTER],
      ['Login name', ENTER],
      ['https://entra.microsoft.com/', ''],
      ['Client id', `${MICROSOFT_ID}${ENTER}`],
      ['Directory (tenant)', `not one${ENTER}`],
      ['That is neither a domain nor an id', `${CLEAR}ruiz.example${ENTER}`],
      ['Log in at Microsoft now?', `${DOWN}${ENTER}`],
      NO_MODEL,
    ]);
    const { code, screen } = await dialogue.ended;
    expect([code, lastLine(screen)]).toEqual([0, 'Next: cd acme && outreach login main']);
    expect([screen.includes('while an administrator allows it'), screen.includes('Client secret')]).toEqual([false, false]);
    await holds();
    expect(await sender()).toMatchObject({ preset: 'microsoft365', 'oauth.client_id': MICROSOFT_ID, 'oauth.tenant': 'ruiz.example' });
  });

  test('Outlook.com: says that passwords are refused, and asks for none', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
    await give(dialogue, [
      ...IDENTITY,
      ['Your mail address', `ana@outlook.com${ENTER}`],
      ['It looks like Outlook.com', ENTER],
      ['passwords are refused there', ''],
      ['Login name', ENTER],
      ['Client id', `${MICROSOFT_ID}${ENTER}`],
      ['Directory (tenant)', ENTER],
      // Without a keychain, and without leave for a file, there is no place for a grant.
      ['Log in at Microsoft now?', ENTER],
      ['Keep it in .outreach/secrets.json', 'n'],
      ['Later, then: outreach login main', ''],
      NO_MODEL,
    ]);
    const { code, screen } = await dialogue.ended;
    expect([code, lastLine(screen)]).toEqual([0, 'Next: cd acme && outreach login main']);
    expect(screen).not.toContain('How does it log in?');
    await holds();
    expect(await sender()).toMatchObject({ preset: 'outlook', 'oauth.client_id': MICROSOFT_ID });
    expect(existsSync(secretsFile())).toBe(false);
  });

  test('Ctrl-C at any of these questions leaves nothing behind', { timeout: 90_000 }, async () => {
    const all: readonly Answer[] = [
      ['How does it log in?', ENTER],
      ['Login name', ENTER],
      ['Client id', `${GOOGLE_ID}${ENTER}`],
      ['Client secret', `${SECRET}${ENTER}`],
      ['Keep it in .outreach/secrets.json', 'y'],
      ['Log in at Google now?', ENTER],
      NO_MODEL,
    ];
    for (const [index, [question]] of all.entries()) {
      const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
      await give(dialogue, [...IDENTITY, ...gmail, ...all.slice(0, index), [question, CTRL_C]]);
      const { code, screen } = await dialogue.ended;
      expect([question, code, readdirSync(folder.path)]).toEqual([question, 130, []]);
      expect(screen).toContain('outreach: nothing was made');
    }
  });
});

test('a login that was wished for is done as soon as there is a workspace; one that is turned down is left for later', async () => {
  const [server, said] = [await startOAuthServer(), vi.spyOn(process.stderr, 'write').mockReturnValue(true)];
  const smtp = await startTokenSmtp({ takes: server.takes });
  const env = { ...ALONE, HOME: folder.path };
  const { context, close } = openContext({ color: false }, { env, cwd: folder.path, platform: 'linux' });
  try {
    folder.write(
      'outreach.yaml',
      `version: 1
identity: { name: Ana Ruiz, timezone: Europe/Madrid }
senders:
  - name: main
    type: smtp
    from: "Ana Ruiz <ana@ruiz.example>"
    host: 127.0.0.1
    port: ${smtp.port}
    security: none
    oauth: { provider: microsoft, client_id: ${server.clientId}, token_url: "${server.url}/token", device_url: "${server.url}/device" }
`,
    );
    const talk = () => said.mock.calls.map(([text]) => String(text)).join('');
    const workspace = workspaceAt(folder.path);
    const left = logIn(context, workspace, { answers: {}, secrets: [], logins: ['main'], grantPlace: 'file' });
    const code = () => /type the code:\s+(\S+)/.exec(talk())?.[1];
    await until(() => code() !== undefined, 'the code is shown');
    server.type(code() ?? '');
    expect(await left).toEqual([]);
    expect(Object.keys((JSON.parse(readFileSync(folder.at('.outreach/secrets.json'), 'utf8')) as { secrets: object }).secrets)).toEqual([
      'main.oauth',
    ]);
    said.mockClear();
    const refused = logIn(context, workspace, { answers: {}, secrets: [], logins: ['main'], grantPlace: 'file' });
    await until(() => code() !== undefined, 'another code is shown');
    server.type(code() ?? '', false);
    expect(await refused).toEqual(['main']);
    expect(talk()).toMatch(/^Warning: Microsoft gives no grant, and nothing is stored: .*authorization_declined/m);
  } finally {
    said.mockRestore();
    await close();
    await smtp.close();
    await server.close();
  }
});

const PERSON = ['--name', 'Ana Ruiz', '--address', 'Calle Mayor 1'];

test.each<[string, string[], Record<string, unknown>]>([
  [
    'Gmail',
    ['--from', 'ana@gmail.com', '--client-id', GOOGLE_ID],
    { preset: 'gmail', user: 'ana@gmail.com', 'oauth.client_id': GOOGLE_ID, 'oauth.client_secret': 'env:OAUTH_CLIENT_SECRET' },
  ],
  [
    'Workspace with another login name',
    ['--from', 'ana@ruiz.example', '--preset', 'workspace', '--smtp-user', 'office@ruiz.example', '--client-id', GOOGLE_ID],
    { preset: 'workspace', user: 'office@ruiz.example', 'oauth.client_id': GOOGLE_ID },
  ],
  [
    'Microsoft 365',
    ['--from', 'ana@ruiz.example', '--preset', 'microsoft365', '--client-id', MICROSOFT_ID, '--tenant', 'ruiz.example'],
    { preset: 'microsoft365', user: 'ana@ruiz.example', 'oauth.client_id': MICROSOFT_ID, 'oauth.tenant': 'ruiz.example' },
  ],
  [
    'Outlook.com',
    ['--from', 'ana@outlook.com', '--client-id', MICROSOFT_ID],
    { preset: 'outlook', user: 'ana@outlook.com', 'oauth.client_id': MICROSOFT_ID },
  ],
])('flags name the client: %s', async (_, flags, settings) => {
  const made = await outreach(folder, ['init', 'acme', ...PERSON, ...flags]);
  expect([made.code, made.stderr, lastLine(made.stdout.replaceAll('\n', '\r\n'))]).toEqual([0, '', 'Next: cd acme && outreach login main']);
  await holds();
  const found = await sender();
  expect(found).toMatchObject(settings);
  expect('password' in found).toBe(false);
});

test.each([
  ['gmail', 'ana@gmail.com', GOOGLE_ID, '# Better without a password'],
  ['outlook', 'ana@outlook.com', MICROSOFT_ID, '# This server refuses passwords'],
])('without --client-id %s has the password of before, and a comment that holds in its place', async (preset, from, id, words) => {
  const made = await outreach(folder, ['init', 'acme', ...PERSON, '--from', from]);
  expect([made.code, made.stderr.includes('the server of outlook refuses passwords')]).toEqual([0, preset === 'outlook']);
  await holds();
  expect(await sender()).toMatchObject({ preset, password: 'env:SMTP_PASSWORD' });
  expect(yaml()).toContain(words);
  writeFileSync(
    folder.at('acme', 'outreach.yaml'),
    yaml()
      .replace(/^ {4}password: .*\n/m, '')
      .replace('# oauth:', 'oauth:'),
  );
  await holds();
  expect(await sender()).toMatchObject({ preset, 'oauth.client_id': id });
});

const TAKERS = '--client-id and --tenant go with --preset gmail, workspace, outlook or microsoft365';

test.each([
  [['--client-id', GOOGLE_ID], TAKERS],
  [['--tenant', 'ruiz.example'], TAKERS],
  [['--from', 'ana@icloud.com', '--client-id', GOOGLE_ID], TAKERS],
  [['--smtp-host', 'smtp.ruiz.example', '--smtp-user', 'ana@ruiz.example', '--client-id', GOOGLE_ID], TAKERS],
  [['--from', 'ana@outlook.com', '--tenant', 'ruiz.example'], '--tenant goes with --client-id'],
  [['--from', 'ana@gmail.com', '--client-id', GOOGLE_ID, '--tenant', 'ruiz.example'], '--tenant is for Microsoft alone'],
  [['--from', 'ana@gmail.com', '--client-id', MICROSOFT_ID], '--client-id: no client id of Google; one looks like 1234-abc'],
  [['--from', 'ana@gmail.com', '--client-id', `${GOOGLE_ID}\nauth: x`], '--client-id: no client id of Google'],
  [['--from', 'ana@outlook.com', '--client-id', GOOGLE_ID], '--client-id: no client id of Microsoft; one looks like 00000000-1111'],
  [['--from', 'ana@outlook.com', '--client-id', ''], '--client-id: no client id of Microsoft'],
  [['--from', 'ana@outlook.com', '--client-id', MICROSOFT_ID, '--tenant', 'a/b'], 'tenant: neither a domain nor an id'],
])('init %j is refused, and makes nothing', async (flags, words) => {
  const { code, stderr } = await outreach(folder, ['init', 'acme', ...flags]);
  expect([code, readdirSync(folder.path)]).toEqual([2, []]);
  expect(stderr).toContain(words);
});

test('what is given as a client id is not repeated: it may be the secret', async () => {
  const { stderr } = await outreach(folder, ['init', 'acme', '--from', 'ana@gmail.com', '--client-id', 'GOCSPX-canary']);
  expect(stderr).not.toContain('canary');
});
