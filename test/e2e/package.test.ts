import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packProgram } from '../support/pack.ts';
import { Folder } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** The native part of this Node, built once by `npm ci`; `npm run test:nodes` has each Node's npm bring its own. */
const NATIVE = Number(process.versions.node.split('.')[0]) >= 22 ? 'better-sqlite3' : 'better-sqlite3-v12';

test('the packed program runs outside the repository', { timeout: 120_000 }, () => {
  const folder = new Folder();
  try {
    const home = folder.at('home');
    folder.write('home/package.json', '{}');
    const tarball = packProgram(folder.path);
    const npm = (...args: string[]) => execFileSync('npm', args, { cwd: home, encoding: 'utf8', stdio: 'pipe' });
    npm('install', '--no-audit', '--no-fund', '--ignore-scripts', tarball);
    const build = join(ROOT, 'node_modules', NATIVE, 'build');
    if (existsSync(build)) cpSync(build, join(home, 'node_modules', NATIVE, 'build'), { recursive: true });
    const program = join(home, 'node_modules', '.bin', 'outreach');
    const run = (...args: string[]) => execFileSync(program, args, { cwd: home, encoding: 'utf8', stdio: 'pipe' });
    expect(run('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(run('--help')).toContain('Usage: outreach');
    expect(run('demo')).toContain('36 leads: 35 accepted, 1 failed, 0 uncertain.');
    const installed = join(home, 'node_modules', 'outreach');
    expect(readdirSync(installed).sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'bin', 'dist', 'package.json']);
    expect(readdirSync(join(installed, 'bin'))).toEqual(['outreach.js']);
  } finally {
    folder.remove();
  }
});

test('what --help prints at once is what the program itself would say', () => {
  const run = (...args: string[]) => execFileSync(process.execPath, [join(ROOT, 'bin', 'outreach.js'), ...args], { encoding: 'utf8' });
  expect(run('--help')).toBe(run('--no-color', '--help'));
});

test('the package names all that it is made of: each part with its version, licence and hash, and each licence as it asks', () => {
  const { components } = JSON.parse(readFileSync(join(ROOT, 'dist', 'sbom.cdx.json'), 'utf8')) as {
    components: { name: string; version: string; purl: string; licenses: unknown[]; hashes?: { content: string }[] }[];
  };
  const names = components.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['commander', 'kysely', 'nodemailer', 'openai', 'zod', 'better-sqlite3', '@napi-rs/keyring']),
  );
  for (const { name, version, purl, licenses, hashes } of components) {
    expect(purl, name).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
    expect(licenses, name).toHaveLength(1);
    expect(hashes?.[0]?.content, name).toMatch(/^[0-9a-f]{128}$/);
  }
  const notices = readFileSync(join(ROOT, 'dist', 'LICENSES.txt'), 'utf8');
  for (const name of ['commander', 'nodemailer', 'openai', 'zod']) expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
});

test('every package of the lock file is held to its hash', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { integrity?: string; link?: boolean }>;
  };
  const loose = Object.entries(packages).filter(([path, { integrity, link }]) => path !== '' && link !== true && integrity === undefined);
  expect(loose.map(([path]) => path)).toEqual([]);
});
