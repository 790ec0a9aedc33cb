import { afterEach, beforeEach, expect, test } from 'vitest';
import { CAMPAIGN, config, csv, Folder, json, outreach } from '../support/program.ts';
import { ENTER, HAS_PTY, onTerminal } from '../support/terminal.ts';

let folder: Folder;

beforeEach(async () => {
  folder = new Folder();
  folder.write('outreach.yaml', config(1));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(3));
  await outreach(folder, ['import', 'leads.csv']);
});

afterEach(() => folder.remove());

test('off a terminal the dashboard ends with 2 and points to status', async () => {
  const { code, stdout, stderr } = await outreach(folder, ['dash']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('outreach status');
});

test.skipIf(!HAS_PTY)("its times are the workspace's, wherever the machine stands", { timeout: 30_000 }, async () => {
  folder.write('outreach.yaml', config(1).replace('Europe/Madrid', 'Asia/Kolkata'));
  const dash = onTerminal(folder, ['dash']);
  const began = Date.now();
  await dash.answer('hello', 'q');
  const { screen } = await dash.ended;
  const clocks = [began, Date.now()].map((at) => new Date(at + 5.5 * 3_600_000).toISOString().slice(11, 16));
  expect(
    clocks.some((clock) => screen.includes(clock)),
    screen,
  ).toBe(true);
});

test.skipIf(!HAS_PTY)('on a terminal it shows jobs, opens one, pauses it, and gives the screen back', { timeout: 30_000 }, async () => {
  const dash = onTerminal(folder, ['dash']);
  await dash.answer('hello', ENTER);
  await dash.answer('lead2@company2.example', 'p');
  await dash.answer('paused', 'q');
  expect((await dash.ended).code).toBe(0);
  expect(await json(folder, 'status')).toMatchObject({ jobs: [{ id: 1, status: 'paused' }] });
});
