import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CAMPAIGN, config, csv, Folder, json, outreach, start } from '../support/program.ts';
import { HAS_PTY, onTerminal } from '../support/terminal.ts';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
  folder.write('outreach.yaml', config(1));
  folder.write('campaigns/hello.md', CAMPAIGN);
});

afterEach(() => folder.remove());

const EXPORT =
  'Email Address,First Name,Company,Email Marketing Status,Accepts SMS Marketing\nann@x.example,Ann,A,subscribed,no\nbo@x.example,Bo,B,unsubscribed,yes\ncy@x.example,Cy,C,cleaned,yes\n';

test('import suppresses who is marked in the file, and says so in a dry run, in JSON, in text and of the job', async () => {
  folder.write('shop.csv', EXPORT);
  const counts = { rows: 3, imported: 1, suppressed: 2, suppressed_by: { unsubscribed: 1, cleaned: 1 } };
  expect(await json(folder, 'import', 'shop.csv', '--dry-run')).toMatchObject({ job: null, ...counts });
  expect(existsSync(folder.at('.outreach', 'outreach.db'))).toBe(false);
  const { stdout } = await outreach(folder, ['import', 'shop.csv']);
  expect(stdout).toContain('kept, and never mailed: 1 unsubscribed, 1 cleaned');
  expect(stdout).toContain('Who may be mailed is read from column "Email Marketing Status" of shop.csv.');
  expect(await json(folder, 'jobs', '1')).toMatchObject({ states: { pending: 1, suppressed: 2 }, import: counts });
  expect((await outreach(folder, ['jobs', '1'])).stdout).toContain('2 suppressed (1 unsubscribed, 1 cleaned)');
  expect(await json(folder, 'suppress', 'list')).toMatchObject({
    who: 'bo@x.example',
    reason: 'unsubscribed (column "Email Marketing Status" of shop.csv, line 3)',
    source: 'shop.csv',
  });
});

test('a withdrawn mail of an earlier job is no lead that has moved to another job', async () => {
  folder.write('leads.csv', csv(2));
  await outreach(folder, ['import', 'leads.csv']);
  folder.write('out.csv', 'email,Unsubscribed\nlead0@company0.example,yes\nlead9@company9.example,no\n');
  expect(await json(folder, 'import', 'out.csv', '--map', 'company=Unsubscribed')).toMatchObject({ job: 2, imported: 1, suppressed: 1 });
  expect(await json(folder, 'jobs', '1')).toMatchObject({ states: { pending: 1, suppressed: 1 } });
  expect((await outreach(folder, ['jobs', '2'])).stdout).not.toContain('now in the job of a later import');
});

test('a consent column that is not understood stops the import without a terminal, until it is ignored by name', async () => {
  folder.write('leads.csv', 'email,company,Consent\na@x.example,A,yes\nb@x.example,B,by phone\n');
  const { code, stderr } = await outreach(folder, ['import', 'leads.csv']);
  expect(code).toBe(2);
  expect(stderr).toContain('leads.csv:3: column "Consent" says who may be mailed, and "by phone" in it is neither a yes nor a no');
  expect(stderr).toContain('--ignore-status "Consent"');
  expect(await json(folder, 'status')).toMatchObject({ jobs: [] });
  const slip = await outreach(folder, ['import', 'leads.csv', '--ignore-status', 'Consnt']);
  expect(slip).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "Consent"?') });
  expect(await json(folder, 'import', 'leads.csv', '--ignore-status', 'consent')).toMatchObject({ imported: 2, suppressed: 0 });
});

test('a column that may be about something else stops no import unless its cells answer', async () => {
  folder.write('notes.csv', 'email,company,Updates,Stop\na@x.example,A,Opened a shop,Bus 12\nb@x.example,B,Moved,Bus 3\n');
  expect(await json(folder, 'import', 'notes.csv')).toMatchObject({ imported: 2, suppressed: 0 });
  folder.write('crm.csv', 'email,company,No Bulk Emails (User Opt Out)\nc@x.example,C,0\nd@x.example,D,1\n');
  expect(await json(folder, 'import', 'crm.csv')).toMatchObject({ imported: 1, suppressed: 1 });
  folder.write('asks.csv', 'email,company,Wants offers?\ne@x.example,E,sometimes\n');
  expect((await outreach(folder, ['import', 'asks.csv'])).code).toBe(2);
});

test.skipIf(!HAS_PTY)('on a terminal a person decides about a column that is not understood', { timeout: 60_000 }, async () => {
  folder.write(
    'leads.csv',
    'email,company,Consent\na@x.example,A,yes\nb@x.example,B,by phone\nc@x.example,C,no\nd@x.example,D,unsubscribed\ne@x.example,E,perhaps\n',
  );
  const stop = onTerminal(folder, ['import', 'leads.csv']);
  await stop.answer('May these 2 people be mailed?', 's\r');
  expect(await stop.ended).toMatchObject({
    code: 2,
    screen: expect.stringContaining('1 allow mail, 2 are against it, and 2 are not understood'),
  });
  expect(await json(folder, 'status')).toMatchObject({ jobs: [] });
  const none = onTerminal(folder, ['import', 'leads.csv']);
  await none.answer('May these 2 people be mailed?', '\r');
  expect((await none.ended).code).toBe(0);
  expect(await json(folder, 'jobs', '1')).toMatchObject({ states: { pending: 1, suppressed: 4 } });
  folder.write('more.csv', 'email,company,Consent\nf@x.example,A,no\ng@x.example,B,by phone\nh@x.example,C,unsubscribed\n');
  const yes = onTerminal(folder, ['import', 'more.csv']);
  await yes.answer('May this person be mailed?', 'y\r');
  expect(await yes.ended).toMatchObject({ code: 0, screen: expect.stringContaining('Job 2') });
  expect(await json(folder, 'jobs', '2')).toMatchObject({ states: { pending: 1, suppressed: 2 } });
});

test('the same file again makes no job, whatever flags it has, and names the first one', async () => {
  folder.write('leads.csv', `${csv(2)}nobody,X,Y\n`);
  const first = await json(folder, 'import', 'leads.csv');
  const again = await json(folder, 'import', 'leads.csv', '--mode', 'drip', '--rate', '5');
  expect(again).toMatchObject({ job: 1, rows: 3, imported: 0, duplicates: 2, invalid: 1, rejects: first.rejects });
  const { code, stdout } = await outreach(folder, ['import', 'leads.csv', '--update']);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /leads\.csv was imported into campaign hello before, as job 1 \(.+\): nothing is changed, and there is no new job\./,
  );
  expect((await json<{ jobs: unknown[] }>(folder, 'status')).jobs).toHaveLength(1);
  await outreach(folder, ['cancel', '1']);
  expect(await json(folder, 'import', 'leads.csv')).toMatchObject({ job: 2, imported: 2, reimported: 2 });
});

test('--update keeps what a shorter file lacks, and the lines that lost are told; --replace and --update exclude each other', async () => {
  folder.write('full.csv', 'email,first_name,company\na@x.example,Ann,Acme\n');
  folder.write('short.csv', 'email,company,phone\na@x.example,,600\nA@X.EXAMPLE,,601\n');
  await outreach(folder, ['import', 'full.csv']);
  const { stdout } = await outreach(folder, ['import', 'short.csv', '--update']);
  expect(stdout).toContain('1 row with an address that an earlier row has; the first one counts. Line 3.');
  const [lead] = (await outreach(folder, ['export', 'prospects', '--json'])).stdout.split('\n');
  expect(JSON.parse(lead ?? '')).toMatchObject({ fields: { first_name: 'Ann', company: 'Acme', phone: '600' } });
  expect(await json(folder, 'import', 'short.csv', '--replace')).toMatchObject({ updated: 1, repeated: 1, repeated_lines: [3] });
  expect((await outreach(folder, ['import', 'short.csv', '--replace', '--update'])).code).toBe(2);
});

test('a stray quote costs the rows that it takes in, and they can be mended from the rejects', async () => {
  folder.write(
    'leads.csv',
    'email,first_name,company\na@x.example,"Ann,Acme\nb@x.example,Bo,Bolt\nc@x.example,Cy "The Man",C\nd@x.example,Di,D\n',
  );
  const { imported, invalid, rejects } = await json<{ imported: number; invalid: number; rejects: string }>(folder, 'import', 'leads.csv');
  expect({ imported, invalid }).toEqual({ imported: 1, invalid: 1 });
  const text = readFileSync(rejects, 'utf8');
  for (const address of ['a@', 'b@', 'c@']) expect(text).toContain(`${address}x.example`);
  expect(text).toContain('opens on line 2 takes in other rows: this reject covers lines 2 to 4');
  const mended = text.replace('"""Ann,Acme', 'Ann,Acme').replace('Cy ""The Man"""', 'Cy').replace('Cy ""The Man""",C', 'Cy,C');
  writeFileSync(folder.at('mended.csv'), mended.replace(/"the "".*remove that """/, ''));
  expect(await json(folder, 'import', 'mended.csv')).toMatchObject({ imported: 3, invalid: 0 });
});

test('a file that grows while it is imported ends with an error, and can be dropped and imported anew', { timeout: 120_000 }, async () => {
  folder.write('leads.csv', csv(30_000));
  const run = start(folder, ['import', 'leads.csv']);
  const deadline = performance.now() + 20_000;
  while (!run.talk().includes('Job 1') && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  appendFileSync(folder.at('leads.csv'), 'late@company.example,Late,L\n');
  const { code, stderr } = await run.ended;
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('leads.csv changed while it was read: job 1 is not complete'),
  });
  expect(await json(folder, 'jobs', '1')).toMatchObject({ import_complete: false });
  expect((await outreach(folder, ['jobs'])).stdout).toMatch(/pending, import not complete/);
  expect((await outreach(folder, ['import', 'leads.csv'])).stderr).toContain('from another version of this file');
  expect((await outreach(folder, ['cancel', '1'])).code).toBe(0);
  expect(await json(folder, 'import', 'leads.csv')).toMatchObject({ job: 2, imported: 30_001 });
});

test('suppress import leaves out the rows of which the file says that they may be mailed', async () => {
  folder.write(
    'all.csv',
    'email,Unsubscribed,Bounced\na@x.example,false,false\nb@x.example,true,false\nc@x.example,false,true\nd@x.example,perhaps,\n',
  );
  expect(await json(folder, 'suppress', 'import', 'all.csv')).toMatchObject({ rows: 4, added: 3, spared: 1 });
  folder.write('customers.csv', 'email,Status\ne@x.example,Active\nf@x.example,Inactive\n');
  expect(await json(folder, 'suppress', 'import', 'customers.csv')).toMatchObject({ rows: 2, added: 2, spared: 0 });
  folder.write('offers.csv', 'email,Accepts commercial communications\nh@x.example,Yes\ni@x.example,No\n');
  expect(await json(folder, 'suppress', 'import', 'offers.csv')).toMatchObject({ rows: 2, added: 1, spared: 1 });
  folder.write('states.csv', 'email,Mailstatus\nj@x.example,ok\nk@x.example,abbestellt\n');
  expect(await json(folder, 'suppress', 'import', 'states.csv')).toMatchObject({ rows: 2, added: 1, spared: 1 });
  folder.write('list.csv', 'email,OPTIN_TIME\ng@x.example,2020-01-01\n');
  expect(await json(folder, 'suppress', 'import', 'list.csv')).toMatchObject({ added: 1, spared: 0 });
  const reasons = (await outreach(folder, ['suppress', 'list', '--json'])).stdout;
  expect(reasons).toContain('"who":"c@x.example","kind":"address","reason":"bounced"');
});
