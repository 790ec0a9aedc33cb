import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolveMessage } from '../../src/pipeline/resolveMessage.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { columnsOf } from '../../src/terminal/columns.ts';
import { Bench } from '../support/bench.ts';
import { DashboardBench, KEYS } from '../support/dashboard.tsx';
import { csv } from '../support/program.ts';

process.env.TZ = 'UTC';

const QUARTER = 15 * 60_000;

let bench: Bench;
let dashboard: DashboardBench;

/** Five mails that nobody knows the end of, and one that is ready. */
beforeEach(async () => {
  bench = await Bench.open();
  bench.readCampaign('review: none');
  bench.folder.write(
    'outreach.yaml',
    `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1", timezone: Europe/Madrid }
database: outreach.db
senders: [{ name: main, type: smtp, from: "Ana Ruiz <ana@ruiz.example>", host: smtp.gmail.com, user: ana@ruiz.example, password: "env:X" }]
`,
  );
  await bench.import(csv(6));
  await bench.draft();
  bench.answers = Array.from(
    { length: 5 },
    () => ({ kind: 'ambiguous', code: null, reply: 'cut after the dot', progress: 'end' }) as const,
  );
  for (let mail = 0; mail < 5; mail++) {
    bench.now += 1_000;
    await sendMessage(bench.sending(), 1, bench.campaign);
  }
  dashboard = await new DashboardBench(bench).open();
});

afterEach(async () => {
  await dashboard.close();
  await bench.close();
});

async function look(): Promise<void> {
  bench.now += 1_000;
  await dashboard.dash.tick();
}

test('u lists what is uncertain, with how far the chosen mail got and where to look first', async () => {
  expect(dashboard.screen).toMatch(/5 uncertain, job 1 +u/);
  await dashboard.press('u');
  expect(dashboard.screen).toMatch(/Uncertain {2}5 ─/);
  expect(dashboard.screen).toMatch(/▸ +1 uncertain +lead0@company0.example/);
  expect(dashboard.screen).toContain('The whole mail with its end was given to the network and no answer came');
  expect(dashboard.screen).toContain('1. the Sent folder of ana@ruiz.example: Google puts there what it takes over');
  expect(dashboard.screen).toContain('the recipient, where nothing else tells');
  await dashboard.press(KEYS.enter);
  expect(dashboard.screen).toContain('Message 1 ');
  expect(dashboard.screen).toContain('given to the network and no answer came');
  await dashboard.press(KEYS.escape, KEYS.escape);
  expect(dashboard.screen).toContain('Needs you');
});

test('space marks several, and a question that names how many resolves them all', async () => {
  await dashboard.press('u', ' ', 'j', ' ');
  expect(dashboard.screen).toContain('5 · 2 marked');
  expect(dashboard.screen).toMatch(/ ● +1 uncertain/);
  await dashboard.press('s');
  expect(dashboard.screen).toContain('Count 2 marked mails as sent?  y / n');
  await dashboard.press('n');
  expect(await bench.states()).not.toContain('accepted');
  await dashboard.press('s', 'y');
  expect(dashboard.screen).toContain('2 mails counted as sent.');
  expect(await bench.states()).toEqual(['accepted', 'uncertain', 'accepted', 'uncertain', 'uncertain', 'ready']);
  expect(dashboard.screen).not.toContain('marked');
});

test('without a mark the chosen mail is meant, and a marks all or none', async () => {
  await dashboard.press('u', 'j', 'n');
  expect(dashboard.screen).toContain('Count message 2 as not sent? A retry may send it again then.');
  await dashboard.press('y');
  expect((await bench.states())[1]).toBe('failed');
  await dashboard.press('a');
  expect(dashboard.screen).toContain('4 · 4 marked');
  await dashboard.press('a');
  expect(dashboard.screen).not.toContain('· 4 marked');
  await dashboard.press('a', 'n', 'y');
  expect(await bench.states()).toEqual(['failed', 'failed', 'failed', 'failed', 'failed', 'ready']);
  expect(dashboard.screen).toContain('Nothing is uncertain.');
});

test('what was settled since it was marked is not counted, and what is not safe is left with the reason', async () => {
  await dashboard.press('u', 'a');
  await resolveMessage(bench.store, 1, 'sent', bench.now);
  await look();
  expect(dashboard.screen).toContain('4 · 4 marked');
  await dashboard.press('r');
  expect(dashboard.screen).toContain('Send 4 marked mails again?');
  await dashboard.press('y');
  expect(dashboard.screen).toContain('4 left: message 2 may still be accepted until');
  bench.now += QUARTER;
  // Settled between the picture and the answer.
  await dashboard.press('r');
  await resolveMessage(bench.store, 2, 'sent', bench.now);
  await dashboard.press('y');
  expect(dashboard.screen).toMatch(/3 mails sent again when due\. 1 left: message 2 is accepted/);
  expect(await bench.states()).toEqual(['accepted', 'accepted', 'ready', 'ready', 'ready', 'ready']);
});

test('a mail that has just come to the place of another is not judged by a key that was meant for that one', async () => {
  await dashboard.press('u');
  await resolveMessage(bench.store, 1, 'sent', bench.now);
  await look();
  expect(dashboard.screen).toMatch(/▸ +2 uncertain/);
  await dashboard.press('s');
  expect(dashboard.screen).toContain('Message 2 has just come to this place');
  bench.now += 500;
  await dashboard.press('s', 'y');
  expect((await bench.states())[1]).toBe('accepted');
});

test('a verdict is corrected where the mail is read, and its story names who gave it', async () => {
  await resolveMessage(bench.store, 1, 'sent', bench.now);
  await dashboard.press(KEYS.enter, '/', 'acc', KEYS.enter, KEYS.enter);
  expect(dashboard.screen).toContain('n it was not sent');
  await dashboard.press('n', 'y');
  expect((await bench.states())[0]).toBe('failed');
  await dashboard.press('g');
  expect(dashboard.screen).toContain('s it was sent');
  const events = await bench.store.db.selectFrom('events').select(['detail', 'actor']).where('kind', '=', 'resolved').execute();
  expect(events.map(({ detail, actor }) => [detail, actor !== null])).toEqual([
    ['sent', false],
    ['not sent', true],
  ]);
});

test('in a job u lists the uncertain mails of that job, though it is cancelled', async () => {
  const { cancel } = await import('../../src/pipeline/steerJob.ts');
  await cancel(bench.store, 1, () => bench.now);
  await look();
  await dashboard.press('u');
  expect(dashboard.screen).toContain('Nothing is uncertain.');
  await dashboard.press(KEYS.escape, KEYS.enter, 'u');
  expect(dashboard.screen).toContain('Uncertain, job 1  5');
  bench.now += QUARTER;
  await dashboard.press('r', 'y');
  expect(dashboard.screen).toContain('which is cancelled, so it is not sent again');
  await dashboard.press('s', 'y');
  expect((await bench.states())[0]).toBe('accepted');
});

test('the list fits into every terminal, with and without marks', async () => {
  await dashboard.press('u', ' ');
  for (const columns of [50, 63, 80, 120]) {
    for (const rows of [14, 24, 40]) {
      dashboard.size = { columns, rows };
      await dashboard.dash.resized();
      const lines = dashboard.screen.split('\n');
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(columnsOf(line), line).toBeLessThanOrEqual(columns);
    }
  }
});
