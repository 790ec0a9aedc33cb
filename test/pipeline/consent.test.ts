import { appendFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LeadFields } from '../../src/domain/lead.ts';
import { checkLeads } from '../../src/pipeline/checkLeads.ts';
import { importLeads } from '../../src/pipeline/importLeads.ts';
import { cancel } from '../../src/pipeline/steerJob.ts';
import { suppress, suppressionPage } from '../../src/store/suppressions.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { csv } from '../support/program.ts';

let bench: Bench;
const now = () => bench.now;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

type Options = NonNullable<Parameters<Bench['import']>[1]>;

/** A dry run first: it must say what the import then does. */
async function both(text: string, options: Options = {}) {
  const rehearsed = await checkLeads(bench.store.db, await bench.importRequest(text, options), bench.forgottenKey);
  const imported = await bench.import(text, options);
  expect(rehearsed.tally).toEqual({ ...imported.tally, rejects_bytes: 0 });
  return imported.tally;
}

const suppressed = async () => (await suppressionPage(bench.store.db, '', 100)).map(({ email_key, reason }) => `${email_key}: ${reason}`);

async function fields(email: string): Promise<LeadFields & { version: number }> {
  const row = await bench.store.db.selectFrom('prospects').selectAll().where('email_key', '=', email).executeTakeFirstOrThrow();
  return { ...(JSON.parse(row.fields) as LeadFields), version: row.version } as LeadFields & { version: number };
}

test('whoever a row marks is stored as suppressed, with reason, column and line, and is counted by reason', async () => {
  const tally = await both(
    'email,first_name,Status\na@x.example,Ann,Subscribed\nb@x.example,Bo,Unsubscribed\nc@x.example,Cy,Bounced\nd@x.example,Di,Unsubscribed\n',
  );
  expect(tally).toMatchObject({ rows: 4, imported: 1, suppressed: 3, suppressed_by: { unsubscribed: 2, bounced: 1 } });
  expect(await bench.states()).toEqual(['pending', 'suppressed', 'suppressed', 'suppressed']);
  expect((await bench.reasons())[1]).toBe('unsubscribed (column "Status" of leads.csv, line 3)');
  expect(await suppressed()).toEqual([
    'b@x.example: unsubscribed (column "Status" of leads.csv, line 3)',
    'c@x.example: bounced (column "Status" of leads.csv, line 4)',
    'd@x.example: unsubscribed (column "Status" of leads.csv, line 5)',
  ]);
});

test('neither a later file without the column nor one that says "subscribed" brings a suppressed person back', async () => {
  await bench.import('email,Unsubscribed\na@x.example,yes\n');
  bench.campaign = campaignWith({ name: 'second' });
  expect(await both('email\na@x.example\n')).toMatchObject({ imported: 0, suppressed: 1, suppressed_by: { listed: 1 } });
  expect(await both('email,Status\na@x.example,Subscribed\n')).toMatchObject({ imported: 0, suppressed: 0, duplicates: 1 });
  expect(await suppressed()).toHaveLength(1);
});

test('mails that wait in any campaign are withdrawn when a later file says no, without --update too', async () => {
  await bench.import(csv(3));
  await bench.draft();
  bench.campaign = campaignWith({ name: 'second' });
  await bench.import(csv(3));
  expect(await bench.states()).toEqual(['ready', 'ready', 'ready', 'pending', 'pending', 'pending']);
  const text = 'email,Opt-out\nlead1@company1.example,true\nLEAD1@company1.example,true\nlead2@company2.example,false\n';
  expect(await both(text)).toMatchObject({ imported: 0, suppressed: 1, withdrawn: 1, duplicates: 2, repeated: 1, repeated_lines: [3] });
  expect(await bench.states()).toEqual(['ready', 'suppressed', 'ready', 'pending', 'suppressed', 'pending']);
});

test('a no in a second row of the same address counts, in whichever batch it stands', async () => {
  const rows = Array.from({ length: 5_000 }, (_, index) => `f${index}@z.example,no`);
  const text = `email,Unsubscribed\na@x.example,no\n${rows.join('\n')}\na@x.example,yes\na@x.example,yes\n`;
  expect(await both(text)).toMatchObject({
    imported: 5_000,
    suppressed: 1,
    withdrawn: 0,
    duplicates: 2,
    repeated: 2,
    repeated_lines: [5_003, 5_004],
  });
  expect((await bench.states())[0]).toBe('suppressed');
});

test.each([
  ['a cell too many', 'a@x.example,Ann,Acme,no\na@x.example,Ann,Acme, Inc.,yes\n', 1],
  ['the refusal first', 'a@x.example,Ann,Acme, Inc.,yes\na@x.example,Ann,Acme,no\n', 0],
  ['a stray quote', 'a@x.example,Ann,Acme,no\na@x.example,"Ann,Acme,yes\nb@y.example,Bo"x,B,no\n', 1],
  ['a row that a quote has taken in', 'a@x.example,Ann,Acme,no\nc@x.example,"Cy,C,no\na@x.example,A,A,yes\nd@x.example,Di",D,no\n', 1],
])('a refusal in a row that is rejected for %s holds its person in every other row', async (_, rows, came) => {
  const tally = await both(`email,first_name,company,unsubscribed\n${rows}`);
  expect(tally).toMatchObject({ rows: 2, imported: 0, suppressed: 1, invalid: 1 });
  expect(tally.suppressed_by).toEqual(came === 1 ? { unsubscribed: 1 } : { listed: 1 });
  expect(await bench.states()).toEqual(['suppressed']);
  expect((await suppressed()).join()).toContain('a@x.example: unsubscribed (column "unsubscribed" of leads.csv');
});

test('who is imported by one row and refuses in a later one is counted once', async () => {
  const tally = await both('email,unsubscribed\na@x.example,no\na@x.example,yes\nb@x.example,no\n');
  expect(tally).toMatchObject({ rows: 3, imported: 1, suppressed: 1, suppressed_by: { unsubscribed: 1 }, duplicates: 1, repeated: 1 });
  expect(await bench.states()).toEqual(['suppressed', 'pending']);
});

test('nobody who was forgotten is stored again because their row says no', async () => {
  await bench.store.write((tx) => suppress(tx, bench.forgottenKey('a@x.example'), 'forgotten', 'forget', bench.now));
  expect(await both('email,Unsubscribed\na@x.example,yes\n')).toMatchObject({ suppressed: 1, suppressed_by: { listed: 1 } });
  expect((await suppressed()).join()).not.toContain('a@x.example');
});

test('a column that is not to be read for consent is a column like any other', async () => {
  const text = 'email,Newsletter\na@x.example,no\n';
  expect(await both(text, { ignored: ['Newsletter'] })).toMatchObject({ imported: 1, suppressed: 0 });
  expect(await fields('a@x.example')).toMatchObject({ newsletter: 'no' });
});

test('an import that goes on must be asked to ignore the same columns', async () => {
  const text = `${csv(5_001)
    .replace('company\n', 'company,Newsletter\n')
    .replaceAll(/(Company \d+)\n/g, '$1,no\n')}`;
  await expect(bench.import(text, { ignored: ['Newsletter'], stopAfterOneBatch: true })).rejects.toThrow('stopped after');
  await expect(bench.import(text)).rejects.toThrow('is half imported with other options');
  expect((await bench.import(text, { ignored: ['Newsletter'] })).tally).toMatchObject({ imported: 5_001, suppressed: 0 });
});

test('suppressed people of an import that is dropped stay suppressed', async () => {
  const text = `${csv(5_001)}z@x.example,Z,Z\n`.replace('company\n', 'company,Unsubscribed\n').replace('Company 0\n', 'Company 0,yes\n');
  await expect(bench.import(text, { stopAfterOneBatch: true })).rejects.toThrow('stopped after');
  await cancel(bench.store, 1, now);
  expect(await suppressed()).toEqual(['lead0@company0.example: unsubscribed (column "Unsubscribed" of leads.csv, line 2)']);
  expect((await bench.import(text)).tally).toMatchObject({ imported: 5_001, suppressed: 1 });
});

test('--update keeps what the file does not say; --replace drops it; drafts are void only where something changed', async () => {
  await bench.import('email,first_name,company,city\na@x.example,Ann,Acme,Bilbao\nb@x.example,Bo,Bolt,Paris\n');
  await bench.draft();
  const short = 'email,phone,city\na@x.example,+34 600,\nb@x.example,,Paris\n';
  expect(await both(short, { update: true })).toMatchObject({ updated: 1, duplicates: 1 });
  expect(await fields('a@x.example')).toEqual({ first_name: 'Ann', company: 'Acme', city: 'Bilbao', phone: '+34 600', version: 2 });
  expect(await fields('b@x.example')).toMatchObject({ city: 'Paris', version: 1 });
  expect(await bench.states()).toEqual(['pending', 'ready']);
  expect(await both(short, { replace: true })).toMatchObject({ updated: 2 });
  expect(await fields('a@x.example')).toEqual({ phone: '+34 600', version: 3 });
  expect(await fields('b@x.example')).toEqual({ city: 'Paris', version: 2 });
});

test('two rows of a lead that the campaign has change nothing without a flag, and neither has lost to the other', async () => {
  await bench.import(csv(2));
  expect(await both(`${csv(1)}LEAD0@company0.example,Zoe,Z\n`)).toMatchObject({ duplicates: 2, repeated: 0 });
  expect(await both(`${csv(3)}LEAD2@company2.example,Zoe,Z\n`)).toMatchObject({
    imported: 1,
    duplicates: 3,
    repeated: 1,
    repeated_lines: [5],
  });
});

test('the same fields in another order of columns change nothing', async () => {
  await bench.import('email,first_name,company\na@x.example,Ann,Acme\n');
  await bench.draft();
  expect(await both('company,email,first_name\nAcme,a@x.example,Ann\n', { replace: true })).toMatchObject({ updated: 0, duplicates: 1 });
  expect(await bench.states()).toEqual(['ready']);
});

test('a name beside an address is no column: --update keeps the name that is stored', async () => {
  await bench.import('email,name\na@x.example,Ann Smith\n');
  await both('email,city\nAnnie <a@x.example>,Bilbao\n', { update: true });
  expect(await fields('a@x.example')).toMatchObject({ name: 'Ann Smith', city: 'Bilbao' });
});

test.each([{ update: true }, { replace: true }])(
  'of two rows with one address the first wins with %j, and the line that lost is told',
  async (options) => {
    await bench.import('email,first_name\na@x.example,Ann\n');
    const tally = await both('email,phone\na@x.example,600\nA@X.EXAMPLE,601\nb@x.example,700\nb@x.example,701\n', options);
    expect(tally).toMatchObject({ updated: 1, imported: 1, duplicates: 2, repeated: 2, repeated_lines: [3, 5] });
    expect(await fields('a@x.example')).toMatchObject({ phone: '600' });
    expect(await fields('b@x.example')).toMatchObject({ phone: '700' });
  },
);

test('the first row wins in an import that was broken off and goes on', async () => {
  await bench.import('email,first_name\na@x.example,Ann\n');
  const text = `email,phone\na@x.example,600\n${Array.from({ length: 5_000 }, (_, index) => `f${index}@z.example,1`).join('\n')}\na@x.example,601\n`;
  await expect(bench.import(text, { update: true, stopAfterOneBatch: true })).rejects.toThrow('stopped after');
  const { tally } = await bench.import(text, { update: true });
  expect(tally).toMatchObject({ rows: 5_002, updated: 1, repeated: 1, repeated_lines: [5_002 + 1] });
  expect(await fields('a@x.example')).toMatchObject({ phone: '600' });
});

test('the same file again changes nothing, whatever else it was asked; with a job cancelled since, it does', async () => {
  const text = 'email,Unsubscribed\na@x.example,no\nb@x.example,yes\nnobody,no\n';
  await bench.import(text);
  const again = async (options: Options = {}) => {
    const request = await bench.importRequest(text, options);
    return checkLeads(bench.store.db, request, bench.forgottenKey);
  };
  const rejects = bench.folder.at('rejects', '1.csv');
  expect(await again()).toMatchObject({ repeats: { job: 1, rejects }, tally: { imported: 0, duplicates: 1, suppressed: 1, invalid: 1 } });
  expect((await again({ update: true })).repeats).toMatchObject({ job: 1 });
  expect((await again({ update: true, origin: { source: 'a fair', basis: null } })).repeats).toBeUndefined();
  await bench.import('email,Unsubscribed,city\na@x.example,no,Paris\n', { update: true });
  expect((await again({ update: true })).repeats).toMatchObject({ job: 1 });
  expect((await again({ replace: true })).repeats).toBeUndefined();
  await cancel(bench.store, 1, now);
  expect((await again()).repeats).toBeUndefined();
});

test('a job that had people of the file is cancelled: importing the file again takes them over', async () => {
  await bench.import(csv(2));
  await bench.import(`${csv(2)}other@company9.example,O,O\n`);
  const request = await bench.importRequest(`${csv(2)}other@company9.example,O,O\n`);
  expect((await checkLeads(bench.store.db, request, bench.forgottenKey)).repeats).toMatchObject({ job: 2 });
  await cancel(bench.store, 1, now);
  expect(await checkLeads(bench.store.db, request, bench.forgottenKey)).toMatchObject({ repeats: undefined, tally: { reimported: 2 } });
});

test('a file that changes between two batches leaves the job incomplete, with rows of the first version alone', async () => {
  const text = csv(40_000);
  const path = bench.folder.at('leads.csv');
  const request = await bench.importRequest(text);
  const run = (progress: () => void) =>
    importLeads(
      {
        store: bench.store,
        now,
        stop: new AbortController().signal,
        accepted() {},
        progress,
        sleep: async () => {},
        besideWorker: async () => false,
        forgottenKey: bench.forgottenKey,
      },
      request,
    );
  const error = await run(() => writeFileSync(path, text.replaceAll('Lead ', 'Oead '))).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'refused',
    message: 'leads.csv changed while it was read: job 1 is not complete, and nothing of it is sent',
    hint: expect.stringContaining('outreach cancel 1'),
  });
  const taken = await bench.store.db.selectFrom('prospects').select('fields').execute();
  expect(taken.length).toBeGreaterThan(0);
  expect(taken.filter(({ fields }) => fields.includes('Oead'))).toEqual([]);
  expect(await bench.store.db.selectFrom('jobs').select('imported_at').execute()).toEqual([{ imported_at: null }]);
  await expect(bench.import(text.replaceAll('Lead ', 'Oead '))).rejects.toThrow('from another version of this file');
  writeFileSync(path, text);
  expect((await run(() => {})).tally).toMatchObject({ rows: 40_000, imported: 40_000 });
});

test('a file that grows while its last rows are taken is not complete', async () => {
  const request = await bench.importRequest(csv(20));
  const rows = request.file.rows.bind(request.file);
  const grown = {
    ...request.file,
    rows: (consumed?: (bytes: number) => void) => {
      appendFileSync(request.file.path, 'late@company.example,L,L\n');
      return rows(consumed);
    },
  };
  const done = importLeads(
    {
      store: bench.store,
      now,
      stop: new AbortController().signal,
      accepted() {},
      progress() {},
      sleep: async () => {},
      besideWorker: async () => false,
      forgottenKey: bench.forgottenKey,
    },
    { ...request, file: grown },
  );
  await expect(done).rejects.toThrow('changed while it was read');
  await cancel(bench.store, 1, now);
  expect((await bench.import(`${csv(20)}late@company.example,L,L\n`)).tally).toMatchObject({ imported: 21 });
});
