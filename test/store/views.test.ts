import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { approveMessages } from '../../src/pipeline/approveMessages.ts';
import { forgetPerson } from '../../src/pipeline/forgetPerson.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { suppressPeople } from '../../src/pipeline/suppressPeople.ts';
import { openStore } from '../../src/store/database.ts';
import { UNDRAFTED } from '../../src/store/messages.ts';
import { restoreBackup, writeBackup } from '../../src/store/sqlite/backup.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { backTo } from '../support/olderSchema.ts';
import { csv } from '../support/program.ts';

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'sql-views.md'), 'utf8');
const VIEWS = ['outreach_attempts', 'outreach_daily', 'outreach_events', 'outreach_leads', 'outreach_messages'];

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(() => bench.close());

type Row = Record<string, unknown>;

/** As `sqlite3 -readonly` does it. */
function ask(query: string, path = bench.store.path): Row[] {
  const reader = connect(path, { readonly: true, fileMustExist: true });
  try {
    return reader.prepare(query).all() as Row[];
  } finally {
    reader.close();
  }
}

/** Six leads: two accepted (one of them comes back later), one refused by its server, one by content, one uncertain, one waiting. */
async function sixEnds(): Promise<void> {
  await bench.import(csv(6), { origin: { source: 'a fair', basis: 'consent' } });
  await bench.draft(1, 5);
  const code = 550;
  bench.answers = [
    { kind: 'accepted', code: 250, reply: '250 Ok' },
    { kind: 'accepted', code: 250, reply: '250 Ok' },
    { kind: 'recipient_refused', code, reply: '550 5.1.1 lead2@company2.example is unknown' },
    { kind: 'content_refused', code, reply: '550 5.7.1 looks like spam' },
    { kind: 'ambiguous', code: null, reply: 'the line broke' },
  ];
  for (let sent = 0; sent < 5; sent++) {
    await sendMessage(bench.sending(), 1, bench.campaign);
    bench.now += 60_000;
  }
  await suppressPeople({ store: bench.store, now: () => bench.now, forgottenKey: bench.forgottenKey }, [
    { key: 'lead0@company0.example', reason: 'bounced', source: 'a list', met: 'bounced' },
  ]);
}

function columnsOf(view: string, path = bench.store.path): string[] {
  return ask(`pragma table_info(${view})`, path).map(({ name }) => String(name));
}

test('docs/sql-views.md names every view and every column, in their order', () => {
  expect(ask("select name from sqlite_master where type = 'view' order by name").map(({ name }) => name)).toEqual(VIEWS);
  const documented = PAGE.split(/^### /m).slice(1);
  expect(documented.map((part) => part.split('\n')[0]).sort()).toEqual(VIEWS);
  for (const part of documented) {
    const view = part.split('\n')[0] ?? '';
    const listed = [...(part.split(/^## /m)[0] ?? '').matchAll(/^\| `([a-z_]+)` /gm)].map(([, name]) => name);
    expect([view, listed]).toEqual([view, columnsOf(view)]);
  }
});

test('the three questions of the page are answered', async () => {
  bench.campaign = campaignWith({ review: 'all' });
  await bench.import(csv(3));
  await bench.draft();
  bench.now += 2 * 3_600_000;
  await approveMessages(bench.store, { jobId: 1 }, () => bench.now, { actor: 'ana' });
  bench.answers = [
    { kind: 'accepted', code: 250, reply: '250 Ok' },
    { kind: 'content_refused', code: 550, reply: '550 not from you' },
  ];
  for (let sent = 0; sent < 2; sent++) await sendMessage(bench.sending(), 1, bench.campaign);
  const questions = [...PAGE.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map(([, query]) => query ?? '');
  expect(questions).toHaveLength(3);
  expect(questions.map((query) => ask(query))).toEqual([
    [{ week: '2026-11-23', sender: 'main', sent: 1, bounced: 0, bounced_percent: 0 }],
    [{ domain: 'company1.example', mails: 1, last_try: '2026-11-23T12:00:00.000Z', code: 550, reply: '550 not from you' }],
    [{ campaign: 'hello', month: '2026-11', mails: 3, hours: 2 }],
  ]);
});

test('each mail counts once, and what came back stands beside what was sent', async () => {
  await sixEnds();
  expect(ask('select * from outreach_daily')).toEqual([
    { day: '2026-11-23', campaign: 'hello', sender: 'main', sent: 2, bounced: 2, complained: 0, uncertain: 1, failed: 2 },
  ]);
  expect(ask('select state, bounced, attempts, due_at is null as ended, subject from outreach_messages order by message_id')).toEqual([
    { state: 'accepted', bounced: 1, attempts: 1, ended: 1, subject: 'For Company 0' },
    { state: 'accepted', bounced: 0, attempts: 1, ended: 1, subject: 'For Company 1' },
    { state: 'failed', bounced: 1, attempts: 1, ended: 1, subject: 'For Company 2' },
    { state: 'failed', bounced: 0, attempts: 1, ended: 1, subject: 'For Company 3' },
    { state: 'uncertain', bounced: 0, attempts: 1, ended: 1, subject: 'For Company 4' },
    { state: 'pending', bounced: 0, attempts: 0, ended: 0, subject: null },
  ]);
  expect(ask('select outcome from outreach_attempts order by attempt_id').map(({ outcome }) => outcome)).toEqual([
    'accepted',
    'accepted',
    'recipient_refused',
    'content_refused',
    'ambiguous',
  ]);
  expect(ask("select source, basis, json_extract(fields, '$.company') as company from outreach_leads limit 1")).toEqual([
    { source: 'a fair', basis: 'consent', company: 'Company 0' },
  ]);
});

test('who tried it last is told of a mail that is to be written anew', async () => {
  await sixEnds();
  await bench.store.write((tx) =>
    tx
      .updateTable('messages')
      .set({ ...UNDRAFTED, state: 'pending' })
      .where('id', '=', 4)
      .execute(),
  );
  expect(ask('select state, sender, tried_at is not null as tried, attempts from outreach_messages where message_id = 4')).toEqual([
    { state: 'pending', sender: 'main', tried: 1, attempts: 1 },
  ]);
});

test('times are ISO 8601 UTC, to the millisecond', async () => {
  await bench.import(csv(1));
  // A fixed walk over the milliseconds of a century, so that a rounding error would be met.
  const times = Array.from({ length: 2_000 }, (_, index) => (index * 1_577_836_801_003) % 3_155_760_000_000);
  await bench.store.write(async (tx) => {
    for (const at of times) await sql`insert into events (message_id, at, kind) values (1, ${at}, 'updated')`.execute(tx);
  });
  const told = ask("select at from outreach_events where kind = 'updated' order by event_id").map(({ at }) => at);
  expect(told).toEqual(times.map((at) => new Date(at).toISOString()));
});

test('a forgotten person is in no view, and no view holds a text, a key or a hash', async () => {
  await sixEnds();
  const everything = () => JSON.stringify(VIEWS.map((view) => ask(`select * from ${view}`)));
  expect(everything()).toMatch(/lead2@company2\.example.*Lead 2/);
  await forgetPerson({ store: bench.store, now: () => bench.now, forgottenKey: bench.forgottenKey }, 'lead2@company2.example');
  expect(everything()).not.toMatch(/lead2|company2|lead 2|company 2/i);
  expect(everything()).toContain('lead3@company3.example');
  // What the draft says, the token of its link, the hash of a person.
  expect(everything()).not.toMatch(/one question|token-|hmac:/);
  expect(ask("select email, domain, fields from outreach_leads where email = 'forgotten'")).toEqual([
    { email: 'forgotten', domain: '', fields: '{}' },
  ]);
});

test('backups and restored databases have the views', async () => {
  await sixEnds();
  const backup = bench.folder.at('backup.db');
  writeBackup(bench.store, backup, { now: bench.now, force: false });
  expect(ask('select sum(sent) as sent from outreach_daily', backup)).toEqual([{ sent: 2 }]);
  const target = bench.folder.at('elsewhere', 'outreach.db');
  await restoreBackup(backup, target, bench.now);
  expect(ask('select sum(sent) as sent from outreach_daily', target)).toEqual([{ sent: 2 }]);
});

test('an older database gets the views, after a checked copy of it was made', async () => {
  await sixEnds();
  const old = bench.folder.at('old', 'outreach.db');
  bench.folder.write('old/.keep', '');
  bench.store.copyTo(old);
  const raw = connect(old);
  await backTo(5, raw);
  raw.close();
  await (await openStore(old)).close();
  expect(ask('select sum(sent) as sent from outreach_daily', old)).toEqual([{ sent: 2 }]);
  const copy = readdirSync(bench.folder.at('old')).find((name) => name.includes('.before-'));
  expect(ask("select count(*) as views from sqlite_master where type = 'view'", bench.folder.at('old', copy ?? ''))).toEqual([
    { views: 0 },
  ]);
  expect(statSync(bench.folder.at('old', copy ?? '')).mode & 0o777).toBe(0o600);
});
