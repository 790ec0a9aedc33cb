import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CAMPAIGN, csv, Folder, json, outreach } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** Characters that a shell would act on, if it ever evaluated them. */
const HOSTILE = '$(touch owned) `touch owned` ;&';

let folder: Folder;

beforeAll(async () => {
  folder = new Folder();
  folder.write(
    'outreach.yaml',
    `version: 1
identity: { name: Ana Ruiz, timezone: Europe/Madrid }
senders:
  - { name: main, type: outbox, from: "Ana Ruiz <ana@ruiz.example>" }
  - { name: backup, type: outbox, from: "Ana Ruiz <ana@ruiz.example>" }
ai: { providers: [{ name: local, base_url: "http://127.0.0.1:9/v1", model: m }] }
`,
  );
  for (const name of ['hello', 'help-desk', HOSTILE]) folder.write(`campaigns/${name}.md`, CAMPAIGN);
  folder.write('campaigns/\u001b]52;c;evil\u0007.md', CAMPAIGN);
  folder.write('leads.csv', csv(2));
  expect(await json(folder, 'import', 'leads.csv', '--campaign', 'hello')).toMatchObject({ job: 1 });
  folder.write('bin/.keep', '');
  symlinkSync(join(ROOT, 'bin', 'outreach.js'), folder.at('bin', 'outreach'));
});

afterAll(() => folder.remove());

/** What Tab offers at the end of the words, in a real bash that has loaded the script. */
async function tab(...words: string[]): Promise<string[]> {
  const quoted = ['outreach', ...words].map((word) => `'${word}'`).join(' ');
  const script = `source <(outreach completion bash); COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _outreach; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await run('bash', ['-c', script], {
    cwd: folder.path,
    env: { PATH: `${folder.at('bin')}:${process.env.PATH}`, HOME: folder.path },
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

async function asked(...words: string[]): Promise<string> {
  return (await outreach(folder, ['__complete', 'zsh', '--', ...words])).stdout;
}

test('bash completes commands, flags and the words that a flag or an argument may be', async () => {
  expect(await tab('statu')).toEqual(['status']);
  expect(await tab('re')).toEqual(['report', 'reject', 'resume', 'retry', 'resolve', 'restore', 'reconcile']);
  expect(await tab('import', '--d')).toEqual(['--dry-run', '--delimiter']);
  expect(await tab('status', '--wor')).toEqual(['--workspace']);
  expect(await tab('messages', '--state', 'u')).toEqual(['uncertain']);
  expect(await tab('messages', '--state', '=', 'u')).toEqual(['uncertain']);
  expect(await tab('senders', '')).toEqual(['resume', 'stop']);
  expect(await tab('completion', 'f')).toEqual(['fish']);
  expect(await tab('help', 'stat')).toEqual(['states', 'status', 'stats']);
  expect(await tab('status', '--json', '--wa')).toEqual(['--watch']);
  expect(await tab('__')).toEqual([]);
});

test('bash completes the names that the workspace has just now', async () => {
  expect(await tab('pause', '')).toEqual(['1']);
  expect(await tab('messages', '--job', '')).toEqual(['1']);
  expect(await tab('jobs', '')).toEqual(['1']);
  expect(await tab('preview', 'hel')).toEqual(['hello', 'help-desk']);
  expect(await tab('import', 'leads.csv', '--campaign', 'help')).toEqual(['help-desk']);
  expect(await tab('test', 'hello', '--sender', '')).toEqual(['main', 'backup']);
  expect(await tab('senders', 'resume', 'b')).toEqual(['backup']);
  expect(await tab('login', '')).toEqual(['main', 'backup', 'local']);
  expect(await json(folder, 'import', 'leads.csv', '--campaign', 'help-desk')).toMatchObject({ job: 2 });
  expect(await tab('pause', '')).toEqual(['2', '1']);
});

test('bash completes what stands in quotes, or with a backslash', async () => {
  for (const typed of ['"hel', "'hel", 'h\\el'])
    expect((await outreach(folder, ['__complete', 'bash', '--', 'preview', typed])).stdout).toBe('hello\tcampaign\nhelp-desk\tcampaign\n');
});

test('campaign check completes campaigns, and its leads files', async () => {
  expect(await tab('campaign', 'check', 'hel')).toEqual(['hello', 'help-desk']);
  expect(await asked('campaign', 'check', 'hello', '--leads', '')).toBe(':file\n');
});

test('files and folders are the shell’s own business', async () => {
  expect(await tab('import', 'lea')).toEqual(['leads.csv']);
  expect(await tab('init', 'camp')).toEqual(['campaigns']);
  expect(await asked('import', '')).toBe(':file\n');
});

test('a hostile name of a file is no campaign, is never run, and never moves the cursor', async () => {
  expect(await tab('preview', '$')).toEqual([]);
  expect(readdirSync(folder.path)).not.toContain('owned');
  expect(await asked('preview', '')).not.toContain(HOSTILE);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
  expect(await asked('preview', '')).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
});

test('zsh and fish are given the whole word and its meaning', async () => {
  expect(await asked('messages', '--state=un')).toBe('--state=uncertain\n');
  expect(await asked('resume', '')).toBe('2\thelp-desk, leads.csv\n1\thello, leads.csv\n');
  expect(await asked('statu')).toBe('status\tShow jobs, senders, workers, and what needs you.\n');
});

test('on any trouble it prints nothing, says nothing and makes nothing', async () => {
  const empty = new Folder();
  const complete = (...words: string[]) => outreach(empty, ['__complete', 'bash', '--', ...words]);
  const silent = { code: 0, stdout: '', stderr: '' };
  try {
    expect(await complete('pause', '')).toEqual(silent);
    expect(await complete('--workspace', '/nowhere', 'preview', '')).toEqual(silent);
    expect(await complete('nope', '')).toEqual(silent);
    empty.write('outreach.yaml', 'version: [');
    expect(await complete('senders', 'resume', '')).toEqual(silent);
    empty.write('outreach.yaml', 'version: 1\nidentity: { name: Ana, timezone: UTC }\n');
    expect(await complete('pause', '')).toEqual(silent);
    expect(readdirSync(empty.path)).toEqual(['outreach.yaml']);
    empty.write('.outreach/outreach.db', 'no database');
    expect(await complete('pause', '')).toEqual(silent);
  } finally {
    empty.remove();
  }
});

test('another workspace is asked when the line names one', async () => {
  const other = new Folder();
  try {
    for (const words of [
      ['--workspace', folder.path, 'pause', ''],
      [`--workspace=${folder.path}`, 'pause', ''],
      ['pause', '--workspace', folder.path, ''],
    ])
      expect((await outreach(other, ['__complete', 'fish', '--', ...words])).stdout).toContain('1\thello, leads.csv');
    // As shells hand it over: not one of them expands it before it asks.
    const home = { HOME: dirname(folder.path) };
    const words = ['--workspace', `~/${basename(folder.path)}`, 'pause', ''];
    expect((await outreach(other, ['__complete', 'zsh', '--', ...words], home)).stdout).toContain('1\thello, leads.csv');
  } finally {
    other.remove();
  }
});

test('a Tab writes nothing to the database and costs less than twice a bare node and 100 ms', async () => {
  const database = folder.at('.outreach', 'outreach.db');
  const before = statSync(database).mtimeMs;
  const timeOf = async (parameters: string[]) => {
    const start = performance.now();
    await run(process.execPath, parameters, { cwd: folder.path });
    return performance.now() - start;
  };
  const ratios: number[] = [];
  for (let round = 0; round < 5; round++) {
    const bare = await timeOf(['-e', '0']);
    const tabbed = await timeOf([join(ROOT, 'bin', 'outreach.js'), '__complete', 'bash', '--', 'pause', '']);
    ratios.push(tabbed / (2 * bare + 100));
  }
  expect(ratios.sort((left, right) => left - right)[2]).toBeLessThan(1);
  expect(statSync(database).mtimeMs).toBe(before);
});

test.each(['bash', 'zsh', 'fish'])('the script for %s asks the hidden command and nothing else', async (shell) => {
  const { stdout, code } = await outreach(folder, ['completion', shell]);
  expect(code).toBe(0);
  expect([...stdout.matchAll(/\boutreach __complete (\w+) -- /g)].map(([, named]) => named)).toEqual([shell]);
  expect(stdout).not.toContain('compgen -W');
  expect(stdout).not.toContain('eval');
  expect(await json(folder, 'completion', shell)).toEqual({ shell, script: stdout });
});

const installed = (name: string) => spawnSync(name, ['--version']).status === 0;

test.runIf(installed('zsh'))('zsh reads its script', async () => {
  folder.write('_outreach', (await outreach(folder, ['completion', 'zsh'])).stdout);
  expect(spawnSync('zsh', ['-n', folder.at('_outreach')], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

test.runIf(installed('fish'))('fish completes the names that the workspace has just now', async () => {
  folder.write('outreach.fish', (await outreach(folder, ['completion', 'fish'])).stdout);
  const { stdout } = spawnSync('fish', ['--no-config', '-c', 'source outreach.fish; complete -C "outreach resume "'], {
    cwd: folder.path,
    encoding: 'utf8',
    env: { PATH: `${folder.at('bin')}:${process.env.PATH}`, HOME: folder.path },
  });
  expect(stdout).toContain('1\thello, leads.csv');
});
