import { afterEach, beforeEach, expect, test } from 'vitest';
import { CAMPAIGN, csv, Folder, outreach } from '../support/program.ts';

let folder: Folder;

const CONFIG = `version: 1
identity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, 28013 Madrid, Spain", timezone: Europe/Madrid }
senders:
  - { name: main, type: outbox, from: "Ana Ruiz <ana@ruiz.example>", daily_cap: 5, warmup: { start: 2, step: 1 } }
`;

beforeEach(() => {
  folder = new Folder();
  folder.write('outreach.yaml', CONFIG);
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(20));
});

afterEach(() => folder.remove());

const json = async (parameters: string[]) => JSON.parse((await outreach(folder, [...parameters, '--json'])).stdout);

test('plan tells the mails of each day, and what is left', async () => {
  await outreach(folder, ['import', 'leads.csv']);
  const plan = await json(['plan', '--until', '4d']);
  expect(plan.days.map(({ total }: { total: number }) => total).slice(0, 4)).toEqual([2, 3, 4, 5]);
  expect(plan.jobs).toMatchObject([{ id: 1, campaign: 'hello', ends_at: null, held_by: [] }]);
  expect(plan.jobs[0].mails + plan.jobs[0].left).toBe(20);
  const { stdout } = await outreach(folder, ['plan', '--until', '4d']);
  expect(stdout).toMatch(/^DAY +1 hello +ALL\n/);
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^Next: outreach why EMAIL/);
});

test('plan of nothing, of a paused job, and until a time that is none', async () => {
  expect((await outreach(folder, ['plan'])).stdout).toContain('Nothing waits.');
  await outreach(folder, ['import', 'leads.csv']);
  await outreach(folder, ['pause', '1']);
  expect((await outreach(folder, ['plan'])).stdout).toContain('Job 1 (hello): 20 mails held by paused');
  const wrong = await outreach(folder, ['plan', '--until', 'someday']);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--until someday is no time; write friday') });
});

test('plan says first what keeps every mail back, and how to mend it', async () => {
  await outreach(folder, ['import', 'leads.csv']);
  folder.write(
    'outreach.yaml',
    CONFIG.replace(/postal_address: "[^"]*", /, '').replace('type: outbox', 'type: smtp, host: 127.0.0.1, security: none'),
  );
  expect(await json(['plan'])).toMatchObject({ refuses: null, worker_refuses: expect.stringContaining('identity.postal_address') });
  const { stdout } = await outreach(folder, ['plan']);
  expect(stdout).toMatch(/^No worker starts: .*identity\.postal_address.*\.\nOnce that is mended:\n\nDAY /);
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^Next: outreach config check/);
});

test('why names the gate that is shut and when it leaves, by address and by id', async () => {
  await outreach(folder, ['import', 'leads.csv']);
  await outreach(folder, ['worker', '--drain']);
  const found = await json(['why', 'LEAD2@company2.example']);
  expect(found).toMatchObject({ id: 3, state: 'ready', before: 0, waits_for: [{ gate: 'sender cap', of: 'sender', name: 'main' }] });
  expect(found.expected_at).toBe(found.waits_for[0].opens_at);
  const { stdout } = await outreach(folder, ['why', '1']);
  expect(stdout).toContain('Message 1 to lead0@company0.example (job 1, hello): accepted\nIt has left; its provider took it.');
  await outreach(folder, ['senders', 'stop', 'main']);
  const stopped = (await outreach(folder, ['why', '5'])).stdout;
  expect(stopped).toContain('sender stopped (main)');
  expect(stopped.trimEnd().split('\n').at(-1)).toBe('Next: outreach senders resume main');
});

test('why of somebody unknown, and of nonsense, says what to do', async () => {
  await outreach(folder, ['import', 'leads.csv']);
  expect(await outreach(folder, ['why', 'nobody@nowhere.example'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no mail to'),
  });
  expect(await outreach(folder, ['why', '99'])).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no message 99') });
  expect(await outreach(folder, ['why', 'x@'])).toMatchObject({ code: 2 });
});
