import { userInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asShown, csv, Folder, json, objects, outreach } from '../support/program.ts';
import { CTRL_C, ENTER, HAS_PTY, onTerminal } from '../support/terminal.ts';

let folder: Folder;

beforeEach(async () => {
  folder = new Folder();
  folder.write(
    'outreach.yaml',
    'version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\nsenders: [{ name: main, type: outbox, from: "Ana Ruiz <ana@ruiz.example>" }]\n',
  );
  campaign('Hi {{ first_name }},\n\none question.\n');
  folder.write('leads.csv', `${csv(3)}held@lacks.example,Held,\n`);
  await outreach(folder, ['import', 'leads.csv']);
  await outreach(folder, ['worker', '--only', 'generate', '--until-done']);
});

afterEach(() => folder.remove());

function campaign(body: string, front = 'review: all\n'): void {
  folder.write('campaigns/hello.md', `---\nsubject: "For {{ company }}"\n${front}---\n${body}`);
}

async function states(): Promise<string[]> {
  return objects<{ id: number; state: string }>(await outreach(folder, ['messages', '--json'])).map(({ state }) => state);
}

async function said(...parameters: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await outreach(folder, parameters);
  return { code, stdout, stderr };
}

interface Story {
  readonly hash: string | null;
  readonly events: readonly object[];
}

/** The hash of the list that `messages` shows with these flags, as it prints it. */
async function listOf(...flags: string[]): Promise<string> {
  const { stdout } = await outreach(folder, ['messages', '--state', 'review', ...flags]);
  const [, command = ''] = /^Once you have read .*: outreach (.*)$/m.exec(stdout) ?? [];
  return command.split(' ').at(-1) ?? '';
}

test('a bare id elsewhere than on a terminal approves nothing, and is told the form to use', async () => {
  expect(await said('approve', '1')).toEqual({
    code: 2,
    stdout: '',
    stderr: `outreach: message 1: say which draft you have read, for there is no terminal to show it on
  Read it: outreach show 1
  Then, with the hash that it prints: outreach approve 1@HASH
`,
  });
  expect(await states()).toEqual(['review', 'review', 'review', 'review']);
});

test('show and messages print the hash that approve takes, eight digits or more of it, and the story says who approved what', async () => {
  const story = await json<Story>(folder, 'show', '1');
  const hash = story.hash ?? '';
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect((await outreach(folder, ['show', '1'])).stdout).toContain(`Next: outreach approve 1@${hash.slice(0, 12)}    or`);
  expect((await outreach(folder, ['messages', '--state', 'review'])).stdout).toMatch(new RegExp(`^1 .* ${hash.slice(0, 12)} `, 'm'));
  expect(await said('approve', `1@${hash.slice(0, 7)}`)).toMatchObject({ code: 2, stderr: expect.stringContaining('is too short') });
  expect(await said('approve', '1@no-hash!')).toMatchObject({ code: 2, stderr: expect.stringContaining('is no hash') });
  // Twice is once.
  expect((await said('approve', `1@${hash.slice(0, 8).toUpperCase()}`, `1@${hash}`)).stdout).toBe(
    '1 mail approved.\n\nNext: outreach worker\n',
  );
  const { events } = await json<Story>(folder, 'show', '1');
  expect(events.at(-1)).toMatchObject({ kind: 'approved', detail: hash.slice(0, 12), actor: userInfo().username });
  expect((await outreach(folder, ['show', '1'])).stdout).toContain(`approved by ${userInfo().username}: ${hash.slice(0, 12)}`);
  expect((await json<Story>(folder, 'show', '4')).hash).toBeNull();
});

test('a draft that changed since is refused with all that was named beside it, and its new hash is not handed out', async () => {
  const [first = '', second = ''] = await asShown(folder, 1, 2);
  await outreach(folder, ['generate', '--lead', 'lead1@company1.example', '--again']);
  const refused = await said('approve', first, second);
  expect(refused).toEqual({
    code: 1,
    stdout: '',
    stderr: 'outreach: message 2 is not the draft of that hash, or not any more; nothing was approved\n  Look again: outreach show 2\n',
  });
  expect(await states()).toEqual(['review', 'review', 'review', 'review']);
});

test('a job or all take the hash of the list that was shown, or --unseen; without either they say how many and which', async () => {
  const hash = await listOf('--job', '1');
  expect(await listOf()).toBe(hash);
  expect(await said('approve', '--job', '1')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      new RegExp(
        `^outreach: 4 mails wait in review; say what you have seen, [\\s\\S]*outreach approve --job 1 --list ${hash}\n[\\s\\S]*--unseen`,
      ),
    ),
  });
  expect(await json(folder, 'approve', '--job', '1', '--list', hash)).toEqual({
    approved: 3,
    without_draft: 1,
    changed: 0,
    voided: 0,
    voided_reason: null,
  });
  expect(await states()).toEqual(['ready', 'ready', 'ready', 'review']);
});

test('the list of --limit is approved as far as it went, and what anybody decided since makes it another', async () => {
  const two = await listOf('--limit', '2');
  const three = await listOf('--limit', '3');
  const { stderr } = await outreach(folder, ['messages', '--state', 'review', '--limit', '2', '--json']);
  expect(stderr).toBe(`Once you have read these 2 mails: outreach approve --all --list ${two}\n`);
  const { stdout } = await said('approve', '--all', '--list', two);
  expect(stdout).toContain('2 mails approved.\n2 mails more in review, which the list did not show.');
  expect(await said('approve', '--all', '--list', three)).toEqual({
    code: 1,
    stdout: '',
    stderr: `outreach: what waits in review is not the list ${three} any more: 2 mails wait now; nothing was approved\n  Look again: outreach messages --state review\n`,
  });
  expect(await states()).toEqual(['ready', 'ready', 'review', 'review']);
  expect((await said('approve', '--all', '--unseen')).stdout).toContain('1 mail approved.\n1 mail left in review: there is no draft');
});

test.each([
  [['1', '--unseen'], '--unseen goes with --job ID or --all'],
  [['1', '--list', '0123456789ab'], '--list goes with --job ID or --all'],
  [['--all', '--list', '01234567'], '--list 01234567 is too short'],
  [['--all', '--list', '0123456789ab', '--unseen'], "option '--list <hash>' cannot be used with option '--unseen'"],
  [['1@01234567', '--all'], 'say which messages in one way only'],
] as const)('approve %j is wrong usage: %s', async (parameters, words) => {
  expect(await said('approve', ...parameters)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
});

test('drafts that an edit voids in review are said by status, by the refusal and by the next approve, until that', async () => {
  const hash = await listOf();
  campaign('Hello {{ first_name }}!\n');
  const words = /Job 1: 3 drafts in review were voided at [\d:]+: the campaign changed\. They are written anew\./;
  expect(await said('approve', '--all', '--list', hash)).toMatchObject({ code: 1, stderr: expect.stringMatching(words) });
  expect((await outreach(folder, ['status'])).stdout).toMatch(words);
  const voided = { count: 3, at: expect.any(String), reason: 'the campaign changed' };
  expect(await json(folder, 'status')).toMatchObject({ jobs: [{ voided }] });
  expect(await json(folder, 'jobs', '1')).toMatchObject({ voided });
  await outreach(folder, ['worker', '--only', 'generate', '--until-done']);
  expect((await said('approve', ...(await asShown(folder, 1)))).stdout).toMatch(words);
  expect(await json(folder, 'status')).toMatchObject({ jobs: [{ voided: null }] });
  expect((await said('approve', ...(await asShown(folder, 2)))).stdout).not.toMatch(words);
});

test('a stricter review holds what is ready, at the latest when a worker looks', async () => {
  campaign('Hi {{ first_name }},\n\none question.\n', 'review: none\n');
  await outreach(folder, ['approve', '--all', '--unseen']);
  folder.write('more.csv', 'email,first_name,company\nnew@x.example,New,X\n');
  await outreach(folder, ['import', 'more.csv']);
  await outreach(folder, ['worker', '--only', 'generate', '--until-done']);
  expect(await states()).toEqual(['ready', 'ready', 'ready', 'review', 'ready']);
  campaign('Hi {{ first_name }},\n\none question.\n');
  expect(await json(folder, 'worker', '--drain')).toMatchObject({ accepted: 3 });
  expect(await states()).toEqual(['accepted', 'accepted', 'accepted', 'review', 'review']);
});

test('a model’s mails wait for approval where the campaign says nothing of review, a template’s do not', async () => {
  const settings = 'ai: { providers: [{ name: local, base_url: "http://127.0.0.1:1/v1", model: m }] }\n';
  folder.write('outreach.yaml', `version: 1\nidentity: { name: Ana Ruiz, timezone: Europe/Madrid }\n${settings}`);
  folder.write('campaigns/brief.md', '---\ngenerator: ai\n---\nAsk one question.\n');
  campaign('Hi {{ first_name }},\n', '');
  expect(objects(await outreach(folder, ['campaigns', '--json']))).toMatchObject([
    { campaign: 'brief', review: 'all' },
    { campaign: 'hello', review: 'none' },
  ]);
  expect((await outreach(folder, ['campaign', 'check', 'brief'])).stdout).toContain('Review: all: every mail waits for your approval');
  expect((await outreach(folder, ['campaign', 'check', 'hello'])).stdout).toContain("Review: none: mails leave without anybody's approval");
});

// Named in the report where python3 is missing.
describe.runIf(HAS_PTY)('approve on a pseudo terminal (python3)', () => {
  const question = (id: number) => `Approve message ${id}? [y]es, [n]ot now, [q]uit:`;

  test('each mail is shown whole, and what was answered yes to is approved', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['approve', '--job', '1']);
    await dialogue.answer(question(1), `y${ENTER}`);
    await dialogue.answer(question(2), `perhaps${ENTER}`);
    await dialogue.answer(question(2), `n${ENTER}`);
    await dialogue.answer(question(3), `yes${ENTER}`);
    const { code, screen } = await dialogue.ended;
    expect(code).toBe(0);
    expect(screen).toMatch(/Message 1, job 1, campaign hello +1 of 4/);
    expect(screen).toContain('From      Ana Ruiz <ana@ruiz.example>');
    expect(screen).toContain('To        Lead 0 <lead0@company0.example>');
    expect(screen).toContain('Subject   For Company 0');
    expect(screen).toContain('  Hi Lead 0,');
    expect(screen).toContain('To held@lacks.example: there is no draft: this lead has no company');
    expect(screen).toContain('2 mails approved.');
    expect(screen).toContain('1 mail left in review. To drop what is not wanted: outreach reject 2');
    expect(await states()).toEqual(['ready', 'review', 'ready', 'review']);
  });

  test('a draft that changes while a person reads it is shown again, and not approved before', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['approve', '1']);
    await dialogue.answer(question(1), '');
    await outreach(folder, ['generate', '--lead', 'lead0@company0.example', '--again']);
    await dialogue.answer('', `y${ENTER}`);
    await dialogue.answer('nothing was approved', '');
    await dialogue.answer(question(1), `q${ENTER}`);
    expect((await dialogue.ended).code).toBe(0);
    expect(await states()).toEqual(['review', 'review', 'review', 'review']);
  });

  test('Ctrl-C leaves with what was approved before it', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['approve', '1', '2']);
    await dialogue.answer(question(1), `y${ENTER}`);
    await dialogue.answer(question(2), CTRL_C);
    const { code, screen } = await dialogue.ended;
    expect([code, screen]).toEqual([130, expect.stringContaining('1 mail approved.')]);
    expect(await states()).toEqual(['ready', 'review', 'review', 'review']);
  });

  test('a yes that was typed before the mail was shown is not for that mail', { timeout: 30_000 }, async () => {
    const dialogue = onTerminal(folder, ['approve', '1', '2']);
    await dialogue.answer(question(1), `y${ENTER}y${ENTER}`);
    await dialogue.answer(question(2), `q${ENTER}`);
    await dialogue.ended;
    expect(await states()).toEqual(['ready', 'review', 'review', 'review']);
  });

  test('named hashes, --unseen and --json ask nothing on a terminal either', { timeout: 30_000 }, async () => {
    const [first = ''] = await asShown(folder, 1);
    expect((await onTerminal(folder, ['approve', first]).ended).code).toBe(0);
    expect((await onTerminal(folder, ['approve', '2', '--json']).ended).code).toBe(2);
    expect((await onTerminal(folder, ['approve', '3'], { CI: 'true' }).ended).code).toBe(2);
    expect((await onTerminal(folder, ['approve', '--all', '--unseen']).ended).code).toBe(0);
    expect(await states()).toEqual(['ready', 'ready', 'ready', 'review']);
  });
});
