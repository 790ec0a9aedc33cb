import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from '../../src/store/sqlite/load.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, json, objects, outreach, start } from '../support/program.ts';
import { HAS_PTY, onTerminal } from '../support/terminal.ts';

let folder: Folder;
let sink: Sink;

/** Lead 1's mailbox is unknown, and after lead 2's mail the line breaks. */
beforeEach(async () => {
  folder = new Folder();
  sink = await startSink((to) => (to?.startsWith('lead1@') ? 'rcpt 550' : to?.startsWith('lead2@') ? 'dot drop, taken' : undefined));
  folder.write('outreach.yaml', config(sink.port));
  folder.write('campaigns/hello.md', CAMPAIGN);
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

const DATABASE = ['.outreach', 'outreach.db'];

async function sent(leads = csv(3)): Promise<void> {
  folder.write('leads.csv', leads);
  await json(folder, 'import', 'leads.csv');
  await json(folder, 'worker', '--until-done');
}

interface Entry {
  readonly at: string;
  readonly message: number;
  readonly email: string;
  readonly kind: string;
  readonly sender: string | null;
  readonly detail: string | null;
}

async function entries(...parameters: string[]): Promise<Entry[]> {
  return objects<Entry>(await outreach(folder, ['log', '--json', ...parameters]));
}

function note(kind: string, detail: string | null, at = Date.now(), database = folder.at(...DATABASE)): void {
  const db = connect(database, { timeout: 5_000 });
  db.prepare('insert into events (message_id, at, kind, detail) values (1, ?, ?, ?)').run(at, kind, detail);
  db.close();
}

test('what was written, sent, refused and is uncertain stands in the order of time, each once, with its sender', async () => {
  await sent();
  const all = await entries();
  const of = (id: number) => all.filter(({ message }) => message === id).map(({ kind, sender }) => [kind, sender]);
  expect(of(1)).toEqual([
    ['drafted', null],
    ['accepted', 'main'],
  ]);
  expect(of(2)).toEqual([
    ['drafted', null],
    ['recipient_refused', 'main'],
  ]);
  expect(of(3)).toEqual([
    ['drafted', null],
    ['uncertain', 'main'],
  ]);
  expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort());
  expect(all.find(({ message, kind }) => message === 1 && kind === 'accepted')).toMatchObject({
    at: expect.stringMatching(/Z$/),
    job: 1,
    campaign: 'hello',
    email: 'lead0@company0.example',
    provider: 'smtp',
    code: 250,
  });
  await outreach(folder, ['resolve', '3', '--sent']);
  expect((await entries()).at(-1)).toMatchObject({ message: 3, kind: 'resolved' });
});

test('job, address, time and number choose; the newest is last', async () => {
  await sent();
  await sent('email,company\nnew@x.example,X\n');
  expect((await entries('--job', '2')).map(({ email, kind }) => [email, kind])).toEqual([
    ['new@x.example', 'drafted'],
    ['new@x.example', 'accepted'],
  ]);
  expect((await entries('--email', 'LEAD0@company0.example')).map(({ kind }) => kind)).toEqual(['drafted', 'accepted']);
  expect((await entries('--limit', '1')).map(({ email, kind }) => [email, kind])).toEqual([['new@x.example', 'accepted']]);
  expect((await entries('--job', '1', '--limit', '2')).length).toBe(2);
  expect((await entries('--since', '1h')).length).toBe(8);
  expect(await entries('--since', '2999-01-01')).toEqual([]);
  const wrong = await outreach(folder, ['log', '--job', '9']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('there is no job 9')]);
});

test('the order is that of time, though attempts end in another one than they begin', async () => {
  await sent(csv(1));
  note('approved', null, Date.now() + 60_000);
  note('rejected', null, Date.now() - 60_000);
  expect((await entries()).map(({ kind }) => kind)).toEqual(['rejected', 'drafted', 'accepted', 'approved']);
});

test("people read lines in the workspace's zone, and no word of a lead or server moves their cursor", async () => {
  await sent(csv(1));
  note('held', 'no\u001b[2J\r\nfake line\u202e', Date.UTC(2030, 0, 2, 12, 0, 0));
  const { stdout } = await outreach(folder, ['log'], { TZ: 'Asia/Tokyo' });
  expect(stdout).toContain('2030-01-02 13:00:00       1  held               lead0@company0.example  no fake line⟨U+202E⟩\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is what is tested
  expect(stdout).not.toMatch(/[\u001b\r\u202e]/);
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^Next: outreach show ID/);
});

test('before anything has happened it says so', async () => {
  folder.write('leads.csv', csv(1));
  await json(folder, 'import', 'leads.csv');
  expect((await outreach(folder, ['log'])).stdout).toMatch(/^Nothing has happened yet[\s\S]*Next: /);
});

function follow(...parameters: string[]) {
  const { child, ended, talk } = start(folder, ['log', '--follow', '--json', ...parameters]);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const seen = () => objects<Entry>({ code: null, stdout: text.slice(0, text.lastIndexOf('\n') + 1), stderr: '' });
  const until = (kinds: string[]) => vi.waitFor(() => expect(seen().map(({ kind }) => kind)).toEqual(kinds), { timeout: 20_000 });
  const says = (sentence: string) => vi.waitFor(() => expect(talk()).toContain(sentence), { timeout: 20_000 });
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    child.kill(signal);
    return (await ended).code;
  };
  return { seen, until, says, stop };
}

test('--follow goes on with each thing as it is committed, sends included, until Ctrl-C', async () => {
  await sent(csv(1));
  const following = follow('--limit', '1');
  await following.until(['accepted']);
  note('approved', null);
  await following.until(['accepted', 'approved']);
  await sent('email,company\nnew@x.example,X\n');
  await following.until(['accepted', 'approved', 'drafted', 'accepted']);
  expect(await following.stop()).toBe(0);
});

test('an attempt that was on its way when following began is told when it ends', async () => {
  await sent(csv(1));
  const db = connect(folder.at(...DATABASE));
  const [trigger] = db.prepare("select sql from sqlite_master where name = 'messages_final'").all() as { sql: string }[];
  db.exec(`update attempts set finished_at = null, outcome = null;
    drop trigger messages_final; update messages set state = 'sending', worker_id = 'w', deadline_at = 1, attempt_id = 1; ${trigger?.sql}`);
  const following = follow();
  await following.until(['drafted']);
  db.exec(`update attempts set finished_at = ${Date.now()}, outcome = 'temporary'`);
  await following.until(['drafted', 'temporary']);
  db.close();
  expect(await following.stop('SIGTERM')).toBe(0);
});

test('a late reply is told to a follower as the log tells it, and what was uncertain keeps its sender', async () => {
  await sent(csv(1));
  const db = connect(folder.at(...DATABASE));
  const at = Date.now();
  db.exec(`update attempts set started_at = ${at}, finished_at = ${at + 1}, outcome = 'ambiguous'`);
  note('uncertain', 'worker died', at + 1);
  const following = follow();
  await following.until(['drafted', 'uncertain']);
  db.exec(`begin; update attempts set finished_at = ${at + 900}, outcome = 'accepted', reply = '250 ok';
    insert into events (message_id, at, kind, detail) values (1, ${at + 900}, 'late reply', '250 ok'); commit`);
  db.close();
  await following.until(['drafted', 'uncertain', 'accepted', 'late reply']);
  expect(following.seen().slice(1)).toEqual((await entries()).slice(1));
  expect(following.seen().map(({ sender }) => sender)).toEqual([null, 'main', 'main', 'main']);
  expect(await following.stop()).toBe(0);
});

test.runIf(HAS_PTY)('the newest fifty are only called the newest where there are more', async () => {
  await sent(csv(1));
  const short = async () => (await onTerminal(folder, ['log']).ended).screen;
  for (let n = 0; n < 48; n++) note('updated', null);
  expect(await short()).not.toContain('Only the newest');
  note('updated', null);
  const long = await short();
  expect(long).toContain('Only the newest 50');
  expect([long.includes('drafted'), long.split('updated').length]).toEqual([false, 50]);
});

test('--follow keeps to its address', async () => {
  await sent(csv(1));
  const following = follow('--email', 'New@x.example');
  await following.says('Following');
  await sent('email,company\nnew@x.example,X\nother@x.example,X\n');
  await following.until(['drafted', 'accepted']);
  expect(following.seen().map(({ email }) => email)).toEqual(['new@x.example', 'new@x.example']);
  expect(await following.stop()).toBe(0);
});

test('--follow outlives a database that goes away, comes back locked, and is another one', async () => {
  await sent(csv(1));
  const following = follow();
  await following.until(['drafted', 'accepted']);
  const [data, old] = [folder.at('.outreach'), folder.at('old')];
  renameSync(data, old);
  await following.says('The database is gone; trying again');
  mkdirSync(data);
  const checkpointed = connect(`${old}/outreach.db`);
  checkpointed.pragma('wal_checkpoint(truncate)');
  copyFileSync(`${old}/outreach.db`, `${data}/copy`);
  checkpointed.close();
  const locked = connect(`${data}/copy`);
  locked.pragma('locking_mode = exclusive');
  locked.exec('begin exclusive');
  renameSync(`${data}/copy`, folder.at(...DATABASE));
  await following.says('Another program holds the database; trying again');
  locked.exec('commit');
  locked.close();
  await following.says('The database was replaced');
  note('bounced', null);
  // What the copy has from before is not told twice.
  await following.until(['drafted', 'accepted', 'bounced']);
  expect(await following.stop()).toBe(0);
});
