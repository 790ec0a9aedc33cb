import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
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
    expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'bin', 'dist', 'package.json']);
    expect(readdirSync(join(installed, 'bin'))).toEqual(['outreach.js']);
  } finally {
    folder.remove();
  }
});

test('what --help prints at once is what the program itself would say', () => {
  const run = (...args: string[]) => execFileSync(process.execPath, [join(ROOT, 'bin', 'outreach.js'), ...args], { encoding: 'utf8' });
  expect(run('--help')).toBe(run('--no-color', '--help'));
});
