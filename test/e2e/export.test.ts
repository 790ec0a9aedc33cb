import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { exportRows } from '../../src/app/exportRows.ts';
import { openStore } from '../../src/store/database.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { ENTRY, Folder, json, objects, outreach, start } from '../support/program.ts';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
  folder.write('outreach.yaml', 'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n');
  folder.write('campaigns/hello.md', '---\nsubject: Hello\n---\nHi {{ first_name | default: "there" }},\n\none question.\n');
});

afterEach(() => folder.remove());

type Row = Record<string, string>;

async function rowsOf(...parameters: string[]): Promise<Row[]> {
  const { code, stdout, stderr } = await outreach(folder, ['export', ...parameters]);
  expect([code, stderr]).toEqual([0, expect.stringContaining('Next: ')]);
  return parse(stdout, { columns: true }) as Row[];
}

async function imported(leads: string, ...more: string[]): Promise<void> {
  folder.write('leads.csv', leads);
  await json(folder, 'import', 'leads.csv', ...more);
}

/** Waiting leads, put in by SQL: an import of so many takes longer than the tests. */
async function manyLeads(count: number): Promise<void> {
  await imported('email\nfirst@x.example\n');
  const db = connect(folder.at('.outreach', 'outreach.db'));
  const numbers = `with recursive n (i) as (select 1000 union all select i + 1 from n where i < ${1000 + count - 1})`;
  db.exec(`${numbers} insert into prospects (id, campaign_id, job_id, email, email_key, fields, created_at, updated_at)
    select i, 1, 1, 'l' || i || '@x.example', 'l' || i || '@x.example', '{}', 1, 1 from n`);
  db.exec(`${numbers} insert into messages (id, job_id, campaign_id, prospect_id, state, due_at, created_at, state_at)
    select i, 1, 1, i, 'pending', 1, 1, 1 from n`);
  db.close();
}

const HOSTILE = `email,first_name,company,state
a@x.example,=HYPERLINK(1),"Ac""me, Inc",ES
b@x.example,@SUM(A1),-2+3,"two
lines"
c@x.example,+34 600,Zoë ÅB,
d@x.example,Di,x;=1+1,"a\n=2"
`;

test('a cell that a spreadsheet takes for a formula gets an apostrophe, --raw leaves it, and everything else comes back as it was', async () => {
  await imported(HOSTILE);
  const safe = await rowsOf('prospects');
  expect(safe.map(({ field_first_name, field_company }) => [field_first_name, field_company])).toEqual([
    ["'=HYPERLINK(1)", 'Ac"me, Inc'],
    ["'@SUM(A1)", "'-2+3"],
    ["'+34 600", 'Zoë ÅB'],
    ['Di', "x;'=1+1"],
  ]);
  expect(safe[3]?.field_state).toBe("a\n'=2");
  const raw = await rowsOf('prospects', '--raw');
  expect(raw.map(({ field_first_name, field_company, field_state }) => [field_first_name, field_company, field_state])).toEqual([
    ['=HYPERLINK(1)', 'Ac"me, Inc', 'ES'],
    ['@SUM(A1)', '-2+3', 'two\nlines'],
    ['+34 600', 'Zoë ÅB', ''],
    ['Di', 'x;=1+1', 'a\n=2'],
  ]);
  // The lead's own column called state is not the state of its mail.
  expect(raw.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending', 'pending']);
});

test('JSON never has the apostrophe, is one array, and an object a line says the same', async () => {
  await imported(HOSTILE);
  const array = JSON.parse((await outreach(folder, ['export', 'prospects', '--format', 'json'])).stdout) as Row[];
  expect(array.map(({ fields }) => fields)).toContainEqual({ first_name: '@SUM(A1)', company: '-2+3', state: 'two\nlines' });
  expect(objects(await outreach(folder, ['export', 'prospects', '--format', 'ndjson']))).toEqual(array);
  expect(objects(await outreach(folder, ['export', 'prospects', '--json']))).toEqual(array);
  expect(JSON.parse((await outreach(folder, ['export', 'events', '--format', 'json'])).stdout)).toEqual([]);
});

test('mails, leads and events have the same fields in the same order in every format, with ISO times', async () => {
  await imported(HOSTILE);
  await json(folder, 'worker', '--until-done');
  for (const what of ['messages', 'events']) {
    const [object] = objects(await outreach(folder, ['export', what, '--format', 'ndjson']));
    const [row] = await rowsOf(what, '--raw');
    expect([what, Object.keys(object ?? {})]).toEqual([what, Object.keys(row ?? {})]);
    for (const [name, value] of Object.entries(object ?? {})) expect([name, row?.[name]]).toEqual([name, String(value ?? '')]);
  }
  const [mail] = await rowsOf('messages');
  expect(mail).toMatchObject({ id: '1', state: 'accepted', email: 'a@x.example', sender: 'outbox', attempts: '1' });
  for (const name of ['created_at', 'due_at', 'state_at', 'sent_at']) expect(mail?.[name]).toMatch(/^20\d\d-\d\d-\d\dT[\d:.]{12}Z$/);
  expect(mail?.text).toContain('Hi =HYPERLINK(1),\n\none question.');
  const events = await rowsOf('events');
  expect(events.map(({ message, kind }) => [message, kind])).toEqual(
    ['1', '2', '3', '4'].flatMap((id) => [
      [id, 'drafted'],
      [id, 'accepted'],
    ]),
  );
});

test('campaign, job, state and time choose, and one that is not there is an error with a suggestion', async () => {
  await imported('email\na@x.example\n');
  await json(folder, 'worker', '--until-done');
  await imported('email\nb@x.example\nc@x.example\n');
  const ids = async (...parameters: string[]) => (await rowsOf('messages', ...parameters)).map(({ id }) => id);
  expect(await ids('--campaign', 'hello')).toEqual(['1', '2', '3']);
  expect(await ids('--job', '2')).toEqual(['2', '3']);
  expect(await ids('--state', 'accepted')).toEqual(['1']);
  expect(await ids('--since', '1h')).toEqual(['1', '2', '3']);
  expect((await rowsOf('prospects', '--state', 'pending')).map(({ email }) => email)).toEqual(['b@x.example', 'c@x.example']);
  expect((await rowsOf('events', '--job', '2')).length).toBe(0);
  for (const [parameters, sentence] of [
    [['--campaign', 'helo'], 'did you mean hello?'],
    [['--job', '9'], 'there is no job 9'],
    [['--since', 'soon'], 'soon is no time'],
    [['--since', '2999-01-01'], 'is still to come'],
    [['--since', '2026-02-30'], '2026-02-30 is no time'],
    [['a@x.example'], 'takes no address'],
    [['--json', '--format', 'csv'], 'contradict'],
  ] as const) {
    const { code, stdout, stderr } = await outreach(folder, ['export', 'messages', ...parameters]);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(sentence)]);
  }
  for (const parameters of [['person'], ['person', 'a@x.example', '--format', 'csv']])
    expect((await outreach(folder, ['export', ...parameters])).code).toBe(2);
});

test('--out takes its format from the name, is for this user alone, and writes over nothing without --force', async () => {
  await imported('email\na@x.example\n');
  expect(await json(folder, 'export', 'messages', '--out', 'mails.json')).toEqual({
    out: folder.at('mails.json'),
    format: 'json',
    rows: 1,
  });
  expect(JSON.parse(readFileSync(folder.at('mails.json'), 'utf8'))).toHaveLength(1);
  expect(statSync(folder.at('mails.json')).mode & 0o777).toBe(0o600);
  folder.write('mails.csv', 'mine');
  const refused = await outreach(folder, ['export', 'messages', '--out', 'mails.csv']);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('--force')]);
  expect(readFileSync(folder.at('mails.csv'), 'utf8')).toBe('mine');
  const forced = await outreach(folder, ['export', 'messages', '--out', 'mails.csv', '--force']);
  expect([forced.code, forced.stdout]).toEqual([0, expect.stringContaining('1 row written to')]);
  expect(readFileSync(folder.at('mails.csv'), 'utf8')).toMatch(/^id,job,.*\r\n1,1,/);
  expect((await outreach(folder, ['export', 'messages', '--out', 'no/such/folder.csv'])).code).toBe(1);
  expect(parts()).toEqual([]);
});

function parts(): string[] {
  return readdirSync(folder.path).filter((name) => name.endsWith('.part'));
}

test.each(['messages', 'prospects'])(
  'an export of %s that is stopped, or whose terminal goes away, leaves no file, whole or half',
  async (what) => {
    await manyLeads(60_000);
    for (const signal of ['SIGINT', 'SIGHUP'] as const) {
      const { child, ended } = start(folder, ['export', what, '--out', 'out.csv']);
      await vi.waitFor(() => expect(parts()).toHaveLength(1), { timeout: 20_000, interval: 5 });
      child.kill(signal);
      const { code, stderr } = await ended;
      expect([code, stderr]).toEqual([130, expect.stringContaining('stopped; there is no')]);
      expect(readdirSync(folder.path).filter((name) => name.startsWith('out.csv'))).toEqual([]);
    }
  },
);

test('a second Ctrl-C waits for nothing, and leaves no file either', async () => {
  await manyLeads(60_000);
  const { child, ended } = start(folder, ['export', 'messages', '--out', 'out.csv']);
  await vi.waitFor(() => expect(parts()).toHaveLength(1), { timeout: 20_000, interval: 5 });
  child.kill('SIGINT');
  child.kill('SIGINT');
  await ended;
  expect(readdirSync(folder.path).filter((name) => name.startsWith('out.csv'))).toEqual([]);
});

test('every --out is whole or not there, keeps what a link leads to, and is no pipe or device', async () => {
  await imported('email\na@x.example\n');
  const db = connect(folder.at('.outreach', 'outreach.db'));
  db.exec(`with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
    insert into suppressions (email_key, reason, source, created_at) select 'x' || i || '@x.example', 'a reason', 'a list', 1 from n`);
  db.close();
  const mine = folder.write('no-mail.csv', 'mine');
  // A file may not grow over 100 kB: as on a disk that is full.
  const full = (name: string) =>
    spawnSync(
      'bash',
      ['-c', `ulimit -f 100; trap '' XFSZ; exec "$@"`, 'sh', process.execPath, ENTRY, 'suppress', 'export', '--out', name, '--force'],
      {
        cwd: folder.path,
        encoding: 'utf8',
      },
    );
  for (const name of ['no-mail.csv', 'new.csv']) expect(full(name).stderr).toContain('cannot be written: EFBIG');
  expect(readFileSync(mine, 'utf8')).toBe('mine');
  expect(readdirSync(folder.path).filter((name) => /new|part/.test(name))).toEqual([]);
  symlinkSync('no-mail.csv', folder.at('link.csv'));
  await json(folder, 'export', 'events', '--out', 'link.csv', '--force');
  expect([lstatSync(folder.at('link.csv')).isSymbolicLink(), readFileSync(mine, 'utf8')]).toEqual([true, expect.stringMatching(/^at,/)]);
  for (const place of ['/dev/null', '.'])
    expect(await outreach(folder, ['export', 'events', '--out', place, '--force'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is no file\n.*redirect/),
    });
});

test('a column that comes while leads are read is not left out in silence', async () => {
  await manyLeads(2_000);
  const store = await openStore(folder.at('.outreach', 'outreach.db'));
  const filter = { campaignId: undefined, jobId: undefined, state: undefined, since: undefined };
  const read = async () => {
    for await (const { text } of exportRows(store.db, { what: 'prospects', format: 'csv', filter, raw: false, onTerminal: false }))
      if (text.startsWith('id,')) await sql`update prospects set fields = '{"late":"x"}' where id = 2900`.execute(store.db);
  };
  await expect(read()).rejects.toThrow('leads got a column late while they were read');
  await store.close();
});

test('a reader that has seen enough ends it quietly', async () => {
  await manyLeads(20_000);
  const { child, ended } = start(folder, ['export', 'messages']);
  child.stdout?.once('data', () => child.stdout?.destroy());
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});

test('while a slow reader waits nothing is held open, and what comes meanwhile is not part of it', async () => {
  await manyLeads(20_000);
  const { child, ended } = start(folder, ['export', 'messages', '--format', 'ndjson']);
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  child.stdout?.pause();
  const db = connect(folder.at('.outreach', 'outreach.db'), { timeout: 10_000 });
  db.exec(`insert into prospects (campaign_id, job_id, email, email_key, fields, created_at, updated_at)
    values (1, 1, 'late@x.example', 'late@x.example', '{}', 1, 1)`);
  db.exec(`insert into messages (job_id, campaign_id, prospect_id, state, due_at, created_at, state_at)
    select 1, 1, max(id), 'pending', 1, 1, 1 from prospects`);
  // A read transaction anywhere would keep the log from being emptied.
  expect(db.pragma('wal_checkpoint(truncate)')).toMatchObject([{ busy: 0, log: 0 }]);
  db.close();
  child.stdout?.resume();
  const rows = objects(await ended);
  expect([rows.length, rows.some(({ email }) => email === 'late@x.example')]).toEqual([20_001, false]);
  expect(rows.map(({ id }) => id)).toEqual([...rows].sort((a, b) => Number(a.id) - Number(b.id)).map(({ id }) => id));
});

test('on a terminal no lead can move the cursor', async () => {
  await imported('email,company\na@x.example,"A\u001b[2J\u202eB"\n');
  const store = await openStore(folder.at('.outreach', 'outreach.db'));
  try {
    const filter = { campaignId: undefined, jobId: undefined, state: undefined, since: undefined };
    let text = '';
    for await (const piece of exportRows(store.db, { what: 'prospects', format: 'csv', filter, raw: true, onTerminal: true }))
      text += piece.text;
    expect(text).toMatch(/,A⟨U\+202E⟩B\r\n$/);
  } finally {
    await store.close();
  }
});
