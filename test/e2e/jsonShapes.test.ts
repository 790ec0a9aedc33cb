import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SHAPES } from '../../src/commands/shapes.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { type AiServer, startAiServer } from '../support/aiServer.ts';
import { asShown, config, csv, Folder, json, objects, outreach } from '../support/program.ts';
import { shapesPage, shapesSchema } from '../support/shapesPage.ts';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const CAMPAIGN = '---\ngenerator: ai\nreview: all\nattachments: [brochure.txt]\n---\nAsk one question.\n';

let folder: Folder;
let sink: Sink;
let ai: AiServer;

/** Twenty leads by a model, with a file attached: one accepted, one refused, mails 14 and 17 uncertain, the others in review; a paused drip; a job to come. */
beforeAll(async () => {
  sink = await startSink((to) => (/^lead1[36]@/.test(to ?? '') ? 'dot drop, taken' : to?.startsWith('lead15@') ? 'rcpt 550' : undefined));
  ai = await startAiServer();
  folder = new Folder();
  const provider = `ai: { budget_usd: 5, providers: [{ name: local, base_url: "${ai.url}", model: m, price: { input: 1, output: 2 } }] }\n`;
  folder.write('outreach.yaml', config(sink.port, 'daily_cap: 40, warmup: { start: 5, step: 3 }', provider));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('campaigns/brochure.txt', 'A brochure.\n');
  folder.write('leads.csv', csv(20));
  await json(folder, 'import', 'leads.csv');
  await outreach(folder, ['worker', '--until-done', '--only', 'generate']);
  await outreach(folder, ['approve', ...(await asShown(folder, 14, 15, 16, 17))]);
  await outreach(folder, ['worker', '--drain']);
  folder.write('more.csv', 'email,company\nnew@x.example,X\nno address,Y\n');
  const { job } = await json(folder, 'import', 'more.csv', '--mode', 'drip', '--rate', '2');
  await outreach(folder, ['pause', String(job)]);
  const { message_id } = await json(folder, 'show', '17');
  folder.write('provider-log.csv', `message_id,status\n${String(message_id)},delivered\n`);
  folder.write('later.csv', 'email,company\nlater@x.example,X\n');
  await json(folder, 'import', 'later.csv', '--mode', 'scheduled', '--at', '2030-01-01T09:00');
}, 60_000);

afterAll(async () => {
  folder.remove();
  await ai.close();
  await sink.close();
});

test('what is compared is not empty: there are tries, events, files, costs, gates and days', async () => {
  expect(await json(folder, 'show', '17')).toMatchObject({
    state: 'uncertain',
    attempts: [{ outcome: 'ambiguous' }],
    attachments: [{ name: 'brochure.txt' }],
    written_by: { model: 'm' },
    events: expect.arrayContaining([expect.objectContaining({ kind: 'uncertain' })]),
  });
  const { jobs, senders } = await json<{ jobs: { waits_for: object[] }[]; senders: object[] }>(folder, 'status');
  expect([jobs.length > 2, senders.length, jobs.some(({ waits_for }) => waits_for.length > 0)]).toEqual([true, 1, true]);
  expect((await json<{ days: object[] }>(folder, 'cost')).days).toHaveLength(1);
  expect((await json<{ checks: object[] }>(folder, 'doctor')).checks.length).toBeGreaterThan(5);
});

test.each(SHAPES)('$command --json prints its shape, to the last field', async ({ command, prints, shape }) => {
  const ended = await outreach(folder, [...command.split(' '), '--json']);
  expect([0, 1, 3], ended.stderr).toContain(ended.code);
  const printed = objects(ended);
  if (prints === 'one') expect(printed).toHaveLength(1);
  else expect(printed.length).toBeGreaterThan(0);
  const validate = new Ajv2020({ allErrors: true, validateFormats: false }).compile(
    (JSON.parse(shapesSchema()) as { $defs: Record<string, object> }).$defs[command] ?? false,
  );
  for (const object of printed) {
    expect(shape.safeParse(object).error?.issues ?? []).toEqual([]);
    // The published schema says the same as the one it is made from.
    expect([validate(object), validate.errors]).toEqual([true, null]);
  }
});

test('a field that the shape does not know fails, and so does one that is missing', () => {
  for (const { shape, command } of SHAPES) {
    const [first = ''] = Object.keys(shape.shape);
    const issues = shape.safeParse({ surplus: 1 }).error?.issues ?? [];
    expect([command, issues.map(({ code }) => code)]).toEqual([command, expect.arrayContaining(['unrecognized_keys'])]);
    expect(issues.some(({ path }) => path[0] === first)).toBe(true);
  }
});

/** After a change of the shapes: npx vitest run test/e2e/jsonShapes.test.ts -u */
test('docs/json.md and docs/json.schema.json are made from the shapes', async () => {
  await expect(shapesPage()).toMatchFileSnapshot(join(DOCS, 'json.md'));
  await expect(shapesSchema()).toMatchFileSnapshot(join(DOCS, 'json.schema.json'));
});
