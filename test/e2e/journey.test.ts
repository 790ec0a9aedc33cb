import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Status } from '../../src/app/status.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { type Fault, type Sink, startSink } from '../crash/sink.ts';
import { asShown, CAMPAIGN, config, csv, Folder, json, objects, outreach, start } from '../support/program.ts';

let folder: Folder;
let sink: Sink;
let faultFor: (to: string | undefined) => Fault | undefined;

beforeEach(async () => {
  folder = new Folder();
  faultFor = () => undefined;
  sink = await startSink((to) => faultFor(to));
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

function workspace(sender = '', rest = '', campaign = CAMPAIGN, leads = 3): void {
  folder.write('outreach.yaml', config(sink.port, sender, rest));
  folder.write('campaigns/hello.md', campaign);
  folder.write('leads.csv', csv(leads));
}

test('init, import, worker, status: a CSV becomes sent mail', async () => {
  expect((await outreach(folder, ['init', '--name', 'Ana Ruiz'])).code).toBe(0);
  expect(await json(folder, 'import', 'leads.csv')).toEqual({
    job: 1,
    campaign: 'hello',
    rows: 3,
    imported: 3,
    reimported: 0,
    repeated: 0,
    repeated_lines: [],
    suppressed_by: {},
    updated: 0,
    duplicates: 0,
    invalid: 0,
    suppressed: 0,
    rejects: null,
    // One of the three sample leads has no first name, so that the default is seen.
    warnings: [expect.objectContaining({ line: 12, message: '{{ first_name }} is empty for 1 of 3 leads: they get its default' })],
  });
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({
    generated: 3,
    accepted: 3,
    failed: 0,
    uncertain: 0,
    deferred: 0,
    waiting: 0,
  });
  expect(readdirSync(folder.at('.outreach', 'outbox'))).toHaveLength(3);
  const status = await json<Status>(folder, 'status');
  expect(status.jobs[0]).toMatchObject({
    id: 1,
    campaign: 'hello',
    status: 'completed',
    total: 3,
    processed: 3,
    succeeded: 3,
    failed: 0,
    send_mode: 'immediate',
    send_rate: null,
    scheduled_for: null,
  });
  expect(status).toMatchObject({
    totals: { succeeded: 3 },
    usage: { sent: 3, limit: null },
    workers: [],
    senders: [{ name: 'outbox', sent_24h: 3 }],
  });
});

test('the very first import makes a workspace whose mail cannot leave the machine', async () => {
  folder.write('my.csv', csv(2));
  const { code, stderr } = await outreach(folder, ['import', 'my.csv']);
  expect(code).toBe(0);
  expect(stderr).toContain(`Made a workspace at ${folder.at('.local', 'share', 'outreach')}`);
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ accepted: 2 });
  expect(readdirSync(folder.at('.local', 'share', 'outreach', '.outreach', 'outbox'))).toHaveLength(2);
});

test('a first import that takes nothing leaves nothing behind', async () => {
  folder.write('my.csv', csv(2));
  folder.write('bad.csv', 'name\nAnn\n');
  expect(await json(folder, 'import', 'my.csv', '--dry-run')).toMatchObject({ imported: 2 });
  const { code, stderr } = await outreach(folder, ['import', 'bad.csv']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^outreach: bad\.csv:1: no column holds addresses/m);
  expect(existsSync(folder.at('.local'))).toBe(false);
});

test('the people of a cancelled job are written to by the next import, once, and only those without a mail', async () => {
  workspace();
  await outreach(folder, ['import', 'leads.csv', '--mode', 'drip', '--rate', '0.001']);
  expect(await json(folder, 'worker', '--drain')).toMatchObject({
    accepted: 1,
    next_due_at: expect.any(String),
    drips: [{ job: 1, rate: 0.001 }],
  });
  const cancelled = await outreach(folder, ['cancel', '1']);
  expect(cancelled.stdout).toContain('importing the same people again makes a new job for those without a mail');
  const again = await outreach(folder, ['import', 'leads.csv']);
  expect(again.stdout).toMatch(/imported +2 +2 of them from a cancelled job/);
  expect(again.stdout).toMatch(/duplicates +1 /);
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ accepted: 2, waiting: 0 });
  expect(new Set(sink.received.map(({ to }) => to)).size).toBe(3);
  expect(sink.received).toHaveLength(3);
  expect(await json(folder, 'jobs', '2')).toMatchObject({
    status: 'completed',
    total: 2,
    import: { imported: 2, reimported: 2, duplicates: 1 },
  });
  expect(await json(folder, 'jobs', '1')).toMatchObject({ status: 'cancelled', total: 1, succeeded: 1 });
  expect((await outreach(folder, ['jobs', '1'])).stdout).toContain('2 now in the job of a later import');
});

test('a bounce, a greylisting and a reply that never came are told apart, and show tells each story', async () => {
  const answers: Record<string, Fault[]> = {
    'lead0@company0.example': ['rcpt 550'],
    'lead1@company1.example': ['rcpt 450'],
    'lead2@company2.example': ['dot drop, taken'],
  };
  faultFor = (to) => (to === undefined ? undefined : answers[to]?.shift());
  workspace('', 'retry: { delays: [100ms] }');
  await outreach(folder, ['import', 'leads.csv']);
  const worker = await outreach(folder, ['worker', '--until-done', '--json']);
  expect(worker.code).toBe(3);
  expect(objects(worker)).toMatchObject([{ generated: 3, accepted: 1, failed: 1, uncertain: 1, deferred: 1, waiting: 0 }]);
  const list = objects(await outreach(folder, ['messages', '--json']));
  expect(list.map(({ id, state, attempts }) => [id, state, attempts])).toEqual([
    [1, 'failed', 1],
    [2, 'accepted', 2],
    [3, 'uncertain', 1],
  ]);
  const story = await json(folder, 'show', '2');
  expect(story).toMatchObject({
    attempts: [
      { outcome: 'temporary', code: 450, armed_at: null },
      { outcome: 'accepted', code: 250, sender: 'main', provider: 'smtp' },
    ],
    events: [{ kind: 'drafted' }],
  });
  const told = await outreach(folder, ['show', '3']);
  expect(told.stdout).toContain('try 1 armed: the server asked for the mail, and from here on it may be accepted');
  expect(told.stdout).toContain('outreach resolve 3 --sent|--not-sent|--resend');
  expect((await outreach(folder, ['retry', '1'])).code).toBe(1);
  expect((await outreach(folder, ['approve', '1'])).stderr).toContain('message 1 is failed, not review; nothing was done');
  expect((await outreach(folder, ['resolve', '3', '--resend'])).stderr).toContain('may still be accepted until');
  expect(await json(folder, 'resolve', '3', '--sent')).toEqual({ id: 3, state: 'accepted' });
  expect(sink.received.filter(({ taken }) => taken)).toHaveLength(2);
});

test('a killed import continues with the same command and sends nothing before it is whole', async () => {
  workspace('', '', CAMPAIGN, 40_000);
  const first = start(folder, ['import', 'leads.csv']);
  while (rowsTaken() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  first.child.kill('SIGKILL');
  await first.ended;
  expect((await outreach(folder, ['worker', '--drain'])).stdout).toContain('Job 1 waits for its import');
  expect((await outreach(folder, ['status'])).stdout).toContain('Job 1: its import is not complete, so nothing is sent.');
  expect((await outreach(folder, ['import', 'leads.csv', '--dry-run'])).stdout).toMatch(/Job 1 has taken [\d,]+ rows of this file/);
  folder.write('other.csv', csv(1));
  for (const parameters of [['leads.csv', '--rate', '20'], ['other.csv']]) {
    const refused = await outreach(folder, ['import', ...parameters, '--dry-run']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is half imported') });
    expect(refused.stderr).toContain('outreach cancel 1');
  }
  const again = await outreach(folder, ['import', 'leads.csv', '--json']);
  expect(again.stderr).toMatch(/Job 1: .*continued after [\d,]+ rows/);
  expect(objects(again)[0]).toMatchObject({ job: 1, rows: 40_000, imported: 40_000, duplicates: 0 });
  expect(sink.received).toEqual([]);
});

test('an interrupted import says how to go on, and cancel drops it', async () => {
  workspace('', '', CAMPAIGN, 60_000);
  const first = start(folder, ['import', 'leads.csv']);
  while (!first.talk().includes('Job 1')) await new Promise((resolve) => setTimeout(resolve, 10));
  first.child.kill('SIGINT');
  const { code, stderr } = await first.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('The same command continues.');
  expect(await json(folder, 'cancel', '1')).toMatchObject({ status: 'cancelled', cancelled: 0 });
  expect(await json<{ total: number }>(folder, 'jobs', '1')).toMatchObject({ total: 0 });
});

test('standard input, mapping, delimiter and a dry run', async () => {
  workspace();
  const text = 'who;where\nAnn <a@y.example>;Acme\nbroken;B\n';
  const flags = ['--map', 'email=who', '--map', 'company=where', '--json'];
  const dry = await outreach(folder, ['import', '-', '--dry-run', ...flags], {}, text);
  expect(objects(dry)[0]).toMatchObject({ job: null, rows: 2, imported: 1, invalid: 1, rejects: null });
  expect(objects(await outreach(folder, ['messages', '--json']))).toEqual([]);
  const real = objects(await outreach(folder, ['import', '-', ...flags], {}, text))[0];
  expect(real).toMatchObject({ job: 1, imported: 1, invalid: 1, rejects: folder.at('.outreach', 'rejects', 'job-1-stdin.csv') });
  expect(readdirSync(folder.at('.outreach', 'imports'))).toEqual([]);
  expect(readFileSync(folder.at('.outreach', 'rejects', 'job-1-stdin.csv'), 'utf8')).toContain('broken;B;3;not an address: broken');
});

test('of several address columns the mailed one is named', async () => {
  workspace();
  folder.write('two.csv', 'Work Email,company,Email\na@work.example,Acme,a@home.example\n');
  const { stderr } = await outreach(folder, ['import', 'two.csv']);
  expect(stderr).toContain('Addresses are those of column "Email", not of "Work Email"; choose with --map email="Column".');
  expect(objects(await outreach(folder, ['messages', '--json']))).toMatchObject([{ email: 'a@home.example' }]);
  folder.write('unsaid.csv', 'email,company,Private,email\nb@work.example,Acme,b@home.example,b@other.example\n');
  const unsaid = await outreach(folder, ['import', 'unsaid.csv']);
  expect(unsaid.stderr).toContain('Addresses are those of column "email" (column 1), not of "Private", "email" (column 4);');
  folder.write('none.csv', 'who,where\nAnn,a@none.example\n');
  const none = await outreach(folder, ['import', 'none.csv']);
  expect(none).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('none.csv:1: no column is named email, but column "where" holds addresses'),
  });
});

test('a row of a megabyte goes to the rejects, and the rows behind it are imported', async () => {
  workspace();
  folder.write('big.csv', `email,company\na@y.example,A\nb@y.example,"${'x'.repeat(1_100_000)}"\nc@y.example,C\n`);
  const tally = await json<{ rejects: string }>(folder, 'import', 'big.csv');
  expect(tally).toMatchObject({ rows: 3, imported: 2, invalid: 1 });
  expect(readFileSync(tally.rejects, 'utf8')).toContain('3,"longer than 1 MB');
});

test.each([
  [['import', 'nowhere.csv'], 2, 'there is no file nowhere.csv'],
  [['import', 'leads.csv', '--campaign', 'helo'], 2, 'did you mean hello?'],
  [['import', 'leads.csv', '--rate', 'x'], 2, '--rate x: a number of mails an hour'],
  [['import', 'leads.csv', '--mode', 'drip'], 2, 'a drip needs a rate'],
  [['import', 'leads.csv', '--at', 'soon'], 2, '--at soon is not a time'],
  [['show', '99'], 2, 'there is no message 99'],
  [['jobs', 'x'], 2, 'x is not a job id'],
  [['approve'], 2, 'say which messages'],
  [['approve', '99'], 2, 'there is no message 99'],
  [['reject', '--job', '77'], 2, 'there is no job 77'],
  [['resolve', '1'], 2, '--sent, --not-sent or --resend'],
  [['worker', '--drain', '--for', '5m'], 2, 'cannot be used with'],
  [['worker', '--concurrency', '0'], 2, '0 is not a number above 0'],
  [['stauts'], 2, 'did you mean one of stats, status?'],
  [['status', '--workspace', '/nowhere'], 2, '/nowhere holds no outreach.yaml'],
] as const)('outreach %j ends with %i and says what to do', async (parameters, code, words) => {
  workspace();
  const ended = await outreach(folder, parameters);
  expect(ended.stderr).toContain(words);
  expect(ended.code).toBe(code);
  expect(ended.stdout).toBe('');
});

test('a template that prints an unknown column is refused before the first row', async () => {
  workspace('', '', '---\nsubject: "For {{ compnay }}"\n---\nHi\n');
  const { code, stderr } = await outreach(folder, ['import', 'leads.csv']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/hello\.md:2:\d+: the leads have no column for \{\{ compnay \}\}; did you mean \{\{ company \}\}\?/);
  expect((await json<Status>(folder, 'status')).jobs).toEqual([]);
});

test('a live sender without a postal address, and a missing secret, stop the worker before it claims', async () => {
  workspace();
  folder.write('outreach.yaml', config(sink.port).replace(', postal_address: "Calle Mayor 1, 28013 Madrid, Spain"', ''));
  const imported = await outreach(folder, ['import', 'leads.csv']);
  expect(imported.stdout.trimEnd().split('\n').at(-1)).toMatch(/^Next: outreach config check {4}\(no worker starts/);
  expect(await json(folder, 'status')).toMatchObject({
    worker_refuses: expect.stringContaining('identity.postal_address'),
    jobs: [{ eta: null }],
  });
  expect((await outreach(folder, ['status'])).stdout).toMatch(
    /No worker starts: .*identity\.postal_address: missing.*Next: outreach config check/s,
  );
  const bare = await outreach(folder, ['worker', '--drain']);
  expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining('identity.postal_address: missing')]);
  folder.write('outreach.yaml', config(sink.port, 'user: ana, password: "env:NO_SUCH_SECRET"'));
  const mute = await outreach(folder, ['worker', '--drain']);
  expect([mute.code, mute.stderr]).toEqual([2, expect.stringContaining('the environment variable NO_SUCH_SECRET is not set')]);
  folder.write('.env', 'NO_SUCH_SECRET=x\n');
  expect((await outreach(folder, ['worker', '--only', 'generate', '--drain', '--env-file', '.env'])).code).toBe(0);
});

test('review: all holds every mail until it is approved; what was shown is what arrives', async () => {
  workspace('', '', CAMPAIGN.replace('---\nHi', 'review: all\n---\nHi'));
  await outreach(folder, ['import', 'leads.csv']);
  expect((await outreach(folder, ['worker', '--until-done'])).code).toBe(3);
  const shown = await json<{ text: string; state: string }>(folder, 'show', '1');
  expect(shown).toMatchObject({ state: 'review', text: expect.stringContaining('Hi Lead 0,') });
  const done = { without_draft: 0, changed: 0, voided: 0, voided_reason: null };
  expect(await json(folder, 'approve', ...(await asShown(folder, 1, 2)))).toEqual({ approved: 2, ...done });
  expect(await json(folder, 'reject', '3')).toEqual({ rejected: 1, voided: 0, voided_reason: null });
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ generated: 0, accepted: 2 });
});

test('an edited campaign voids what was approved', async () => {
  workspace('', '', CAMPAIGN.replace('---\nHi', 'review: all\n---\nHi'));
  await outreach(folder, ['import', 'leads.csv']);
  await outreach(folder, ['worker', '--until-done']);
  folder.write('campaigns/hello.md', CAMPAIGN.replace('---\nHi', 'review: all\n---\nHello'));
  expect(await json(folder, 'approve', '--all')).toEqual({
    approved: 0,
    without_draft: 0,
    changed: 0,
    voided: 3,
    voided_reason: 'the campaign changed',
  });
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ generated: 3, accepted: 0 });
  expect((await json<{ text: string }>(folder, 'show', '1')).text).toContain('Hello Lead 0,');
});

test('a broken or missing campaign holds its job back and says why', async () => {
  workspace();
  await outreach(folder, ['import', 'leads.csv']);
  rmSync(folder.at('campaigns', 'hello.md'));
  const { code, stdout } = await outreach(folder, ['worker', '--until-done']);
  expect(code).toBe(2);
  expect(stdout).toContain('Job 1 is held back: there is no campaign hello');
  expect(sink.received).toEqual([]);
});

test('pause, resume and cancel do what they say', async () => {
  workspace();
  await outreach(folder, ['import', 'leads.csv']);
  expect(await json(folder, 'pause', '1')).toEqual({ job: 1, status: 'paused' });
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ accepted: 0 });
  expect(await json(folder, 'resume', '1')).toEqual({ job: 1, status: 'pending' });
  expect(await json(folder, 'cancel', '1')).toMatchObject({ cancelled: 3 });
  expect(await json(folder, 'worker', '--until-done')).toMatchObject({ accepted: 0 });
  expect(sink.received).toEqual([]);
});

test('a drip under cron sends one mail a drain and says what that makes', async () => {
  workspace();
  await outreach(folder, ['import', 'leads.csv', '--mode', 'drip', '--rate', '20']);
  const first = await outreach(folder, ['worker', '--drain']);
  expect(first.stdout).toMatch(/3 written, 1 accepted, 2 waiting\nNext mail due: /);
  const second = await outreach(folder, ['worker', '--drain']);
  expect(second.stdout).toMatch(/0 accepted, 2 waiting/);
  const db = connect(folder.at('.outreach', 'outreach.db'));
  db.exec('update workers set started_at = started_at - 300000');
  db.close();
  const third = await outreach(folder, ['worker', '--drain']);
  // The worker's own start takes its part of the five minutes.
  expect(third.stdout).toMatch(/Job 1: a drain every 5 min gives 1[12]\.\d of the 20 mails an hour planned/);
  expect(sink.received).toHaveLength(1);
});

test('a scheduled job waits for its time, and --for ends by the clock', async () => {
  workspace();
  await outreach(folder, ['import', 'leads.csv', '--at', '2099-01-01T09:00']);
  const { code, stdout, stderr } = await outreach(folder, ['worker', '--for', '1s']);
  expect([code, stdout]).toEqual([0, '3 written, 0 accepted, 3 waiting\n']);
  expect(stderr).toContain('"gates":"scheduled","opens_at":"2099-01-01T08:00:00.000Z"');
});

test('the monthly limit stops at its number, and until-done says 4', async () => {
  workspace('', 'limits: { emails_per_month: 2 }');
  await outreach(folder, ['import', 'leads.csv']);
  const { code, stdout } = await outreach(folder, ['worker', '--until-done']);
  expect(code).toBe(4);
  expect(stdout).toContain('The monthly limit is reached');
  expect((await outreach(folder, ['status'])).stdout).toContain('Job 1 waits: monthly limit, until ');
  expect(await json<Status>(folder, 'status')).toMatchObject({
    usage: { sent: 2, limit: 2 },
    jobs: [{ states: { accepted: 2, ready: 1 } }],
  });
});

test('four workers on one database send each mail once', async () => {
  workspace('', '', CAMPAIGN, 60);
  await outreach(folder, ['import', 'leads.csv']);
  const ends = await Promise.all([1, 2, 3, 4].map(() => json<{ accepted: number }>(folder, 'worker', '--until-done')));
  expect(ends.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(60);
  expect(new Set(sink.received.map(({ to }) => to)).size).toBe(60);
  expect(sink.received).toHaveLength(60);
});

test('hostile lead data reaches neither the terminal nor the headers', async () => {
  workspace();
  folder.write('leads.csv', 'email,first_name,company\nx@y.example,\u001b]52;c;aGk=\u0007Eve,"A\r\nBcc: b@y.example\u001b[2J"\n');
  await outreach(folder, ['import', 'leads.csv']);
  const worker = await outreach(folder, ['worker', '--until-done']);
  for (const parameters of [['messages'], ['show', '1'], ['status']]) {
    const { stdout } = await outreach(folder, parameters);
    expect(stdout).not.toContain('\u001b');
  }
  expect(worker.stderr).not.toContain('\u001b');
  expect(sink.received).toHaveLength(1);
});

/** Rows that the running import has committed. */
function rowsTaken(): number {
  if (!existsSync(folder.at('.outreach', 'outreach.db'))) return 0;
  const db = connect(folder.at('.outreach', 'outreach.db'));
  try {
    return (db.prepare('select coalesce(max(rows), 0) as n from imports').all() as { n: number }[])[0]?.n ?? 0;
  } catch {
    return 0;
  } finally {
    db.close();
  }
}

test('the demo sends everything to its own server and shows rejects, a mail, the counts and what comes next', async () => {
  const { code, stdout } = await outreach(folder, ['demo', '--keep', 'kept'], { OUTREACH_WORKSPACE: '/nowhere' });
  expect(code).toBe(0);
  expect(stdout).toContain('line 13: not an address: jo(at)nowhere');
  expect(stdout).toContain('36 leads: 35 accepted, 1 failed, 0 uncertain. The server has 35 mails.');
  expect(stdout).toMatch(/Subject: A question about/);
  expect(stdout.trimEnd().split('\n').slice(-3)).toEqual([
    '  outreach init',
    '  outreach import leads.csv',
    '  outreach worker --until-done',
  ]);
  expect(readdirSync(folder.at('kept', '.outreach', 'received'))).toHaveLength(35);
});
