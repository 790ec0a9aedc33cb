import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Folder } from '../support/program.ts';
import { commandTable, reference } from './reference.ts';

/**
 * `npm run readme [-- demo] [-- commands] [-- bench] [-- reference]`: makes docs/reference.md of the commands' help, and the output that README
 * shows, by running what it names, between the markers `<!-- made by npm run readme: NAME -->` and `<!-- end -->`.
 */
const ROOT = join(import.meta.dirname, '..', '..');
const README = join(ROOT, 'README.md');

const MAKERS: Readonly<Record<string, () => string | Promise<string>>> = { demo, commands: commandTable, bench };

const asked = process.argv.slice(2);
for (const [name, make] of Object.entries(MAKERS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const text = readFileSync(README, 'utf8');
  const block = new RegExp(`(<!-- made by npm run readme: ${name} -->\\n)[\\s\\S]*?(\\n<!-- end -->)`);
  if (!block.test(text)) throw new Error(`README.md has no place for ${name}`);
  const made = await make();
  writeFileSync(
    README,
    text.replace(block, (_, before: string, after: string) => `${before}\n${made.trim()}\n${after}`),
  );
  spawnSync(join(ROOT, 'node_modules', '.bin', 'biome'), ['format', '--write', README], { stdio: 'inherit' });
}

if (asked.length === 0 || asked.includes('reference')) writeFileSync(join(ROOT, 'docs', 'reference.md'), await reference());

/** The demo's first lines, and the status of the workspace that it leaves. */
function demo(): string {
  const folder = new Folder();
  try {
    const program = join(ROOT, 'bin', 'outreach.js');
    const run = (...parameters: string[]) => output(process.execPath, [program, ...parameters], folder.path);
    const story = run('demo', '--keep', 'outreach-demo').split('\n');
    const sent = story.findIndex((line) => line.startsWith('3.'));
    const status = run('status', '--workspace', 'outreach-demo').split('\nNext:')[0] ?? '';
    return [
      '```',
      '$ outreach demo --keep outreach-demo',
      ...story.slice(0, sent > 0 ? sent : 10),
      '…',
      '$ outreach status --workspace outreach-demo',
      status.trimEnd(),
      '```',
    ].join('\n');
  } finally {
    folder.remove();
  }
}

/** One table row a figure; what the bench says of its circumstances stays above its rows. */
function bench(): string {
  const text = output('npm', ['run', '--silent', 'bench'], ROOT);
  const rows: string[] = [];
  let about = '';
  for (const line of text.split('\n')) {
    const figure = /^ {2}(ok|MISS|skip) +(.+?)(?: {2,}([\d.]+(?:×| ms)) +\((.+?)\).*)?$/.exec(line);
    if (figure === null) {
      if (/^\S/.test(line)) about = line;
    } else {
      const [, verdict, what, value, bound] = figure;
      rows.push(`| ${what} | ${value ?? 'skipped'} | ${bound ?? ''}${verdict === 'MISS' ? ' **MISS**' : ''} | ${about} |`);
      about = '';
    }
  }
  return ['| figure | measured | bound | how |', '| --- | ---: | --- | --- |', ...rows].join('\n');
}

function output(program: string, parameters: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, parameters, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    maxBuffer: 1e8,
  });
  if (stdout === '') throw new Error(`${program} ${parameters.join(' ')} ended with ${status}: ${stderr}`);
  return stripVTControlCharacters(stdout);
}
