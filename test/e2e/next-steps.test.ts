import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Sink, startSink } from '../crash/sink.ts';
import { CAMPAIGN, config, csv, Folder, outreach } from '../support/program.ts';

let folder: Folder;
let sink: Sink;

beforeEach(async () => {
  folder = new Folder();
  sink = await startSink((to) => (to?.startsWith('lead0') ? 'rcpt 550' : undefined));
  folder.write('outreach.yaml', config(sink.port, 'daily_cap: 40, warmup: { start: 5, step: 3 }'));
  folder.write('campaigns/hello.md', CAMPAIGN);
  folder.write('leads.csv', csv(2));
});

afterEach(async () => {
  await sink.close();
  folder.remove();
});

async function says(...parameters: string[]): Promise<string> {
  const { stdout, stderr } = await outreach(folder, parameters);
  return stderr.startsWith('outreach:') ? stderr : stdout;
}

test('what cannot be retried is not told to be', async () => {
  await outreach(folder, ['import', 'leads.csv']);
  await outreach(folder, ['worker', '--until-done']);
  const nothing = 'Next: outreach suppress list    (its address is there: no retry)';
  expect(await says('show', '1')).toContain(nothing);
  expect(await says('why', '1')).toContain(nothing);
  await outreach(folder, ['suppress', 'remove', 'lead0@company0.example']);
  expect(await says('show', '1')).toContain('Next: outreach retry 1');
  expect(await says('why', '1')).toContain('Next: outreach retry 1');
  await outreach(folder, ['cancel', '1']);
  expect(await says('why', '1')).toContain('Next: outreach jobs 1    (it is cancelled: no retry)');
  expect(await says('cancel', '1')).toContain('Job 1 is cancelled: no mail was waiting.');
  expect(await says('retry')).toBe('outreach: say which messages: ids or --job ID\n  See them with: outreach messages --state failed\n');
});

test('of a paused job status and worker say how it goes on', async () => {
  await outreach(folder, ['import', 'leads.csv']);
  await outreach(folder, ['pause', '1']);
  expect(await says('status')).toContain('Next: outreach resume 1    (or outreach cancel 1)');
  expect(await says('worker', '--drain')).toContain('Job 1 is paused: outreach resume 1');
  expect(await says('senders')).toMatch(/0 of 5 +ok, warming up to 40/);
});

test('approve says that an edited campaign is the reason why nothing was approved', async () => {
  folder.write('campaigns/hello.md', CAMPAIGN.replace('---\nHi', 'review: all\n---\nHi'));
  await outreach(folder, ['import', 'leads.csv']);
  await outreach(folder, ['worker', '--until-done']);
  folder.write('campaigns/hello.md', CAMPAIGN.replace('---\nHi', 'review: all\n---\nHello'));
  expect(await says('approve', '--all')).toMatch(
    /^0 mails approved\.\nJob 1: 2 drafts in review were voided at [\d:]+: the campaign changed\. They are written anew\.\n\nNext: outreach worker\n$/,
  );
});

test.each([
  [['import'], "outreach: missing required argument 'file'\n  See: outreach import --help\n"],
  [['test'], "outreach: required option '--to <address>' not specified\n  See: outreach test --help\n"],
  [['nope'], "outreach: unknown command 'nope'\n  See: outreach --help\n"],
] as const)('outreach %j complains as every other error does, with where to look', async (parameters, words) => {
  const { code, stderr } = await outreach(folder, parameters);
  expect([code, stderr]).toEqual([2, words]);
});

test('init with an answer that does not hold leaves nothing behind', async () => {
  const { code, stderr } = await outreach(folder, ['init', 'acme', '--timezone', 'Mars']);
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/^outreach: identity\.timezone: Mars is not a time zone; .*\n {2}Nothing was made\./),
  ]);
  expect(await says('init', 'acme', '--timezone', 'Europe/Madrid')).toContain('Next: cd acme && outreach import leads.csv');
  expect(await says('status', '--workspace', 'acme')).toContain('No jobs yet.');
});

test.runIf(process.platform === 'linux')('init in a folder that takes none ends with a sentence', async () => {
  const { code, stderr } = await outreach(folder, ['init', '/proc/acme']);
  expect(code).toBe(1);
  expect(stderr).toContain('/proc/acme cannot be made: ENOENT');
});
