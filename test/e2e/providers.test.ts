import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Status } from '../../src/app/status.ts';
import { type Sink, startSink } from '../crash/sink.ts';
import { type HttpFault, type MailProvider, startMailProvider } from '../support/mailProvider.ts';
import { CAMPAIGN, csv, Folder, json, objects, outreach } from '../support/program.ts';

let folder: Folder;
let sink: Sink;
let provider: MailProvider;
let faultFor: (to: string | undefined) => HttpFault | undefined;

const ENV = { KEY: 'SG.very-secret' };

beforeEach(async () => {
  folder = new Folder();
  faultFor = () => undefined;
  sink = await startSink(() => undefined);
  provider = await startMailProvider((to) => faultFor(to));
});

afterEach(async () => {
  await provider.close();
  await sink.close();
  folder.remove();
});

async function workspace(types: readonly ('smtp' | 'sendgrid' | 'resend')[], leads = 3): Promise<void> {
  const ways = { smtp: `host: 127.0.0.1, port: ${sink.port}, security: none`, http: `base_url: "${provider.url}", api_key: "env:KEY"` };
  const senders = types.map(
    (type) => `  - { name: ${type}, type: ${type}, from: "Ana Ruiz <ana@ruiz.example>", ${type === 'smtp' ? ways.smtp : ways.http} }`,
  );
  folder.write(
    'outreach.yaml',
    `version: 1\nidentity: { name: Ana Ruiz, postal_address: "Calle Mayor 1, Madrid", timezone: Europe/Madrid }\nsenders:\n${senders.join('\n')}\n`,
  );
  folder.write('campaigns/hello.md', CAMPAIGN.replace('---\n', `---\nsenders: [${types.join(', ')}]\n`));
  folder.write('leads.csv', csv(leads));
  await outreach(folder, ['import', 'leads.csv']);
}

const worker = (...parameters: string[]) => outreach(folder, ['worker', ...parameters, '--json'], ENV);

/** Everything the program has left on disk. */
function onDisk(): string {
  const files = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'latin1')).join('\n');
}

test.each(['sendgrid', 'resend'] as const)('%s takes every mail, and its key stands nowhere', async (type) => {
  await workspace([type]);
  const ended = await worker('--until-done');
  expect(objects(ended)).toMatchObject([{ accepted: 3, failed: 0, uncertain: 0 }]);
  expect(provider.requests.map(({ to }) => to).sort()).toEqual([
    'lead0@company0.example',
    'lead1@company1.example',
    'lead2@company2.example',
  ]);
  expect(onDisk() + ended.stdout + ended.stderr).not.toContain(ENV.KEY);
});

test('a key that is refused stops the sender, the next one takes over, and status says what to do', async () => {
  await workspace(['sendgrid', 'smtp']);
  faultFor = (to) => (to === undefined ? undefined : '401');
  expect(objects(await worker('--until-done'))).toMatchObject([{ accepted: 3 }]);
  expect(sink.received).toHaveLength(3);
  // One a lane at the most: those that were on their way when the first was refused.
  expect(provider.requests.length).toBeLessThanOrEqual(4);
  const { senders } = await json<Status>(folder, 'status');
  expect(senders[0]).toMatchObject({ name: 'sendgrid', stopped_at: expect.any(String), reason: expect.stringContaining('401') });
  expect((await outreach(folder, ['status'])).stdout).toContain('Next: outreach senders resume sendgrid');
});

test('with nothing but a stopped sender left, a worker that was to finish says so and ends with 1', async () => {
  await workspace(['resend']);
  faultFor = (to) => (to === undefined ? undefined : '403');
  const ended = await outreach(folder, ['worker', '--until-done'], ENV);
  expect(ended.code).toBe(1);
  expect(ended.stdout).toContain('Job 1 waits for its sender, which was stopped: outreach senders');
  faultFor = () => undefined;
  expect((await outreach(folder, ['senders', 'resume', 'resend'])).code).toBe(0);
  expect(objects(await worker('--until-done'))).toMatchObject([{ accepted: 3 }]);
});

test('what became uncertain on the wire goes by no other sender', async () => {
  await workspace(['sendgrid', 'smtp']);
  faultFor = (to) => (to === 'lead1@company1.example' ? 'reset after the request, not taken' : undefined);
  const ended = await worker('--until-done');
  expect(ended.code).toBe(3);
  expect(objects(ended)).toMatchObject([{ accepted: 2, uncertain: 1 }]);
  expect(sink.received).toEqual([]);
  const [message] = objects(await outreach(folder, ['messages', '--state', 'uncertain', '--json']));
  expect(message).toMatchObject({ email: 'lead1@company1.example', sender: 'sendgrid' });
});
