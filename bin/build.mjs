import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

// One bundle with lazy chunks: a command loads only what it needs, and an installed program has three packages instead of ninety.

const HELP = "await (await import('./dist/main.js')).main(['node', 'outreach', '--help'])";
const NATIVE = ['better-sqlite3', 'better-sqlite3-v12', '@napi-rs/keyring'];

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minify: true,
  keepNames: false,
  external: NATIVE,
  // Bundled CommonJS packages ask for Node's own modules with require().
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  define: { OUTREACH_BUILD: JSON.stringify(fingerprint('src', 'migrations', 'package.json')) },
  metafile: true,
  logLevel: 'warning',
});
writeFileSync('dist/LICENSES.txt', licences(Object.keys(metafile.inputs)));

// What `--help` prints, as the program itself says it.
const help = spawnSync(process.execPath, ['--input-type=module', '-e', HELP], {
  encoding: 'utf8',
  env: { ...process.env, COLUMNS: '100' },
});
if (help.status !== 0 || help.stdout === '') throw new Error(`the built program does not run: ${help.stderr}`);
writeFileSync('dist/help.txt', help.stdout);

/** The same for the same sources, whenever and wherever they are built. */
function fingerprint(...paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    if (!statSync(path).isDirectory()) return void hash.update(path).update(readFileSync(path));
    for (const entry of readdirSync(path).sort()) add(join(path, entry));
  };
  for (const path of paths) add(path);
  return hash.digest('hex').slice(0, 16);
}

/** The notices of everything inside the bundle, as their licences ask. */
function licences(inputs) {
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const notices = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text =
      file === undefined || !existsSync(join(folder, file)) ? `Licence: ${license}` : readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  return `Parts of other packages are included in this program.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
