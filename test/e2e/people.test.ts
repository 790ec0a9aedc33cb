import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/store/sqlite/load.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { startAiServer } from '../support/aiServer.ts';
import { CAMPAIGN, config, Folder, json, objects, outreach, start } from '../support/program.ts';

let folder: Folder;
let sink: Sink;

beforeEach(async () => {
  folder = new Folder();
  sink = await startSink(() => undefined);
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

const PERSON = 'jane.forget@northwind.example';
const LEADS = `email,first_name,company\n${PERSON},Janetta,Northwind\nbob@corp.example,Bob,Corp\n${PERSON.toUpperCase()},Janetta,too,many,cells\nbad,Kim,Corp\n`;

function workspace(yaml: string, campaign = CAMPAIGN): void {
  folder.write('outreach.yaml', yaml);
  folder.write('campaigns/hello.md', campaign);
  folder.write('leads.csv', LEADS);
}

const OUTBOX = 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n';

/** Every file under .outreach that holds one of the words, in any case, as text or in UTF-16. */
function filesWith(...words: string[]): string[] {
  const found: string[] = [];
  const look = (path: string) => {
    for (const name of readdirSync(path)) {
      const at = join(path, name);
      if (statSync(at).isDirectory()) look(at);
      else {
        const text = readFileSync(at).toString('latin1').toLowerCase().replaceAll('\0', '');
        if (words.some((word) => text.includes(word.toLowerCase()))) found.push(at);
      }
    }
  };
  look(folder.at('.outreach'));
  return found;
}

test('forgetting a person takes nothing of others whose address holds theirs', async () => {
  workspace(OUTBOX);
  const others = ['diana@corp.example', 'x.ana@corp.example', 'ana@corp.example.org'];
  const rows = [...others, 'ana@corp.example'].map((email) => `${email},Al,Corp\n${email},Al,too,many,cells\n`).join('');
  folder.write('leads.csv', `email,first_name,company\n${rows}`);
  await json(folder, 'import', 'leads.csv');
  await json(folder, 'worker', '--until-done');
  expect(filesWith('diana@corp.example')).toHaveLength(3);
  expect(await json(folder, 'forget', 'ana@corp.example', '--yes')).toMatchObject({ leads: 1, rejected_rows: 1, outbox_mails: 1 });
  for (const other of others) expect([other, filesWith(other).length]).toEqual([other, 3]);
});

test('forget leaves no byte of a person in the whole data folder, and next year’s CSV mails them nothing', async () => {
  workspace(OUTBOX);
  await json(folder, 'import', 'leads.csv');
  await json(folder, 'worker', '--until-done');
  folder.write('.outreach/imports/stdin-0.csv', LEADS);
  folder.write('.outreach/outreach.db.before-3', 'an older copy');
  expect(filesWith(PERSON, 'janetta').length).toBeGreaterThanOrEqual(4);
  const refused = await outreach(folder, ['forget', PERSON]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('Add --yes')]);
  expect(await json(folder, 'forget', PERSON, '--yes')).toEqual({
    leads: 1,
    messages: 1,
    drafts: 1,
    generations: 0,
    rejected_rows: 1,
    outbox_mails: 1,
    other_files: 2,
    scrubbed: true,
  });
  expect(filesWith(PERSON, 'janetta')).toEqual([]);
  expect(readFileSync(folder.at('.outreach/rejects/job-1-leads.csv'), 'utf8')).toContain('bad,Kim,Corp');
  const [job] = (await json<{ jobs: { total: number; succeeded: number }[] }>(folder, 'status')).jobs;
  expect(job).toMatchObject({ total: 2, succeeded: 2 });

  folder.write('campaigns/next-year.md', CAMPAIGN);
  folder.write('leads.csv', LEADS.replace('Northwind', 'Northwind 2027'));
  const dry = await json(folder, 'import', 'leads.csv', '--campaign', 'next-year', '--dry-run');
  expect(dry).toMatchObject({ imported: 1, suppressed: 1 });
  expect(await json(folder, 'import', 'leads.csv', '--campaign', 'next-year')).toMatchObject({ imported: 1, suppressed: 1 });
  expect(await json(folder, 'import', 'leads.csv', '--campaign', 'hello')).toMatchObject({ imported: 0, duplicates: 2 });
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ accepted: 1 });
  expect(filesWith(PERSON, 'janetta')).toEqual([]);
});

test('a person is forgotten beside a worker that is running', async () => {
  workspace(config(sink.port));
  await json(folder, 'import', 'leads.csv');
  const worker = start(folder, ['worker', '--json']);
  await expect
    .poll(async () => (await json<{ totals: { succeeded: number } }>(folder, 'status')).totals.succeeded, { timeout: 10_000 })
    .toBe(2);
  expect(await json(folder, 'forget', PERSON, '--yes')).toMatchObject({ leads: 1 });
  expect(filesWith(PERSON, 'janetta')).toEqual([]);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  expect(filesWith(PERSON, 'janetta')).toEqual([]);
});

test('a text that a model is writing keeps a person until it is there, and is erased with the rest', async () => {
  const ai = await startAiServer(() => undefined, 1_500);
  try {
    const provider = `{ name: local, base_url: "${ai.url}", model: writer-1, api_key: "env:AI_KEY", price: { input: 1, output: 2 } }`;
    const review = '---\ngenerator: ai\nreview: all\n---\nAsk {{ email }} one question about their work.\n';
    workspace(config(sink.port, '', `ai:\n  providers: [${provider}]\n`), review);
    await json(folder, 'import', 'leads.csv');
    const writing = outreach(folder, ['worker', '--only', 'generate', '--until-done'], { AI_KEY: 'key-for-tests' });
    await expect.poll(() => ai.calls.map(({ email }) => email), { timeout: 10_000 }).toContain(PERSON);
    const early = await outreach(folder, ['forget', PERSON, '--yes']);
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('is with the model')]);
    expect((await writing).code).toBe(3);
    expect(filesWith('janetta')).not.toEqual([]);
    expect(await json(folder, 'forget', PERSON, '--yes')).toMatchObject({ leads: 1, generations: 1 });
    expect(filesWith(PERSON, 'janetta')).toEqual([]);
    expect(await json(folder, 'status')).toMatchObject({ jobs: [{ states: { suppressed: 1, review: 1 } }] });
  } finally {
    await ai.close();
  }
});

test('a missing key refuses an import instead of mailing who was forgotten', async () => {
  workspace(OUTBOX);
  await json(folder, 'forget', PERSON, '--yes');
  rmSync(folder.at('.outreach/key'));
  const ended = await outreach(folder, ['import', 'leads.csv']);
  expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('forgotten people would not be recognised')]);
  expect(existsSync(folder.at('.outreach/key'))).toBe(false);
});

test('a missing key keeps nobody from being suppressed, and no other command makes a new one in its place', async () => {
  workspace(OUTBOX);
  await json(folder, 'import', 'leads.csv');
  await json(folder, 'forget', PERSON, '--yes');
  rmSync(folder.at('.outreach/key'));
  expect((await outreach(folder, ['suppress', 'add', 'someone@corp.example'])).code).toBe(0);
  const worker = await outreach(folder, ['worker', '--drain']);
  expect([worker.code, worker.stderr]).toEqual([1, expect.stringContaining('forgotten people would not be recognised')]);
  expect(existsSync(folder.at('.outreach/key'))).toBe(false);
});

test('export person gives them all that is held, and stays for this user alone', async () => {
  workspace(OUTBOX);
  await json(folder, 'import', 'leads.csv', '--source', 'Fair 2026', '--basis', 'consent');
  await json(folder, 'worker', '--until-done');
  await json(folder, 'suppress', 'add', '@northwind.example', '--reason', 'asked by phone');
  await json(folder, 'export', 'person', PERSON.toUpperCase(), '--out', 'person.json');
  expect(statSync(folder.at('person.json')).mode & 0o077).toBe(0);
  const person = JSON.parse(readFileSync(folder.at('person.json'), 'utf8'));
  expect(person).toMatchObject({
    email: PERSON,
    leads: [
      {
        source: 'Fair 2026',
        basis: 'consent',
        fields: { first_name: 'Janetta' },
        messages: [{ state: 'accepted', text: expect.stringContaining('Hi Janetta'), attempts: [{ outcome: 'accepted' }] }],
      },
    ],
    suppressions: [{ of: '@northwind.example', reason: 'asked by phone' }],
    rejected_rows: [{ row: { email: PERSON.toUpperCase() } }],
    outbox_mails: [expect.stringContaining('.eml')],
  });
});

test('suppress: add, list, export and import again; a reader of JSON gets every row', async () => {
  workspace(OUTBOX);
  await json(folder, 'import', 'leads.csv');
  expect(await json(folder, 'suppress', 'add', PERSON, 'corp.example')).toEqual({ added: 2, known: 0, forgotten: 0, messages: 2 });
  expect((await json<{ totals: object }>(folder, 'status')).totals).toBeDefined();
  await json(folder, 'suppress', 'export', '--out', 'list.csv');
  const again = await outreach(folder, ['suppress', 'export', '--out', 'list.csv']);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('list.csv exists already') });
  await json(folder, 'suppress', 'export', '--out', 'list.csv', '--force');
  expect(readFileSync(folder.at('list.csv'), 'utf8')).toContain("\r\n'@corp.example,manual,by hand,");
  expect(await json(folder, 'suppress', 'remove', PERSON, '@corp.example')).toEqual({ removed: 2 });
  const piped = await outreach(folder, ['suppress', 'import', '-', '--json'], {}, readFileSync(folder.at('list.csv'), 'utf8'));
  expect(objects(piped)).toEqual([{ rows: 2, added: 2, known: 0, forgotten: 0, invalid: 0, spared: 0, messages: 0 }]);
  folder.write('many.txt', Array.from({ length: 1_100 }, (_, index) => `p${index}@many.example`).join('\n'));
  await json(folder, 'suppress', 'import', 'many.txt');
  expect(objects(await outreach(folder, ['suppress', 'list', '--json']))).toHaveLength(1_102);
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ accepted: 0 });
});

test.each([
  [['suppress', 'add'], 'say whom'],
  [['suppress', 'add', 'nonsense'], 'not an address'],
  [['suppress', 'import', 'none.csv'], 'there is no file none.csv'],
  [['suppress', 'list', '--out', 'x'], '--out goes with export'],
  [['suppress', 'drop', 'a@b.example'], '<action>: "drop" is not one of'],
  [['forget', 'nonsense', '--yes'], 'not an address'],
  [['export', 'person', 'nonsense'], 'not an address'],
])('%j is refused with a sentence', async (parameters, sentence) => {
  workspace(OUTBOX);
  const ended = await outreach(folder, parameters);
  expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining(sentence)]);
});

test('leads without a source warn; with require_source they are refused, at import and by the worker, with the sentence that helps', async () => {
  workspace(config(sink.port));
  const warned = await outreach(folder, ['import', 'leads.csv']);
  expect([warned.code, warned.stderr]).toEqual([0, expect.stringContaining('add --source')]);
  folder.write('outreach.yaml', config(sink.port, '', 'require_source: true\n'));
  const worker = await outreach(folder, ['worker', '--until-done']);
  expect([worker.code, worker.stderr]).toEqual([
    2,
    expect.stringContaining('of 2 leads of campaign hello nothing says where they are from'),
  ]);
  const refused = await outreach(folder, ['import', 'leads.csv', '--update', '--source', 'a fair']);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('add --basis consent|legitimate-interest|contract')]);
  const given = await outreach(folder, ['import', 'leads.csv', '--update', '--source', 'a fair', '--basis', 'consent']);
  expect([given.code, given.stderr]).toEqual([0, expect.not.stringContaining('add --')]);
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ accepted: 2 });
  const database = connect(folder.at('.outreach/outreach.db'));
  expect(database.prepare('select distinct source, basis from prospects').all()).toEqual([{ source: 'a fair', basis: 'consent' }]);
  database.close();
});

test('a live sender whose opt-out nobody reads is refused with the sentence that fixes it', async () => {
  const noReply = config(sink.port).replace('ana@ruiz.example', 'no-reply@ruiz.example');
  workspace(noReply);
  await json(folder, 'import', 'leads.csv');
  const refused = await outreach(folder, ['worker', '--until-done']);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('write { mailto:')]);
  folder.write('outreach.yaml', `${noReply}unsubscribe: { mailto: "stop@ruiz.example" }\n`);
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ accepted: 2 });
});
