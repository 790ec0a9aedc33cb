import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asShown, config, csv, Folder, json, objects, outreach } from '../support/program.ts';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
  folder.write('outreach.yaml', 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n');
});

afterEach(() => folder.remove());

const campaign = (front: string, body: string) => folder.write('campaigns/hello.md', `---\n${front}\n---\n${body}\n`);
const said = async (...parameters: string[]) => (await outreach(folder, parameters)).stdout;

test('campaign new writes a campaign that can be checked, and never over another', async () => {
  expect(await said('campaign', 'new', 'spring')).toContain('Next: edit it, then: outreach campaign check spring');
  expect(await json(folder, 'campaign', 'check', 'spring')).toMatchObject({
    ok: true,
    mail: { subject: 'Quick question about Sample Company' },
  });
  const before = readFileSync(folder.at('campaigns', 'spring.md'), 'utf8');
  const again = await outreach(folder, ['campaign', 'new', 'spring', '--ai']);
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('there is a campaign spring already')]);
  expect(readFileSync(folder.at('campaigns', 'spring.md'), 'utf8')).toBe(before);
});

test.each(['../x', 'a b', '.hidden', ''])('campaign new %j is refused', async (name) => {
  expect(await outreach(folder, ['campaign', 'new', name])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is no name for a campaign'),
  });
});

test('campaign new --ai writes a brief, and check asks for the model that it needs', async () => {
  expect(await said('campaign', 'new', 'spring', '--ai')).toContain('write ai.providers there');
  expect(await outreach(folder, ['campaign', 'check', 'spring'])).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/^campaigns\/spring\.md:4: generator: ai needs a model/),
  });
  folder.write('outreach.yaml', config(25, '', 'ai: { providers: [{ name: local, base_url: "http://localhost:1/v1", model: m }] }\n'));
  expect(await json(folder, 'campaign', 'check', 'spring')).toMatchObject({ ok: true, mail: null });
});

test('campaign check names every variable that no column has, and the nearest one that is', async () => {
  folder.write('leads.csv', 'email,First Name,Company\ngrace@harbour.example,Grace,Harbour\n');
  campaign('subject: "For {{ compnay }}"', 'Hi {{ frist_name | default: "there" }},\n{{ nothing_like_it }}\n{{ sender.nam }}');
  const { code, stdout } = await outreach(folder, ['campaign', 'check', 'hello']);
  expect(code).toBe(2);
  expect(stdout).toMatch(/^campaigns\/hello\.md:2:\d+: the leads have no column for \{\{ compnay \}\}; did you mean \{\{ company \}\}\?/m);
  expect(stdout).toMatch(/^campaigns\/hello\.md:5:\d+: the leads have no column for \{\{ nothing_like_it \}\}/m);
  expect(stdout).toMatch(/^campaigns\/hello\.md:6:\d+: .*sender\.nam/m);
  // A slip that a default would hide from every lead.
  expect(stdout).toMatch(/^frist_name +4 +no such column, so always its default; did you mean first_name\?$/m);
  expect(stdout).toContain('3 problems.');
});

test('campaign check shows window, senders and one mail as it would be, and stores nothing', async () => {
  folder.write('outreach.yaml', config(25, 'daily_cap: 40, gap: { min: 90s, max: 3m }'));
  folder.write('some.csv', 'email,First Name,Company\nbroken\nno@company.example,No,\ngrace@harbour.example,Grace,Harbour\n');
  campaign(
    'subject: "For {{ company }}"\nwindow: { days: mon-fri, from: "09:00", to: "17:00", timezone: recipient }',
    'Hi {{ first_name }},\nyours',
  );
  const { code, stdout } = await outreach(folder, ['campaign', 'check', '--leads', 'some.csv']);
  expect(code).toBe(0);
  expect(stdout).toContain("Window: mon-fri 09:00-17:00, the lead's own time zone (else Europe/Madrid); open");
  expect(stdout).toMatch(/^main +smtp +Ana Ruiz <ana@ruiz\.example> +40 +90s to 3m$/m);
  expect(stdout).toContain('no@company.example: this lead has no company');
  expect(stdout).toContain('To grace@harbour.example\n  Subject: For Harbour\n\n  Hi Grace,\n  yours\n\n  -- \n  Ana Ruiz');
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('Next: outreach import some.csv --campaign hello --dry-run');
  expect(await said('jobs')).toContain('No jobs yet.');
});

test('campaign check names a file that can be imported from where one stands, and says when a file holds no lead', async () => {
  campaign('subject: "For {{ company }}"', 'Hi');
  expect(await said('campaign', 'check')).toMatch(/Next: outreach import YOUR\.csv --campaign hello --dry-run\n$/);
  folder.write('leads.csv', csv(1));
  folder.write('my leads.csv', csv(1));
  folder.write('bad.csv', 'email,company\nbad,x\n');
  const elsewhere = new Folder();
  const { stdout } = await outreach(elsewhere, ['campaign', 'check', '--workspace', folder.path]);
  elsewhere.remove();
  expect(stdout).toContain(`Next: outreach import ../${basename(folder.path)}/leads.csv --campaign`);
  expect(await said('campaign', 'check', '--leads', 'my leads.csv')).toContain("Next: outreach import 'my leads.csv' --campaign");
  const bad = await outreach(folder, ['campaign', 'check', '--leads', 'bad.csv']);
  expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('bad.csv: none of its rows is a lead')]);
});

test('a campaigns folder that cannot be read is no empty one', async () => {
  folder.write('campaigns', 'a file');
  for (const words of [['campaigns'], ['config', 'check'], ['campaign', 'check', 'hello']])
    expect(await outreach(folder, words)).toMatchObject({ code: 2, stderr: expect.stringContaining('campaigns cannot be read: ENOTDIR') });
});

test('campaign check takes the imported leads where there are some, and their data cannot move the cursor', async () => {
  campaign('subject: "For {{ company }}"', 'Hi {{ region }}');
  folder.write('evil.csv', 'email,company,region\ngrace@harbour.example,Har\u001b[2Jbour,\u001b]52;c;aGk=\u0007Bilbao\n');
  expect(await json(folder, 'import', 'evil.csv')).toMatchObject({ imported: 1 });
  const { code, stdout } = await outreach(folder, ['campaign', 'check']);
  expect([code, stdout.includes('\u001b')]).toEqual([0, false]);
  expect(stdout).toContain('Leads:  the imported leads; columns company, region, email');
  expect(stdout).toContain('Hi Bilbao');
});

test('a live sender without a postal address is a problem of the campaign', async () => {
  folder.write('outreach.yaml', config(25).replace(/postal_address: "[^"]*", /, ''));
  campaign('subject: Hi', 'Hi');
  expect(await outreach(folder, ['campaign', 'check'])).toMatchObject({
    code: 2,
    stdout: expect.stringContaining('identity.postal_address: missing'),
  });
});

test('campaign check of one that is not there suggests the nearest', async () => {
  campaign('subject: Hi', 'Hi');
  expect(await outreach(folder, ['campaign', 'check', 'helo'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('did you mean hello?'),
  });
});

test('campaigns lists each campaign with its jobs, and says which cannot be read', async () => {
  expect(await said('campaigns')).toContain('Next: outreach campaign new hello');
  campaign('subject: "For {{ company }}"\nsend: { mode: drip, rate: 20 }\nreview: all', 'Hi');
  folder.write('campaigns/broken.md', '---\nsubjekt: x\n---\nHi\n');
  folder.write('leads.csv', csv(3));
  await outreach(folder, ['import', 'leads.csv', '--campaign', 'hello']);
  await outreach(folder, ['worker', '--only', 'generate', '--until-done']);
  await outreach(folder, ['approve', ...(await asShown(folder, 1))]);
  await outreach(folder, ['worker', '--drain']);
  const [broken, hello] = objects(await outreach(folder, ['campaigns', '--json']));
  expect(broken).toMatchObject({ campaign: 'broken', jobs: [], problem: expect.stringContaining('did you mean subject?') });
  expect(hello).toMatchObject({
    campaign: 'hello',
    problem: null,
    send_mode: 'drip',
    total: 3,
    accepted: 1,
    needs_you: 2,
    jobs: [{ id: 1, status: 'processing', total: 3, processed: 1 }],
  });
  const listed = await said('campaigns');
  expect(listed).toMatch(/^hello +its template +drip, 20 an hour +all +1\/3 +0 +2 +1 processing$/m);
  expect(listed).toMatch(/^broken +cannot be read/m);
  expect(listed).toContain('Next: outreach campaign check broken');
});
