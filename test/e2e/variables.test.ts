import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AiServer, startAiServer } from '../support/aiServer.ts';
import { Folder, json, outreach } from '../support/program.ts';

let folder: Folder;
let ai: AiServer;

beforeEach(async () => {
  ai = await startAiServer();
  folder = new Folder();
  folder.write(
    'outreach.yaml',
    `version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\nai: { providers: [{ name: local, base_url: "${ai.url}", model: m }] }\n`,
  );
});

afterEach(async () => {
  folder.remove();
  await ai.close();
});

const leads = (empty = 34) =>
  `email,First Name,Company\n${Array.from({ length: 120 }, (_, n) => `l${n}@c${n}.example,${n < 120 - empty ? 'Ann' : ''},C${n}`).join('\n')}\n`;
const TEMPLATE = '---\nsubject: "For {{ compny | default: \'you\' }}"\n---\nHi *|FNAME|*,\n<p>{{ first_name | default: "there" }}</p>\n';
const BRIEF = '---\ngenerator: ai\nsubject: "[First Name]: {{ first_name | default: \'you\' }}"\n---\nAsk {{ compny }}.\n';

/** Of a template and of a brief: what is said about each, by file, line and column. */
const SAID = {
  template: [
    'campaigns/hello.md:2:8: warning: the leads have no column for {{ compny }}, so every mail has its default; did you mean {{ company }}?',
    'campaigns/hello.md:4:4: warning: *|FNAME|* would be printed literally; write {{ first_name }}',
    'campaigns/hello.md:5:7: warning: {{ first_name }} is empty for 34 of 120 leads: they get its default',
  ],
  ai: [
    'campaigns/hello.md:3:1: warning: [First Name] would be printed literally; write {{ first_name }}',
    'campaigns/hello.md:3:18: warning: {{ first_name }} is empty for 34 of 120 leads: they get its default',
    'campaigns/hello.md:5:8: warning: the leads have no column for {{ compny }}, and a brief is not a template; did you mean {{ company }}?',
  ],
};

const warningsIn = (text: string) => text.split('\n').filter((line) => line.includes(': warning: '));

test.each([
  ['template', TEMPLATE],
  ['ai', BRIEF],
] as const)('slips are told by the checks, import, its rehearsal and preview: %s', async (generator, text) => {
  folder.write('campaigns/hello.md', text);
  folder.write('leads.csv', leads());
  const said = SAID[generator];
  for (const check of [
    ['config', 'check'],
    ['campaign', 'check'],
  ]) {
    const { code, stdout } = await outreach(folder, check);
    expect([code, warningsIn(stdout)], check.join(' ')).toEqual([0, said]);
  }
  for (const flags of [['--dry-run'], []]) {
    const { code, stderr } = await outreach(folder, ['import', 'leads.csv', ...flags]);
    expect([code, warningsIn(stderr).toSorted()], flags.join()).toEqual([0, said.toSorted()]);
  }
  const { code, stderr } = await outreach(folder, ['preview', '--limit', '1']);
  expect([code, warningsIn(stderr)]).toEqual([0, said]);
  // Now by the leads in the database.
  expect(warningsIn((await outreach(folder, ['config', 'check'])).stdout)).toEqual(said);
});

test('--json has the same as warnings, of a file that was imported before, too', async () => {
  folder.write('campaigns/hello.md', TEMPLATE);
  folder.write('leads.csv', leads());
  const warnings = [
    expect.objectContaining({
      file: folder.at('campaigns', 'hello.md'),
      line: 2,
      column: 8,
      message: expect.stringContaining('{{ compny }}'),
    }),
    expect.objectContaining({ line: 4, column: 4 }),
    expect.objectContaining({ line: 5, message: '{{ first_name }} is empty for 34 of 120 leads: they get its default' }),
  ];
  for (const words of [
    'config check',
    'campaign check',
    'import leads.csv --dry-run',
    'import leads.csv',
    'import leads.csv',
    'config check',
  ])
    expect(await json(folder, ...words.split(' ')), words).toMatchObject({ warnings });
});

test('a text without a slip has no warnings', async () => {
  folder.write('campaigns/hello.md', '---\nsubject: "For {{ company }}"\n---\nHi {{ first_name | default: "there" }}, [see below] {ok}\n');
  folder.write('leads.csv', leads(24));
  expect((await outreach(folder, ['config', 'check'])).stdout).toContain('2 files checked: all is well.');
  expect(await json(folder, 'import', 'leads.csv')).toMatchObject({ imported: 120, warnings: [] });
});

test('config check tells what import would refuse, and a slip in a usual name before there are leads', async () => {
  folder.write('campaigns/hello.md', '---\nsubject: "For {{ compnay }}"\n---\nHi {{ fisrt_name | default: "there" }} of {{ industry }}\n');
  const { stdout, code } = await outreach(folder, ['config', 'check']);
  expect([code, warningsIn(stdout)]).toEqual([
    0,
    [expect.stringContaining('did you mean {{ company }}?'), expect.stringContaining('did you mean {{ first_name }}?')],
  ]);
  folder.write('leads.csv', leads());
  expect(warningsIn((await outreach(folder, ['config', 'check'])).stdout)).toHaveLength(3);
});

test('a file of leads that cannot be read does not keep config check from checking', async () => {
  folder.write('campaigns/hello.md', TEMPLATE);
  folder.write('leads.csv', 'name\nAnn\n');
  const { code, stderr } = await outreach(folder, ['config', 'check']);
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining('Campaign hello was not held against its leads: leads.csv:1: no column holds addresses'),
  ]);
});

test('a column that hardly any lead fills is a column all the same', async () => {
  folder.write('campaigns/hello.md', '---\nsubject: "Hi"\n---\nHi{% if twitter %}, {{ twitter }}{% endif %}\n');
  folder.write(
    'leads.csv',
    `email,Twitter\n${Array.from({ length: 80 }, (_, n) => `l${n}@c.example,${n === 79 ? '@x' : ''}`).join('\n')}\n`,
  );
  await json(folder, 'import', 'leads.csv');
  expect(await json(folder, 'campaign', 'check')).toMatchObject({ ok: true, problems: [], warnings: [] });
});

test('a file that --update merges may lack columns that are stored, and is told nothing of them', async () => {
  folder.write(
    'campaigns/hello.md',
    '---\nsubject: "For {{ company }}"\n---\nHi {{ first_name | default: "there" }} {{ phone | default: "" }}\n',
  );
  folder.write('leads.csv', leads(0));
  await json(folder, 'import', 'leads.csv');
  folder.write('phones.csv', 'email,phone\nl1@c1.example,1\n');
  expect(await json(folder, 'import', 'phones.csv', '--update')).toMatchObject({ updated: 1, warnings: [] });
  const { code, stderr } = await outreach(folder, ['import', 'phones.csv', '--replace']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('the leads have no column for {{ company }}')]);
});

test('campaign check names the leads whose mail would be too long, and shows the mail of the first that can have one', async () => {
  folder.write(
    'outreach.yaml',
    'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\nlimits: { subject_characters: 20, text_bytes: 400 }\n',
  );
  folder.write('campaigns/hello.md', '---\nsubject: "{{ topic }}"\n---\nHi {{ company }}\n');
  folder.write(
    'leads.csv',
    `email,topic,company\na@b.example,${'s'.repeat(30)},x\nc@b.example,Hi,${'y'.repeat(500)}\nd@b.example,Hi,{{ email }}\ne@b.example,Hi,ok\n`,
  );
  const { mail, leads } = await json<{ mail: object; leads: { unwritable: object[] } }>(folder, 'campaign', 'check');
  expect(mail).toMatchObject({ email: 'e@b.example', subject: 'Hi' });
  expect(leads.unwritable).toEqual([
    { email: 'd@b.example', reason: expect.stringContaining('would show {{ email') },
    { email: 'a@b.example', reason: expect.stringContaining('limits.subject_characters is 20') },
    { email: 'c@b.example', reason: expect.stringContaining('limits.text_bytes is 400') },
  ]);
});
