import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Folder, json, objects, outreach } from '../support/program.ts';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

interface Problem {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

const IDENTITY = 'identity: { name: Ana Ruiz, timezone: Europe/Madrid }\n';

test('a workspace that may not be written to is checked all the same', async () => {
  // Where the schemas for editors would go.
  folder.write('outreach.yaml', `version: 1\n${IDENTITY}`);
  folder.write('.outreach', 'no folder');
  const { code, stdout, stderr } = await outreach(folder, ['config', 'check']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('all is well')]);
  expect(stderr).toContain('No schema for editors was written');
});

test('config check tells every problem of every file, with its place, and exits with 2', async () => {
  folder.write(
    'outreach.yaml',
    'version: 2\nidentity: { nam: Ana, timezone: Mars }\nsenders:\n  - { name: a b, type: smtp, from: x, prot: 25 }\nlimits: { emails_per_month: -1 }\n',
  );
  folder.write('campaigns/one.md', '---\nsubjekt: x\nreview: some\n---\nHi\n');
  folder.write('campaigns/two.md', '---\nsubject: "{{ x"\n---\n{% if %}\n');
  const { code, stdout } = await outreach(folder, ['config', 'check']);
  expect(code).toBe(2);
  const lines = stdout.split('\n');
  const at = (place: string) => lines.filter((line) => line.startsWith(`${place}:`)).join('\n');
  expect(at('outreach.yaml:1:1')).toContain('version: 2 is not known; write version: 1');
  expect(at('outreach.yaml:2:13')).toContain('did you mean name?');
  expect(at('outreach.yaml:2:23')).toContain('Mars is not a time zone');
  expect(at('outreach.yaml:4:39')).toContain('did you mean port?');
  expect(at('outreach.yaml:5:11')).toContain('must be above 0');
  expect(at('campaigns/one.md:2:1')).toContain('did you mean subject?');
  expect(at('campaigns/one.md:3:1')).toContain('write none, flagged or all');
  // The subject and the text of one campaign are both wrong, and both are told.
  expect(lines.filter((line) => line.startsWith('campaigns/two.md:'))).toHaveLength(2);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('Next: mend them, then: outreach config check');
});

test('a key that nobody knows hides no other problem, and each file is told from its top', async () => {
  const sender = '{ name: main, type: smtp, from: a@ruiz.example, host: smtp.ruiz.example';
  folder.write('outreach.yaml', `version: 1\n${IDENTITY}senders:\n  - ${sender}, security: none, daily_cpa: 5 }\n  - ${sender} }\n`);
  const { stdout } = await outreach(folder, ['config', 'check']);
  expect(stdout.split('\n').slice(0, 3)).toEqual([
    expect.stringMatching(/^outreach\.yaml:4:\d+: senders\.security: none would send mail and password in clear/),
    expect.stringMatching(/^outreach\.yaml:4:\d+: senders\.daily_cpa: unknown key; did you mean daily_cap\?/),
    expect.stringMatching(/^outreach\.yaml:5:\d+: senders\.name: main is there twice/),
  ]);
});

test('what hangs on both files is checked too, and --json has file, line and column', async () => {
  folder.write(
    'outreach.yaml',
    `version: 1\n${IDENTITY}senders:\n  - { name: main, type: smtp, from: a@ruiz.example, host: smtp.ruiz.example }\n`,
  );
  folder.write('campaigns/hello.md', '---\nsubject: Hi\nsenders: [mian]\nattachments: [none.pdf]\n---\nHi\n');
  folder.write('campaigns/model.md', '---\ngenerator: ai\n---\nBrief\n');
  const ended = await outreach(folder, ['config', 'check', '--json']);
  const [{ ok, problems } = { ok: true, problems: [] }] = objects<{ ok: boolean; problems: Problem[] }>(ended);
  expect([ended.code, ok]).toEqual([2, false]);
  expect(problems.map(({ file, line }) => [file.slice(folder.path.length + 1), line])).toEqual([
    ['outreach.yaml', 2],
    ['campaigns/hello.md', 3],
    ['campaigns/hello.md', 4],
    ['campaigns/model.md', 2],
  ]);
  expect(problems[0]?.message).toContain('identity.postal_address: missing, and sender main reaches real mailboxes');
  expect(problems[1]?.message).toContain('did you mean main?');
  expect(problems[3]?.message).toContain('generator: ai needs a model');
});

test('a workspace in which all is well says so, and gets the schemas that its files name', async () => {
  folder.write('outreach.yaml', `version: 1\n${IDENTITY}`);
  expect(await outreach(folder, ['config', 'check'])).toMatchObject({
    code: 0,
    stdout: '1 file checked: all is well.\n\nNext: outreach doctor\n',
  });
  const schema: unknown = JSON.parse(readFileSync(folder.at('.outreach', 'schema', 'outreach.json'), 'utf8'));
  expect(schema).toEqual(await json(folder, 'config', 'schema'));
});

test('a syntax error is told with its place', async () => {
  folder.write('outreach.yaml', `version: 1\nidentity: {\n\tname: x\n`);
  const { code, stdout } = await outreach(folder, ['config', 'check']);
  expect([code, stdout.split('\n')[0]]).toEqual([2, expect.stringMatching(/^outreach\.yaml:\d+:\d+: /)]);
});

test('config show --origin tells of each setting whether the file, a preset or the default says it, and no secret', async () => {
  folder.write(
    'outreach.yaml',
    `version: 1
${IDENTITY}senders:
  - name: main
    type: smtp
    preset: gmail
    from: ana@gmail.com
    user: ana@gmail.com
    password: "env:SMTP_PASSWORD"
    gap: { min: 90s, max: 4m }
  - { name: other, type: smtp, from: ana@ruiz.example, host: smtp.ruiz.example, port: 465 }
limits: { domain_gap: 15m }
`,
  );
  const env = { SMTP_PASSWORD: 'canary password' };
  const ended = await outreach(folder, ['config', 'show', '--origin', '--json'], env);
  const settings = objects<{ key: string; value: unknown; origin: string; line: number | null; preset: string | null }>(ended);
  const told = Object.fromEntries(settings.map(({ key, value, origin, line, preset }) => [key, [value, origin, line ?? preset]]));
  expect(told).toMatchObject({
    'identity.timezone': ['Europe/Madrid', 'file', 2],
    'senders.main.host': ['smtp.gmail.com', 'preset', 'gmail'],
    'senders.main.port': [587, 'preset', 'gmail'],
    'senders.main.daily_cap': [500, 'preset', 'gmail'],
    'senders.main.security': ['starttls', 'preset', 'gmail'],
    'senders.main.password': ['env:SMTP_PASSWORD', 'file', 9],
    'senders.main.gap.min': ['90s', 'file', 10],
    'senders.other.port': [465, 'file', 11],
    'senders.other.security': ['tls', 'default', null],
    'limits.domain_gap': ['15m', 'file', 12],
    'retry.give_up': ['1d', 'default', null],
    require_source: [false, 'default', null],
  });
  const shown = await outreach(folder, ['config', 'show', '--origin'], env);
  expect(shown.stdout).toMatch(/^senders\.main\.host +smtp\.gmail\.com +preset gmail$/m);
  expect(shown.stdout).toMatch(/^senders\.main\.password +env:SMTP_PASSWORD +line 9$/m);
  expect(`${ended.stdout}${shown.stdout}`).not.toContain('canary');
});

test('without any sender the outbox is shown as the default that it is', async () => {
  folder.write('outreach.yaml', `version: 1\n${IDENTITY}`);
  const { stdout } = await outreach(folder, ['config', 'show', '--origin']);
  expect(stdout).toMatch(/^senders\.outbox\.type +outbox +default$/m);
});

test.each([
  [['check', 'x'], 'config check takes no x'],
  [['check', '--origin'], '--origin goes with config show'],
  [['schema', 'x'], 'there is no schema of x'],
])('config %j is wrong usage', async (parameters, words) => {
  folder.write('outreach.yaml', `version: 1\n${IDENTITY}`);
  expect(await outreach(folder, ['config', ...parameters])).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
});

test('config show of a file that does not hold says where to look', async () => {
  folder.write('outreach.yaml', 'version: 1\n');
  const { code, stderr } = await outreach(folder, ['config', 'show']);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(
      /outreach\.yaml:\d+:\d+: identity: missing; write name, company, postal_address, timezone\n {2}All that is wrong: outreach config check/,
    ),
  ]);
});
