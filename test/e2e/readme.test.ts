import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sink, startSink } from '../crash/sink.ts';
import { type AiServer, startAiServer } from '../support/aiServer.ts';
import { config, csv, Folder, json, outreach, start } from '../support/program.ts';

/** Every command that a page or a help text shows is run, in a workspace in which it makes sense. */
const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => join('docs', name))];

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
  template.write('leads.csv', csv(50));
  await outreach(template, ['import', 'leads.csv']);
  await outreach(template, ['worker', '--until-done', '--only', 'generate']);
  await outreach(template, ['approve', '17']);
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

test.each(PAGES)('every outreach command that %s shows runs', { timeout: 120_000 }, async (page) => {
  const commands = commandsOf(readFileSync(join(ROOT, page), 'utf8'));
  expect(commands.length).toBeGreaterThan(3);
  await inTurns(commands);
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
    await inTurns(examples);
  }
});

/** Three at a time: each waits mostly for its process to start. */
async function inTurns(commands: readonly string[]): Promise<void> {
  await new PQueue({ concurrency: 3 }).addAll(commands.map((command) => () => runs(command)));
}

/** Lines of code blocks and table cells that begin with the program's name. */
function commandsOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block]) => block ?? '');
  const lines = blocks.flatMap((block) => block.split('\n'));
  return lines.flatMap((line) => /(?:^|^\$ |&& )(outreach (?:[a-z]+(?: |$)|--).*)$/.exec(line)?.[1] ?? []);
}

/** There is no Grace, no terminal, and on most machines that test no keychain. */
const SO_IT_IS =
  /message \d+ (?:is|may) |job \d+ is |there is no (?:lead|mail to) grace@|asks for the .* on a terminal|there is nothing to move|there is no (?:system )?keychain|keychain (?:cannot|does not)|dash needs a terminal/;

/** In a copy of the workspace, so that no command changes what another one needs. It must be understood and do its work. */
async function runs(command: string): Promise<void> {
  const folder = new Folder();
  try {
    const [asked = '', redirected] = command.replace(/\s+#.*$/, '').split(' < ');
    // A drive that is mounted here.
    const parameters = wordsOf(asked.replaceAll('/mnt/usb/', `${folder.path}/`)).slice(1);
    if (parameters[0] !== 'init' && parameters[0] !== 'demo') copyWorkspace(folder);
    const env = { SMTP_PASSWORD: 'x' };
    if (parameters.includes('outreach-demo') && parameters[0] !== 'demo') await outreach(folder, ['demo', '--keep', 'outreach-demo']);
    if (endless(parameters)) {
      const started = start(folder, parameters, env);
      for (let waited = 0; started.talk() === '' && waited < 100; waited++) await new Promise((resolve) => setTimeout(resolve, 100));
      expect(started.child.exitCode, `${command}\n${started.talk()}`).toBeNull();
      started.child.kill('SIGTERM');
      expect((await started.ended).code, command).toBe(0);
      return;
    }
    const ended = await outreach(folder, parameters, env, redirected === undefined ? undefined : 'a secret\n');
    // Said of what is so in this workspace, and rightly: the command itself was understood.
    const refusal = SO_IT_IS.test(ended.stderr);
    expect(
      ended.code === 0 || ended.code === 3 || ((ended.code === 1 || ended.code === 2) && refusal),
      `${command}: ${ended.code}\n${ended.stderr}`,
    ).toBe(true);
  } finally {
    folder.remove();
  }
}

function endless(parameters: readonly string[]): boolean {
  if (parameters.includes('--watch')) return true;
  return parameters[0] === 'worker' && !['--drain', '--for', '--until-done'].some((flag) => parameters.includes(flag));
}

function copyWorkspace(folder: Folder): void {
  for (const path of ['outreach.yaml', 'campaigns/hello.md', 'leads.csv', 'export.csv', 'bounces.csv', 'sent.csv', 'yesterday.db', '.env'])
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
