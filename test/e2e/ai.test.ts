import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Status } from '../../src/app/status.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { type AiFault, type AiServer, startAiServer } from '../support/aiServer.ts';
import { config, csv, Folder, json, objects, outreach, start } from '../support/program.ts';

let folder: Folder;
let sink: Sink;
let ai: AiServer;
let faultFor: (email: string, turn: number) => AiFault | undefined;
let answerAfter = 0;

beforeEach(async () => {
  folder = new Folder();
  faultFor = () => undefined;
  answerAfter = 0;
  sink = await startSink(() => undefined);
});

afterEach(async () => {
  await ai.close();
  await sink.close();
  folder.remove();
});

async function workspace(leads: number, settings = '', front = 'review: none\n'): Promise<void> {
  ai = await startAiServer((email, turn) => faultFor(email, turn), answerAfter);
  const provider = `{ name: local, base_url: "${ai.url}", model: writer-1, api_key: "env:AI_KEY", price: { input: 1, output: 2 } }`;
  folder.write('outreach.yaml', config(sink.port, '', `ai:\n  providers: [${provider}]\n${settings}`));
  folder.write('campaigns/hello.md', `---\ngenerator: ai\n${front}---\nAsk one question about their work.\n`);
  folder.write('leads.csv', csv(leads));
  await outreach(folder, ['import', 'leads.csv']);
}

const ENV = { AI_KEY: 'sk-very-secret' };

test('import, preview, estimate, generate, worker, cost: every lead gets a text that was paid for once', async () => {
  await workspace(4);
  const previews = objects(await outreach(folder, ['preview', '--limit', '2', '--json'], ENV));
  expect(previews).toMatchObject([
    { email: 'lead0@company0.example', subject: 'For lead0@company0.example', model: 'writer-1', cost_usd: 0.0006 },
    { email: 'lead1@company1.example' },
  ]);
  expect(await json(folder, 'estimate')).toMatchObject({ mails: 4, model: 'writer-1', measured_calls: 2, usd: 0.0024 });
  expect(objects(await outreach(folder, ['generate', '--limit', '3', '--json'], ENV))).toEqual([
    { generated: 3, held: 0, waiting: 1, cost_usd: 0.0006 },
  ]);
  expect(objects(await outreach(folder, ['worker', '--until-done', '--json'], ENV))).toMatchObject([{ generated: 1, accepted: 4 }]);
  expect(sink.received).toHaveLength(4);
  expect(ai.calls).toHaveLength(4);
  expect(await json(folder, 'cost')).toMatchObject({
    total_usd: 0.0024,
    jobs: [{ job: 1, campaign: 'hello', calls: 4, usd: 0.0024 }],
    models: [{ provider: 'local', model: 'writer-1' }],
    days: [{ calls: 4 }],
  });
  expect(await json(folder, 'show', '1')).toMatchObject({
    written_by: { provider: 'local', model: 'writer-1', calls: 1, cost_usd: 0.0006 },
  });
});

test('a budget that is used up ends the writing with 4, and what was written is sent', async () => {
  await workspace(18);
  folder.write(
    'outreach.yaml',
    config(
      sink.port,
      '',
      `ai:\n  budget_usd: 0.01\n  max_output_tokens: 500\n  providers: [{ name: local, base_url: "${ai.url}", model: writer-1, price: { input: 1, output: 2 } }]\n`,
    ),
  );
  const ended = await outreach(folder, ['worker', '--until-done'], ENV);
  expect(ended.code).toBe(4);
  expect(ended.stdout).toContain("of the job's $0.010 (ai.budget_usd) is spent");
  const status = await json<Status>(folder, 'status');
  expect(status.jobs[0]?.states.accepted).toBe(ai.calls.length);
  expect(status.jobs[0]?.states.pending).toBe(18 - ai.calls.length);
  expect(status.jobs[0]?.writing).toMatchObject({ budget_usd: 0.01, budget_reached: true });
  expect((status.jobs[0]?.writing?.spent_usd ?? 1) <= 0.01).toBe(true);
  expect((await outreach(folder, ['status'])).stdout).toContain('of ai.budget_usd is spent; nothing more is written.');
});

test('a refused key ends the writing with 1, is named, and never shown', async () => {
  await workspace(2);
  faultFor = () => '401';
  const ended = await outreach(folder, ['worker', '--until-done'], ENV);
  expect(ended.code).toBe(1);
  expect(ended.stdout).toContain('Job 1 waits for its texts: local: the key env:AI_KEY is refused (401)');
  expect(ended.stdout + ended.stderr).not.toContain(ENV.AI_KEY);
  expect((await json<Status>(folder, 'status')).jobs[0]?.states.pending).toBe(2);
});

test('a missing key stops the worker before it claims; sending alone does not need it', async () => {
  await workspace(1);
  const ended = await outreach(folder, ['worker', '--drain']);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('ai provider local: the environment variable AI_KEY is not set');
  expect((await outreach(folder, ['worker', '--drain', '--only', 'send'])).code).toBe(0);
});

test("a lead's own failure waits for a person while the others go out; --again asks anew", async () => {
  await workspace(3);
  faultFor = (email, turn) => (email.startsWith('lead1') && turn === 1 ? 'refusal' : undefined);
  const ended = await outreach(folder, ['worker', '--until-done'], ENV);
  expect(ended.code).toBe(3);
  expect(sink.received.map(({ to }) => to).sort()).toEqual(['lead0@company0.example', 'lead2@company2.example']);
  const again = await outreach(folder, ['generate', '--lead', 'lead1@company1.example', '--again'], ENV);
  expect(again.stdout).toContain('1 written; cost $0.00060');
  expect((await outreach(folder, ['worker', '--until-done'], ENV)).code).toBe(0);
  expect(sink.received).toHaveLength(3);
});

test('a provider that is down rests the stage; the worker goes on by itself when it is back', async () => {
  await workspace(2);
  faultFor = (_, turn) => (turn === 1 ? '500' : undefined);
  const ended = await outreach(folder, ['worker', '--until-done', '--json'], ENV);
  expect(objects(ended)).toMatchObject([{ generated: 2, accepted: 2 }]);
  expect(ended.stderr).toContain('no AI provider can write now; the leads wait');
});

test('an interrupted generate ends with 130, loses nothing and resumes', async () => {
  answerAfter = 150;
  await workspace(12);
  const first = start(folder, ['generate'], ENV);
  while (ai.calls.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  first.child.kill('SIGINT');
  expect((await first.ended).code).toBe(130);
  const asked = ai.calls.length;
  expect(asked).toBeLessThan(12);
  expect((await outreach(folder, ['generate'], ENV)).code).toBe(0);
  expect(ai.calls).toHaveLength(12);
});

test('--limit ends although a lead came back on the way', async () => {
  await workspace(4);
  faultFor = (email, turn) => (email.startsWith('lead0') && turn === 1 ? '500' : undefined);
  const ended = await outreach(folder, ['generate', '--limit', '3', '--json'], ENV);
  expect(objects(ended)).toMatchObject([{ generated: 3, waiting: 1 }]);
});

test('a key with a line break is refused before any call, and not shown', async () => {
  await workspace(1);
  const ended = await outreach(folder, ['worker', '--drain'], { AI_KEY: 'sk-first\nsk-second' });
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('env:AI_KEY holds characters that no key has');
  expect(ended.stderr).not.toContain('sk-');
});

test('--again drops nothing where nothing can be written', async () => {
  await workspace(1);
  await outreach(folder, ['generate'], ENV);
  await outreach(folder, ['pause', '1']);
  const ended = await outreach(folder, ['generate', '--lead', 'lead0@company0.example', '--again'], ENV);
  expect(ended.code).toBe(1);
  expect(await json(folder, 'show', '1')).toMatchObject({ state: 'ready' });
});

test.each([
  [['generate', '--again'], '--again goes with --lead'],
  [['generate', '--lead', 'nobody@x.example'], 'there is no lead nobody@x.example'],
  [['generate', '--job', '7'], 'job 7 has nothing to write'],
  [['generate', '--limit', '0'], '0 is not a number above 0'],
  [['preview', 'helo'], 'did you mean hello?'],
  [['estimate', 'helo'], 'did you mean hello?'],
] as const)('outreach %j is refused with a sentence', async (parameters, words) => {
  await workspace(1);
  const ended = await outreach(folder, parameters, ENV);
  expect(ended.stderr).toContain(words);
  expect(ended.code).toBe(2);
});
