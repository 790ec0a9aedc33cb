import { renameSync } from 'node:fs';
import { userInfo } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { voidMessages } from '../../src/pipeline/refreshCampaign.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { openStore } from '../../src/store/database.ts';
import { moveByHand } from '../../src/store/messages.ts';
import { connect } from '../../src/store/sqlite/load.ts';
import { columnsOf, fill, wrap } from '../../src/terminal/columns.ts';
import { Bench } from '../support/bench.ts';
import { crowdedDesk, lookTime } from '../support/crowd.ts';
import { DashboardBench, KEYS } from '../support/dashboard.tsx';
import { csv, Folder, outreach } from '../support/program.ts';

process.env.TZ = 'UTC';

let bench: Bench;
let dashboard: DashboardBench;

/** Monday, 23 November 2026, 10:00 UTC. */
beforeEach(async () => {
  bench = await Bench.open();
});

afterEach(async () => {
  await dashboard?.close();
  await bench.close();
});

const ACCEPTED = { kind: 'accepted', code: 250, reply: '250 Ok' } as const;
const UNKNOWN = { kind: 'recipient_refused', code: 550, reply: '550 5.1.1 no such user' } as const;
const LOST = { kind: 'ambiguous', code: null, reply: 'the connection closed after the dot' } as const;

/** A campaign on disk, and its leads imported. */
async function campaign(leads = csv(6), front = 'send: { mode: drip, rate: 20 }'): Promise<void> {
  bench.readCampaign(front);
  bench.folder.write(
    'outreach.yaml',
    `version: 1
identity: { name: Ana Ruiz, timezone: Europe/Madrid }
database: outreach.db
senders:
  - { name: main, type: outbox, from: "Ana Ruiz <ana@ruiz.example>", daily_cap: 40, warmup: { start: 5, step: 3 }, gap: { min: 60s, max: 180s } }
limits: { emails_per_month: 500 }
`,
  );
  await bench.import(leads);
}

async function open(options?: ConstructorParameters<typeof DashboardBench>[1]): Promise<DashboardBench> {
  dashboard = new DashboardBench(bench, options);
  return dashboard.open();
}

/** Three mails are tried: one is taken, one refused, of one nobody knows. */
async function sendThree(): Promise<void> {
  await bench.draft();
  bench.answers = [ACCEPTED, UNKNOWN, LOST];
  for (let mail = 0; mail < 3; mail++) {
    bench.now += 180_000;
    await sendMessage(bench.sending(), 1, bench.campaign);
  }
}

/** Strips what sets a colour and nothing else. */
const withoutColours = (text: string) => text.split(/\p{Cc}\[[0-9;]*m/u).join('');

const pausedAt = async () => (await bench.store.db.selectFrom('jobs').select('paused_at').executeTakeFirst())?.paused_at ?? null;

test('the first screen shows jobs, senders, what needs a person, and what happened', async () => {
  await campaign();
  await sendThree();
  const { screen } = await open();
  expect(screen.replace(/outreach-test-\w+/, 'outreach-test-abcdef')).toMatchInlineSnapshot(`
    "outreach  outreach-test-abcdef    no worker  ·  2026-11: 2 of 500 used  ·  10:09
    ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█  3 tries in 24 h  ·  18 an hour now
     
    Jobs  1 ────────────────────────────────────────────────────────────────────────
       ID CAMPAIGN           PROGRESS                SENT FAIL YOU MAIL/H       LEFT
    ▸   1 hello              ███×××!!!▓▓▓▓▓▓▓▓▓▓▓▓▓▓  1/6    1   1  18/20 24 h 3 min



    Senders  last 24 h ───────────────────   Needs you ─────────────────────────────
    ● main ██████░░░░        3/5 day 1       ● 1 uncertain, job 1                  u
                                             ● no worker is running  outreach worker



    Live ───────────────────────────────────────────────────────────────────────────
    10:09:00   1 uncertain         lead2@company2.example       the connection clos…
    10:06:00   1 recipient refused lead1@company1.example       550 5.1.1 no such u…
    10:03:00   1 accepted          lead0@company0.example       250 Ok              
    10:00:00   1 drafted           lead5@company5.example                           
    10:00:00   1 drafted           lead4@company4.example                           
    10:00:00   1 drafted           lead3@company3.example                           
     
    ↑↓ move  enter open  p pause  r retry  v review  / filter  ? help  q leave"
  `);
});

test('a mail that leaves shows at the next look, and nothing is drawn when nothing changed', async () => {
  await campaign();
  await bench.draft();
  await open();
  await dashboard.dash.tick();
  await dashboard.dash.tick();
  expect(dashboard.shown).toBe(1);
  bench.now += 250;
  await sendMessage(bench.sending(), 1, bench.campaign);
  await dashboard.dash.tick();
  expect(dashboard.shown).toBe(2);
  expect(dashboard.screen).toContain('1/6');
  expect(dashboard.screen).toMatch(/accepted +lead0@company0.example/);
});

test('a job that is done sends nothing now, however much it did a moment ago', async () => {
  await campaign(csv(1));
  await bench.draft();
  bench.now += 180_000;
  await sendMessage(bench.sending(), 1, bench.campaign);
  await open();
  expect(dashboard.screen).toContain('1 try in 24 h  ·  0 an hour now');
  expect(dashboard.screen).toMatch(/hello .* 1\/1 +0 +0 +0.* done/);
  await dashboard.press(KEYS.enter);
  expect(dashboard.screen).toContain('1 try in 24 h  ·  0 an hour now');
});

test('what was kept from a moment before a change is read again a second later, and then all is still', async () => {
  await campaign(csv(2), 'review: all');
  await open();
  bench.now += 500;
  await bench.draft();
  await dashboard.dash.tick();
  expect(dashboard.screen).not.toContain('2 mails to review');
  for (let look = 0; look < 8; look++) {
    bench.now += 250;
    await dashboard.dash.tick();
  }
  expect(dashboard.screen).toContain('2 mails to review');
  const { shown } = dashboard;
  for (let look = 0; look < 8; look++) {
    bench.now += 250;
    await dashboard.dash.tick();
  }
  expect(dashboard.shown).toBe(shown);
});

test('enter opens a job, then a message with its tries, and escape leads back', async () => {
  await campaign();
  await sendThree();
  await open();
  await dashboard.press(KEYS.enter);
  expect(dashboard.screen).toMatch(/Job 1 +hello/);
  expect(dashboard.screen).toContain('3 ready · 1 accepted · 1 failed · 1 uncertain');
  // What needs a person stands first.
  expect(dashboard.screen).toMatch(/▸ +3 uncertain +lead2@company2.example/);
  await dashboard.press('j', KEYS.enter);
  expect(dashboard.screen).toContain('Message 2 ');
  expect(dashboard.screen).toMatch(/recipient refused +try 1 by main/);
  expect(dashboard.screen).toContain('550 5.1.1 no such user');
  expect(dashboard.screen).toContain('For Lead 1');
  await dashboard.press(KEYS.escape, 'h');
  expect(dashboard.screen).toContain('Needs you');
});

test('p pauses the chosen job and resumes it', async () => {
  await campaign();
  await open();
  await dashboard.press('p');
  expect(await pausedAt()).toBe(bench.now);
  expect(dashboard.screen).toContain('Job 1 is paused');
  await dashboard.press('p');
  expect(await pausedAt()).toBeNull();
});

test('a job that the program itself paused goes on only after a yes', async () => {
  await campaign();
  await sql`update jobs set paused_at = ${bench.now}, pause_reason = 'canary'`.execute(bench.store.db);
  await open();
  expect(dashboard.screen).toContain('job 1: paused, its canary bounced');
  await dashboard.press('p', 'n');
  expect(await pausedAt()).not.toBeNull();
  await dashboard.press('p', 'y');
  expect(await pausedAt()).toBeNull();
});

test('r tries the chosen failed mail again, and all failed ones of a job after a yes', async () => {
  await campaign();
  await bench.draft();
  bench.answers = [
    { ...UNKNOWN, kind: 'content_refused' },
    { ...UNKNOWN, kind: 'content_refused' },
  ];
  for (let mail = 0; mail < 2; mail++, bench.now += 180_000) await sendMessage(bench.sending(), 1, bench.campaign);
  await open();
  await dashboard.press(KEYS.enter, 'r');
  expect(dashboard.screen).toContain('1 mail will be tried again.');
  expect((await bench.states()).filter((state) => state === 'failed')).toHaveLength(1);
  await dashboard.press(KEYS.escape, 'r');
  expect(dashboard.screen).toContain('Try 1 failed mail of job 1 again?');
  await dashboard.press('y');
  expect(await bench.states()).not.toContain('failed');
});

test('v shows what waits in review with its text; a approves it and x rejects it', async () => {
  await campaign(csv(3), 'review: all');
  await bench.draft();
  await open();
  await dashboard.press('v');
  expect(dashboard.screen).toMatch(/▸ +1 review +lead0@company0.example/);
  expect(dashboard.screen).toContain('one question.');
  // A second press at once was meant for the first mail, not for one that nobody has read.
  await dashboard.press('a');
  expect(dashboard.screen).toContain('Message 1 is approved.');
  await dashboard.press('a');
  expect(await bench.states()).toEqual(['ready', 'review', 'review']);
  await dashboard.press('x', 'n');
  expect(await bench.states()).toEqual(['ready', 'review', 'review']);
  await dashboard.press('x', 'y');
  expect(await bench.states()).toEqual(['ready', 'cancelled', 'review']);
});

test('what was drafted from a campaign that has changed since is not approved', async () => {
  await campaign(csv(1), 'review: all');
  await bench.draft();
  await open();
  await dashboard.press('v');
  bench.folder.write('campaigns/hello.md', '---\nsubject: "Anew"\nreview: all\n---\nAnother text.\n');
  await dashboard.press('a');
  expect(await bench.states()).toEqual(['pending']);
});

test('the story of a mail that was approved here says by whom, and names the draft', async () => {
  await campaign(csv(1), 'review: all');
  await bench.draft();
  await open();
  await dashboard.press('v', 'a', KEYS.escape, KEYS.enter, KEYS.enter);
  const { frozen_sha256 } = await bench.store.db.selectFrom('messages').select('frozen_sha256').executeTakeFirstOrThrow();
  expect(dashboard.screen).toContain(`by ${userInfo().username}: ${frozen_sha256?.slice(0, 12)}`);
});

test('what an edit voids in review stands in the corner and above its job, until the next decision there', async () => {
  await campaign(csv(3), 'review: all');
  await bench.draft();
  await bench.store.write((tx) => voidMessages(tx, [2, 3], bench.now, 'the campaign changed'));
  await open();
  expect(dashboard.screen).toContain('job 1: 2 drafts to review voided');
  await dashboard.press(KEYS.enter);
  expect(dashboard.screen).toContain('Job 1: 2 drafts in review were voided');
  await dashboard.press('v', 'a');
  expect(dashboard.screen).toContain('Message 1 is approved. 2 other drafts of its job were voided');
  await dashboard.press(KEYS.escape);
  expect(dashboard.screen).not.toContain('voided at');
});

/** Somebody else takes a mail out of the review. */
const takeAway = (id: number, to: 'pending' | 'cancelled') =>
  bench.store.write((tx) => moveByHand(tx, [id], ['review'], to, { now: bench.now, reason: null }));

async function look(): Promise<void> {
  bench.now += 1_000;
  await dashboard.dash.tick();
}

test('the chosen mail stays chosen when others come before it, out of sight', async () => {
  await campaign(csv(12), 'review: all');
  await bench.draft();
  await takeAway(3, 'pending');
  await open();
  const { review } = dashboard.dash.picture?.layout ?? { review: 0 };
  await dashboard.press('v', ...Array.from({ length: review - 1 }, () => 'j'));
  const chosen = review + 1;
  expect(dashboard.screen).toMatch(new RegExp(`▸ +${chosen} review`));
  await bench.draft();
  await look();
  expect(dashboard.screen).toMatch(new RegExp(`▸ +${chosen} review`));
  await dashboard.press('a');
  expect(await bench.states()).toEqual(Array.from({ length: 12 }, (_, index) => (index + 1 === chosen ? 'ready' : 'review')));
});

test('what has just come to the place of another mail is not decided by a key that was meant for that one', async () => {
  await campaign(csv(3), 'review: all');
  await bench.draft();
  await open();
  await dashboard.press('v');
  await takeAway(1, 'cancelled');
  await look();
  expect(dashboard.screen).toMatch(/▸ +2 review/);
  await dashboard.press('a');
  expect(dashboard.screen).toContain('Message 2 has just come to this place');
  await dashboard.press('x');
  expect(dashboard.screen).not.toContain('Reject message');
  bench.now += 500;
  await dashboard.press('a');
  expect(await bench.states()).toEqual(['cancelled', 'ready', 'review']);
});

test('a mail that was written anew since it was shown is not approved', async () => {
  await campaign(csv(1), 'review: all');
  await bench.draft();
  await open();
  await dashboard.press('v');
  await bench.store.write((tx) => tx.updateTable('messages').set({ frozen_sha256: 'of another text' }).execute());
  await dashboard.press('a');
  expect(dashboard.screen).toContain('Message 1 was written anew or decided meanwhile');
  expect(await bench.states()).toEqual(['review']);
});

test('a draft that came after a message was shown without one is not approved', async () => {
  await campaign(csv(1), 'review: all');
  await bench.draft();
  const [{ frozen_sha256 = null } = {}] = await bench.store.db.selectFrom('messages').select('frozen_sha256').execute();
  const freeze = (sha256: string | null) => bench.store.write((tx) => tx.updateTable('messages').set({ frozen_sha256: sha256 }).execute());
  await freeze(null);
  await open();
  await dashboard.press('v');
  await freeze(frozen_sha256);
  await dashboard.press('a');
  expect(await bench.states()).toEqual(['review']);
});

test('/ filters jobs by name, and mails by state or by the beginning of an address', async () => {
  await campaign(csv(12));
  await sendThree();
  await open();
  await dashboard.press('/', 'z', 'z');
  expect(dashboard.screen).toContain('No campaign, file or number like that');
  await dashboard.press(KEYS.backspace, KEYS.backspace, 'h', 'e', 'l', KEYS.enter, KEYS.enter);
  expect(dashboard.screen).toContain('Job 1');
  await dashboard.press('/', 'acc', KEYS.enter);
  expect(dashboard.screen).toMatch(/▸ +1 accepted/);
  await dashboard.press('/', 'epted', KEYS.escape, '/', 'lead1', KEYS.enter);
  expect(dashboard.screen).toContain('Mails  3 with “lead1”');
  expect(dashboard.screen).not.toContain('lead2@');
});

test('? shows the keys, and q leaves from everywhere', async () => {
  await campaign();
  await open();
  await dashboard.press('?');
  expect(dashboard.screen).toContain('open a job, then a message with its tries');
  await dashboard.press('q');
  expect(dashboard.screen).not.toContain('open a job, then a message with its tries');
  expect(dashboard.left).toBe(false);
  await dashboard.press('?', KEYS.enter, 'q');
  expect(dashboard.left).toBe(true);
});

test('q at a question is a no', async () => {
  await campaign(csv(1), 'review: all');
  await bench.draft();
  await open();
  await dashboard.press('v', 'x');
  expect(dashboard.screen).toContain('Reject message 1?');
  await dashboard.press('q');
  expect(dashboard.screen).not.toContain('Reject message 1?');
  await dashboard.press('y');
  expect([dashboard.left, await bench.states()]).toEqual([false, ['review']]);
});

test('more addresses than can be listed are said to be more', async () => {
  await campaign(csv(120));
  await open();
  await dashboard.press(KEYS.enter, '/', 'lead', KEYS.enter);
  expect(dashboard.screen).toContain('Mails  1 of the first 100 with “lead”');
});

test('jobs that are paused need no worker', async () => {
  await campaign();
  await open();
  expect(dashboard.screen).toContain('no worker is running');
  await dashboard.press('p');
  await look();
  await look();
  expect(dashboard.screen).not.toContain('no worker is running');
});

test('keys that come in one piece all count', async () => {
  await campaign(csv(5));
  await open();
  await dashboard.press('\rjj\r');
  expect(dashboard.screen).toContain('Message 3 ');
});

test("a lead's data neither moves the cursor, nor writes the clipboard, nor breaks a row", async () => {
  const hostile = '\u001b]52;c;aGFjaw==\u0007\u001b[2J\u001b[10;10H\u202eEvil\u2066\r\u009b31m';
  await campaign(
    `email,first_name,company\n"evil@evil.example","${hostile}","x"\n"wide@wide.example","株式会社日本語の名前がとても長い会社👩‍👩‍👧","x"\n`,
    'review: all',
  );
  await bench.draft();
  await open({ colour: true });
  for (const keys of [[], [KEYS.enter], [KEYS.enter], [KEYS.escape, KEYS.escape, 'v'], ['j'], [KEYS.enter]]) {
    await dashboard.press(...keys);
    // Our own colours are all that is left to interpret.
    expect(withoutColours(dashboard.screen).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    for (const line of dashboard.screen.split('\n')) expect(columnsOf(stripVTControlCharacters(line))).toBeLessThanOrEqual(80);
  }
  expect(dashboard.screen).toContain('株式会社');
});

test('what nobody sees in a text to be approved is shown by its number, and its subject, names and files are shown whole', async () => {
  const company = `${'Harbour '.repeat(25)}end`;
  const file = `${'offer-'.repeat(15)}.exe`;
  bench.folder.write(`campaigns/${file}`, 'x');
  await campaign(
    `email,first_name,last_name,company\ngrace@harbour.example,Gr\u200bace,Hop\u202eper,${company}\n`,
    `review: all\nattachments: [${file}]`,
  );
  bench.campaign = { ...bench.campaign, subject: 'For {{ company }}', body: 'Hi {{ first_name }},\n\nsee\u202e {{ company }}\u200b.\n' };
  await bench.draft();
  await open();
  dashboard.size = { columns: 120, rows: 60 };
  await dashboard.dash.resized();
  await dashboard.press('v');
  const shown = withoutColours(dashboard.screen).replace(/\s+/g, ' ');
  expect(shown).toContain('to Grace Hopper <grace@harbour.example>');
  expect(shown).toContain(`For ${company}`);
  expect(shown).toContain('see⟨U+202E⟩ Harbour');
  expect(shown).toContain('end⟨U+200B⟩.');
  expect(shown).toContain(file);
});

test('every screen fits into every terminal', async () => {
  await campaign(csv(40), 'review: all');
  await bench.draft(1, 30);
  await open();
  for (const columns of [20, 50, 63, 80, 99]) {
    for (const rows of [5, 14, 19, 24, 40]) {
      dashboard.size = { columns, rows };
      for (const keys of [[], [KEYS.enter], [KEYS.enter], [KEYS.escape, KEYS.escape, 'v'], [KEYS.escape, '?'], ['?']]) {
        await dashboard.press(...keys);
        await dashboard.dash.resized();
        const lines = dashboard.screen.split('\n');
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) expect(columnsOf(line), line).toBeLessThanOrEqual(columns);
      }
    }
  }
});

test('where the terminal shows no Unicode, nothing else is drawn', async () => {
  await campaign();
  await sendThree();
  await open({ unicode: false });
  expect(dashboard.screen).toMatch(/^[\n -~]*$/);
});

test('a database that is gone is said, and shown again when it is back; another one in its place is opened', async () => {
  await campaign();
  await open();
  const path = bench.folder.at('outreach.db');
  const move = (from: string, to: string) => {
    for (const part of ['', '-wal', '-shm']) renameSync(`${from}${part}`, `${to}${part}`);
  };
  move(path, `${path}.away`);
  bench.now += 2_000;
  await dashboard.dash.tick();
  expect(dashboard.screen).toContain('Trying again: there is no database at');
  expect(dashboard.screen).toContain('0/6');
  await (await openStore(path)).close();
  // A database of its own, without a lead.
  bench.now += 2_000;
  await dashboard.dash.tick();
  expect(dashboard.screen).toContain('None yet');
  move(`${path}.away`, path);
  bench.now += 2_000;
  await dashboard.dash.tick();
  expect(dashboard.screen).not.toContain('Trying again');
  expect(dashboard.screen).toContain('0/6');
});

test('a database that another program holds is waited for', async () => {
  await campaign();
  await bench.store.close();
  const other = connect(bench.folder.at('outreach.db'));
  other.pragma('locking_mode = EXCLUSIVE');
  other.exec('begin exclusive');
  await open();
  expect(dashboard.screen).toContain('another program holds the database');
  other.exec('commit');
  other.close();
  bench.now += 2_000;
  await dashboard.dash.tick();
  expect(dashboard.screen).toContain('0/6');
  await bench.reopen();
});

test('what a picture reads does not grow with messages and jobs', async () => {
  const folder = new Folder();
  const desk = await crowdedDesk(folder, { jobs: 500, messages: 20_000, now: bench.now });
  try {
    expect(await lookTime(desk, bench.now)).toBeLessThan(10);
  } finally {
    await desk.close();
    folder.remove();
  }
});

test('texts are cut, filled and broken by the columns they take', () => {
  expect(fill('日本語', 5)).toBe('日本…');
  expect(columnsOf(fill('日本語', 4))).toBe(4);
  expect(fill('e\u0301a', 3, 'right')).toBe(' e\u0301a');
  expect(fill('ab', 0)).toBe('');
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('abcdefgh\n\nx', 3)).toEqual(['abc', 'def', 'gh', '', 'x']);
});

test('off a terminal it exits 2 and points to status', async () => {
  const ended = await outreach(bench.folder, ['dash']);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('outreach status');
  expect(ended.stdout).toBe('');
});
