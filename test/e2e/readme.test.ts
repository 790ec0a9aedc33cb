import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import PQueue from 'p-queue';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sink, startSink } from '../crash/sink.ts';
import { type Block, commandsIn, namedCommandsOf, PAGES, shellBlocksOf } from '../readme/pages.ts';
import { type AiServer, startAiServer } from '../support/aiServer.ts';
import { asShown, config, csv, Folder, json, outreach, start } from '../support/program.ts';

/**
 * Every command that a page or a help text shows is run, in a workspace in which it makes sense: those of one block
 * one after the other, as a reader types them. What `init` and `demo` make stands for itself.
 */
let sink: Sink;
let ai: AiServer;
let template: Folder;

/** A workspace with mails 12 to 14 in review, 17 uncertain, and jobs 1 to 3. */
beforeAll(async () => {
  sink = await startSink((to) => (to === 'lead16@company16.example' ? 'dot drop, taken' : undefined));
  ai = await startAiServer();
  template = new Folder();
  const provider = `ai: { providers: [{ name: local, base_url: "${ai.url}", model: m, price: { input: 1, output: 2 } }] }\n`;
  template.write('outreach.yaml', config(sink.port, '', provider));
  template.write('campaigns/hello.md', '---\ngenerator: ai\nreview: all\n---\nAsk one question.\n');
  template.write('leads.csv', `${csv(50)}grace@harbour.example,Grace,Harbour Analytics\n`);
  await outreach(template, ['import', 'leads.csv']);
  await outreach(template, ['worker', '--until-done', '--only', 'generate']);
  await outreach(template, ['approve', ...(await asShown(template, 17))]);
  await outreach(template, ['worker', '--drain']);
  const later = '--mode scheduled --at 2030-01-01T09:00'.split(' ');
  for (const job of [2, 3]) {
    template.write(
      'more.csv',
      csv(50 + job)
        .split('\n')
        .slice(-2)
        .join('\n')
        .replace(/^/, 'email,first_name,company\n'),
    );
    expect(await json(template, 'import', 'more.csv', ...later)).toMatchObject({ job, imported: 1 });
  }
  template.write('export.csv', 'Work e-mail,Company\nnew@x.example,X\n');
  template.write('bounces.csv', 'email,reason\ngone@x.example,550 5.1.1\n');
  template.write('sent.csv', 'email\nlead16@company16.example\n');
  const { message_id } = await json(template, 'show', '17');
  template.write('provider-log.csv', `message_id,status\n${String(message_id)},delivered\n`);
  template.write('.env', 'SMTP_PASSWORD=x\n');
  for (const name of ['main', 'openai']) await outreach(template, ['login', name, '--stdin', '--file', '--no-check'], {}, 'a secret\n');
  await outreach(template, ['backup', 'yesterday.db']);
  expect(await json(template, 'show', '17')).toMatchObject({ state: 'uncertain' });
}, 60_000);

afterAll(async () => {
  template.remove();
  await ai.close();
  await sink.close();
});

/** What needs a network, a terminal or another program; few, since nobody notices when it goes stale. */
const MOST_NOT_RUN = 8;

test('nearly every block of commands is one that runs', () => {
  const blocks = PAGES.flatMap(shellBlocksOf);
  const marks = new Set(blocks.map(({ mark }) => mark).filter((mark) => mark !== ''));
  expect([...marks].filter((mark) => mark !== 'no-run')).toEqual([]);
  expect(blocks.filter(({ mark }) => mark === 'no-run').length).toBeLessThanOrEqual(MOST_NOT_RUN);
  expect(shown(blocks).flatMap(commandsIn).length).toBeGreaterThan(60);
});

test.each(PAGES)('every outreach command that %s shows runs, block by block and in order', { timeout: 120_000 }, async (page) => {
  await inTurns(shown(shellBlocksOf(page)).map(commandsIn));
});

test.each(PAGES)('every outreach command that %s names exists, with the flags it names', { timeout: 60_000 }, async (page) => {
  const unrun = shellBlocksOf(page).filter(({ mark }) => mark === 'no-run');
  const unknown: string[] = [];
  for (const command of [...namedCommandsOf(page), ...unrun.flatMap(commandsIn)]) {
    const [, name = '', ...rest] = command.split(/[\s/·|,]+/);
    const help = await helpOf(name);
    const flags = rest.flatMap((word) => /^--[a-z-]+/.exec(word)?.[0] ?? []);
    if (help === undefined || flags.some((flag) => !new RegExp(`${flag}\\b`).test(help))) unknown.push(command);
  }
  expect(unknown).toEqual([]);
});

test('every example in the help of every command runs, and each command has two', { timeout: 240_000 }, async () => {
  const help = (await outreach(template, ['--help'])).stdout;
  const names = [...help.matchAll(/^ {2}([a-z]+) (?:\[|<| )/gm)].map(([, name]) => name ?? '').filter((name) => name !== 'help');
  expect(names.length).toBeGreaterThan(15);
  for (const name of names) {
    const text = (await outreach(template, [name, '--help'])).stdout;
    const examples = [...text.matchAll(/^ {2}\$ outreach (.*)$/gm)].map(([, rest]) => `outreach ${rest}`);
    expect(examples.length, `examples of ${name}`).toBeGreaterThanOrEqual(2);
    expect(text.split('\n')[2], `purpose of ${name}`).toMatch(/^[A-Z].*/);
    await inTurns(examples.map((example) => [example]));
  }
});

function shown(blocks: readonly Block[]): Block[] {
  return blocks.filter((block) => block.mark !== 'no-run' && commandsIn(block).length > 0);
}

const helps = new Map<string, Promise<string | undefined>>();

/** Undefined for what is no command. */
function helpOf(name: string): Promise<string | undefined> {
  const known = helps.get(name) ?? outreach(template, [name, '--help']).then(({ code, stdout }) => (code === 0 ? stdout : undefined));
  helps.set(name, known);
  return known;
}

/** Three stories at a time: each waits mostly for its processes to start. */
async function inTurns(stories: readonly (readonly string[])[]): Promise<void> {
  await new PQueue({ concurrency: 3 }).addAll(stories.map((story) => () => runs(story)));
}

/** There is no terminal, and on most machines that test no keychain; and a message or job in the template may be in another state. */
const SO_IT_IS =
  /message \d+ (?:is|may) |there is no message [0-9a-f-]{36}|job \d+ is |there is a campaign \S+ already|dash needs a terminal|there is no terminal to show|asks first, and here is no terminal|asks for the .* on a terminal|there is nothing to move|there is no program (?:systemctl|crontab) here|there is no (?:system )?keychain|keychain (?:cannot|does not)/;

/** In a copy of the workspace, so that no story changes what another one needs. Each command must be understood and do its work. */
async function runs(story: readonly string[]): Promise<void> {
  const folder = new Folder();
  try {
    copyWorkspace(folder);
    for (const [index, command] of story.entries()) {
      const refused = await run(folder, command);
      // A page shows alternatives too, `--sent` or `--resend`: the second is for a workspace in which nobody took the first.
      if (refused && index > 0) await runs([command]);
    }
  } finally {
    folder.remove();
  }
}

/** True when it was refused for what is so in this workspace. */
async function run(workspace: Folder, command: string): Promise<boolean> {
  const [asked = '', redirected] = command.replace(/\s+#.*$/, '').split(' < ');
  // A drive that is mounted here.
  const parameters = wordsOf(asked.replaceAll('/mnt/usb/', `${workspace.path}/`)).slice(1);
  const makes = parameters[0] === 'init' || parameters[0] === 'demo' || parameters.includes('outreach-demo');
  const folder = makes ? new Folder() : workspace;
  try {
    // No service of this machine is touched: its managers are not found.
    const env = { SMTP_PASSWORD: 'x', ...(parameters[0] === 'service' ? { PATH: folder.path } : {}) };
    if (parameters.includes('outreach-demo') && parameters[0] !== 'demo') await outreach(folder, ['demo', '--keep', 'outreach-demo']);
    if (endless(parameters)) {
      const started = start(folder, parameters, env);
      for (let waited = 0; started.talk() === '' && waited < 100; waited++) await new Promise((resolve) => setTimeout(resolve, 100));
      expect(started.child.exitCode, `${command}\n${started.talk()}`).toBeNull();
      started.child.kill('SIGTERM');
      expect((await started.ended).code, command).toBe(0);
      return false;
    }
    const ended = await outreach(folder, await withHashes(folder, parameters), env, redirected === undefined ? undefined : 'a secret\n');
    if (ended.code === 0 || ended.code === 3) return false;
    // Said of what is so in this workspace, and rightly: the command itself was understood.
    const refused = (ended.code === 1 || ended.code === 2) && SO_IT_IS.test(ended.stderr);
    expect(refused, `${command}: ${ended.code}\n${ended.stderr}`).toBe(true);
    return refused;
  } finally {
    if (makes) folder.remove();
  }
}

/** Pages show a hash; the mails of this workspace have their own. */
async function withHashes(folder: Folder, parameters: readonly string[]): Promise<string[]> {
  const words: string[] = [];
  for (const word of parameters) {
    const [, id] = /^(\d+)@[0-9a-f]{12}$/.exec(word) ?? [];
    if (id !== undefined) words.push(...(await asShown(folder, Number(id))));
    else if (words.at(-1) === '--list') words.push(await hashOfList(folder, parameters[parameters.indexOf('--job') + 1]));
    else words.push(word);
  }
  return words;
}

async function hashOfList(folder: Folder, job: string | undefined): Promise<string> {
  const ended = await outreach(folder, ['messages', '--state', 'review', '--json', ...(job === undefined ? [] : ['--job', job])]);
  return /--list ([0-9a-f]{12})/.exec(ended.stderr)?.[1] ?? 'none';
}

function endless(parameters: readonly string[]): boolean {
  if (parameters.includes('--watch') || parameters.includes('--follow')) return true;
  return parameters[0] === 'worker' && !['--drain', '--for', '--until-done'].some((flag) => parameters.includes(flag));
}

function copyWorkspace(folder: Folder): void {
  for (const path of [
    'outreach.yaml',
    'campaigns/hello.md',
    'leads.csv',
    'export.csv',
    'bounces.csv',
    'sent.csv',
    'provider-log.csv',
    'yesterday.db',
    '.env',
  ])
    folder.write(path, readFileSync(template.at(path)));
  folder.write('.outreach/secrets.json', readFileSync(template.at('.outreach', 'secrets.json')));
  chmodSync(folder.at('.outreach', 'secrets.json'), 0o600);
  // Messages up to 100 exist under the numbers that examples use; the database is a file nobody has open.
  folder.write('.outreach/outreach.db', readFileSync(template.at('.outreach', 'outreach.db')));
  writeFileSync(folder.at('outreach.yaml'), readFileSync(template.at('outreach.yaml'), 'utf8'));
}

/** As a shell splits them, quotes included. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}
