import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { TRANSITIONS } from '../../src/domain/message.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

async function cruise(): Promise<{ code: number; text: string }> {
  try {
    const { stdout } = await run(
      'npx',
      ['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', 'src', 'bin', 'migrations'],
      { cwd: ROOT },
    );
    return { code: 0, text: stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, text: stdout };
  }
}

test('every room imports only what its row allows', { timeout: 60_000 }, async () => {
  expect(await cruise()).toMatchObject({ code: 0 });
});

test('an import through the wall is refused, and told where the code belongs', { timeout: 60_000 }, async () => {
  const offender = join(ROOT, 'src', 'mail', 'offender.ts');
  writeFileSync(offender, "import { loadConfig } from '../config/config.ts';\nexport const config = loadConfig;\n");
  try {
    const { code, text } = await cruise();
    expect(code).toBeGreaterThan(0);
    expect(text).toContain('mail-imports');
    expect(text).toContain('src/mail may import domain, files, http.');
  } finally {
    rmSync(offender);
  }
});

test('HTTP and other programs are for their own rooms alone', { timeout: 60_000 }, async () => {
  const offender = join(ROOT, 'src', 'mail', 'offender.ts');
  const imports = ['node:http', 'node:https', 'node:tls', 'node:child_process'].map((name) => `import '${name}';\n`);
  writeFileSync(offender, `${imports.join('')}export const answer = fetch('https://a.example');\n`);
  try {
    const { code, text } = await cruise();
    expect(code).toBeGreaterThan(0);
    expect(text.match(/http-only-in-http/g)).toHaveLength(3);
    expect(text).toContain('programs-only-through-spawn');
    const linted = await run('npx', ['biome', 'lint', offender], { cwd: ROOT }).catch((error: { stdout: string; stderr: string }) => error);
    expect(linted.stdout + linted.stderr).toContain('Requests go out through ask of src/http/client.ts.');
  } finally {
    rmSync(offender);
  }
});

test('the diagram in src/README.md is the table of transitions', () => {
  const text = readFileSync(join(ROOT, 'src', 'README.md'), 'utf8');
  const drawn = [...text.matchAll(/^ {4}(\w+) --> (\w+): (.+)$/gm)].map(([, from, to]) => `${from} → ${to}`);
  expect(drawn.sort()).toEqual(TRANSITIONS.map(({ from, to }) => `${from} → ${to}`).sort());
});

test('every relative link in the written side leads somewhere', () => {
  for (const page of ['README.md', 'src/README.md', 'docs/reliability.md', 'docs/reference.md', 'docs/sql-views.md']) {
    const written = readFileSync(join(ROOT, page), 'utf8').replace(/^```[\s\S]*?^```|`[^`\n]*`/gm, '');
    const links = [...written.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => link ?? '');
    for (const link of links) expect(existsSync(join(ROOT, dirname(page), link)), `${page}: ${link}`).toBe(true);
  }
});

test('the README holds the two commands for a fresh clone, and every command it shows exists', async () => {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  expect(text).toContain('npm ci && npm run demo');
  expect(text).toContain('npm ci && npm test');
  const known = readdirSync(join(ROOT, 'src', 'commands')).map((file) => file.replace('.ts', ''));
  const shown = [...text.matchAll(/^(?:\$ )?outreach ([a-z]+)/gm)].map(([, name]) => name ?? '');
  expect(shown.length).toBeGreaterThan(5);
  for (const name of shown) expect(known).toContain(name);
  const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;
  for (const [, script] of text.matchAll(/npm run (?:--silent )?([a-z]+(?::[a-z]+)*)/g)) expect(Object.keys(scripts)).toContain(script);
});
