import { existsSync, readdirSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EchoServer, startEchoHttp, startEchoSmtp } from '../support/echoServers.ts';
import { ALONE, type Answer, give, IDENTITY, lastLine, NO_MODEL, settingsOf } from '../support/interview.ts';
import { Folder, json, objects, outreach } from '../support/program.ts';
import { CTRL_C, DOWN, ENTER, HAS_PTY, onTerminal } from '../support/terminal.ts';

const PASSWORD = 'canary app password';

let folder: Folder;
let smtp: EchoServer;

beforeEach(async () => {
  folder = new Folder();
  smtp = await startEchoSmtp(undefined, PASSWORD);
});

afterEach(async () => {
  await smtp.close();
  folder.remove();
});

const yaml = () => settingsOf(folder);

const mailbox = (): readonly Answer[] => [
  ['Your mail address', `ana@ruiz.example${ENTER}`],
  ['Who sends its mail?', ENTER],
  ['Its SMTP server', `127.0.0.1${ENTER}`],
  ['Port', `\u0015${smtp.port}${ENTER}`],
  ['Login name', ENTER],
];
const NO_MAILBOX: Answer = ['Your mail address', ENTER];

// Named in the report where python3 is missing.
describe.runIf(HAS_PTY)('init on a pseudo terminal (python3)', () => {
  test('asks, tries the login, keeps the password in the file that the person agreed to, and writes a workspace that holds', {
    timeout: 30_000,
  }, async () => {
    const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
    await give(dialogue, [
      ...IDENTITY,
      ...mailbox(),
      ['App password', `wrong${ENTER}`],
      ['Refused', ''],
      ['And now?', ENTER],
      ['App password', `${PASSWORD}${ENTER}`],
      ['The login works.', ''],
      ['Keep it in .outreach/secrets.json', 'y'],
      NO_MODEL,
    ]);
    const { code, screen } = await dialogue.ended;
    expect(code).toBe(0);
    expect(lastLine(screen)).toBe('Next: cd acme && outreach doctor');
    expect(screen).not.toContain(PASSWORD);
    expect(yaml()).not.toContain(PASSWORD);
    expect(await json(folder, 'config', 'check', '--workspace', 'acme')).toMatchObject({ ok: true });
    const [secret] = objects(await outreach(folder, ['secrets', '--json', '--workspace', 'acme'], ALONE));
    expect(secret).toMatchObject({ reference: 'keychain:main', asked_by: ['sender main'], where: 'file', present: true });
    expect(statSync(folder.at('acme', '.outreach', 'secrets.json')).mode & 0o777).toBe(0o600);
    const settings = objects<{ key: string; value: unknown }>(await outreach(folder, ['config', 'show', '--json', '--workspace', 'acme']));
    expect(Object.fromEntries(settings.map(({ key, value }) => [key, value]))).toMatchObject({
      'identity.company': 'Ruiz: Consulting',
      'identity.timezone': 'UTC',
      'senders.main.from': 'Ana Ruiz <ana@ruiz.example>',
      'senders.main.port': smtp.port,
      'senders.main.password': 'keychain:main',
    });
  });

  test('a password may come later: the mailbox stays as it was typed, and nothing leaves before the login', {
    timeout: 30_000,
  }, async () => {
    const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
    await give(dialogue, [
      ...IDENTITY,
      ...mailbox(),
      ['App password', ENTER],
      ['Shall a model write mails?', `${DOWN}${ENTER}`],
      ['API key of', ENTER],
    ]);
    const { code, screen } = await dialogue.ended;
    expect([code, lastLine(screen)]).toEqual([0, 'Next: cd acme && outreach login main']);
    expect(smtp.heard).toEqual([]);
    expect(yaml()).toContain('user: ana@ruiz.example\n    password: "keychain:main"');
    expect(yaml()).not.toMatch(/^ai:/m);
    const inside = ['--workspace', 'acme'];
    expect(await json(folder, 'import', 'acme/leads.csv', ...inside)).toMatchObject({ imported: 3 });
    const { code: refused, stderr } = await outreach(folder, ['worker', '--until-done', ...inside], ALONE);
    expect([refused, stderr]).toEqual([2, expect.stringContaining('outreach login main')]);
  });

  test('Ollama on this machine is found, with the models that can write', { timeout: 30_000 }, async () => {
    const ollama = await startEchoHttp(() => ({ status: 200, body: { data: [{ id: 'nomic-embed-text' }, { id: 'qwen3:8b' }] } }));
    try {
      const dialogue = onTerminal(folder, ['init', 'acme'], { ...ALONE, OLLAMA_HOST: `127.0.0.1:${ollama.port}` });
      await give(dialogue, [...IDENTITY, NO_MAILBOX, ['Ollama', `${DOWN}${ENTER}`]]);
      expect((await dialogue.ended).code).toBe(0);
      expect(ollama.heard).toEqual(['GET /v1/models']);
      expect(yaml()).toContain(`- name: ollama\n      base_url: http://127.0.0.1:${ollama.port}/v1\n      model: qwen3:8b\n`);
      expect(await json(folder, 'config', 'check', '--workspace', 'acme')).toMatchObject({ ok: true });
    } finally {
      await ollama.close();
    }
  });

  test('Ctrl-C at any question leaves nothing behind', { timeout: 90_000 }, async () => {
    const all: readonly Answer[] = [
      ...IDENTITY,
      ...mailbox(),
      ['App password', `${PASSWORD}${ENTER}`],
      ['Keep it in .outreach/secrets.json', 'y'],
      NO_MODEL,
    ];
    for (const [index, [question]] of all.entries()) {
      const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
      await give(dialogue, [...all.slice(0, index), [question, CTRL_C]]);
      const { code, screen } = await dialogue.ended;
      expect([question, code, readdirSync(folder.path)]).toEqual([question, 130, []]);
      expect(screen).toContain('outreach: nothing was made');
    }
  });

  test('an answer that does not hold is asked for again, with the nearest that does', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['init', 'acme'], ALONE);
    await give(dialogue, [
      ...IDENTITY.slice(0, 3),
      ['Time zone', `\u0015Europe/Madird${ENTER}`],
      ['did you mean Europe/Madrid?', `\u0015Europe/Madrid${ENTER}`],
      ['Your mail address', `nonsense${ENTER}`],
      ['That is no mail address', `\u0015${ENTER}`],
      NO_MODEL,
    ]);
    expect((await dialogue.ended).code).toBe(0);
    expect(yaml()).toContain('timezone: Europe/Madrid\n');
  });

  test.each([
    ['flags', ['init', 'acme', '--name', 'Ana Ruiz'], {}],
    ['CI', ['init', 'acme'], { CI: 'true' }],
    ['--json', ['init', 'acme', '--json'], {}],
    ['a dumb terminal', ['init', 'acme'], { TERM: 'dumb' }],
  ])('with %s nothing is asked', async (_, parameters, env) => {
    const { code, screen } = await onTerminal(folder, parameters, { ...ALONE, ...env }).ended;
    expect([code, existsSync(folder.at('acme', 'outreach.yaml'))]).toEqual([0, true]);
    expect(screen).not.toContain('Your company');
  });

  test('a workspace that is there is neither asked about nor changed', async () => {
    await outreach(folder, ['init', 'acme']);
    const before = yaml();
    expect(await onTerminal(folder, ['init', 'acme'], ALONE).ended).toMatchObject({
      code: 0,
      screen: expect.stringContaining('nothing was changed'),
    });
    expect(yaml()).toBe(before);
  });
});

test('flags answer the same without a terminal', async () => {
  const flags = [
    '--name',
    'Ana Ruiz',
    '--company',
    'Ruiz',
    '--address',
    'Calle Mayor 1',
    '--timezone',
    'Europe/Madrid',
    '--ai',
    'openrouter',
  ];
  expect((await outreach(folder, ['init', 'acme', ...flags, '--from', 'ana@gmail.com'])).code).toBe(0);
  expect(await json(folder, 'config', 'check', '--workspace', 'acme')).toMatchObject({ ok: true, problems: [] });
  expect(yaml()).toMatch(
    /from: Ana Ruiz <ana@gmail.com>\n {4}preset: gmail .*\n {4}user: ana@gmail.com\n {4}password: "env:SMTP_PASSWORD"/,
  );
  expect(yaml()).toContain('postal_address: Calle Mayor 1 ');
  expect(yaml()).toMatch(/- name: openrouter\n.*openrouter.ai\/api\/v1\n/);
});

test.each([
  [['--from', 'ana@ruiz.example'], '--from: nobody knows who sends mail for ruiz.example; add --preset or --smtp-host'],
  [['--from', 'ana'], '--from: '],
  [['--preset', 'gmial', '--from', 'ana@ruiz.example'], '--preset: "gmial" is not one of gmail'],
  [['--preset', 'gmail', '--smtp-host', 'x'], '--preset knows its host'],
  [['--smtp-user', 'ana'], '--smtp-user and --smtp-port go with --smtp-host, or with --preset'],
  [['--preset', 'gmail'], 'say which mailbox to send as'],
  [['--ai', 'skynet'], '--ai: "skynet" is not one of openai'],
  [['--timezone', 'Mars'], 'Mars is not a time zone'],
])('init %j is refused, and makes nothing', async (flags, words) => {
  const { code, stderr } = await outreach(folder, ['init', 'acme', ...flags]);
  expect([code, readdirSync(folder.path)]).toEqual([2, []]);
  expect(stderr).toContain(words);
});
