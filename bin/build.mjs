import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { billOfMaterials, licences, packagesOf } from './inventory.mjs';

// One bundle with lazy chunks: a command loads only what it needs, and an installed program has three packages instead of ninety.

const RUN = "await (await import('./dist/main.js')).main(['node', 'outreach', ...process.argv.slice(1)])";
const NATIVE = ['better-sqlite3', 'better-sqlite3-v12', '@napi-rs/keyring'];

/** What nearly every command needs is one file: fifty small ones cost as much to find and link as to run. `status` needs no more. */
const CORE = ['src/cli/main.ts', 'src/commands/context.ts', 'src/app/app.ts', 'src/commands/status.ts'];

/** What libraries ask Node for at their start, and why they can do without it: a twentieth of the time of `status`. */
const UNUSED = {
  // Each Chalk here is told its level.
  'node:process': { by: /node_modules\/chalk\//, as: 'export default globalThis.process;' },
  'node:tty': { by: /node_modules\/chalk\//, as: 'export default { isatty: () => false };' },
  // No command here is a program of its own.
  'node:child_process': { by: /node_modules\/commander\//, as: 'export {};' },
};

/** What Kysely has beside the queries that are used here, a sixth of what `status` would compile: who begins to use one meets this error. */
const LEFT_OUT =
  /kysely\/dist\/esm\/(?:schema\/schema|plugin\/with-schema\/with-schema-plugin|query-builder\/(?:merge-query|json-path)-builder)\.js$/;

function leftOut(id) {
  const names = [...readFileSync(id, 'utf8').matchAll(/^export class (\w+)/gm)].map(([, name]) => name);
  return names.map((name) => `export class ${name} { constructor() { throw new Error('bin/build.mjs leaves out ${name}'); } }`).join('\n');
}

rmSync('dist', { recursive: true, force: true });
const imports = new Map();
let core = new Set();
const bundle = await rolldown({
  input: 'src/cli/main.ts',
  platform: 'node',
  external: NATIVE,
  transform: {
    target: 'node20.19',
    define: {
      // React's development build takes twice as long for a picture.
      'process.env.NODE_ENV': '"production"',
    },
  },
  // A command may be loaded lazily and still use what another one shows.
  checks: { ineffectiveDynamicImport: false },
  plugins: [
    {
      // Where DEV=true Ink would connect to react-devtools-core, which is not installed.
      name: 'without devtools',
      load: { filter: { id: /ink\/build\/devtools\.js$/ }, handler: () => 'export {};' },
    },
    { name: 'parts that nothing uses', load: { filter: { id: LEFT_OUT }, handler: leftOut } },
    {
      name: 'builtins that a short command does not need',
      resolveId: {
        filter: { id: new RegExp(`^(?:${Object.keys(UNUSED).join('|')})$`) },
        handler: (id, importer = '') => (UNUSED[id].by.test(importer) ? `\0unused ${id}` : undefined),
      },
      load: { filter: { id: /^\0unused / }, handler: (id) => UNUSED[id.slice('\0unused '.length)].as },
    },
    {
      name: 'imports',
      buildEnd() {
        for (const id of this.getModuleIds()) imports.set(id, this.getModuleInfo(id).importedIds);
        core = closureOf(CORE);
      },
    },
  ],
});
await bundle.write({
  dir: 'dist',
  format: 'esm',
  minify: true,
  codeSplitting: { groups: [{ name: 'core', test: (id) => core.has(id) }] },
});
await bundle.close();
for (const file of readdirSync('dist')) if (file.endsWith('.js')) inAscii(join('dist', file));
const packages = packagesOf([...imports.keys()]);
const [manifest, lock] = ['package.json', 'package-lock.json'].map((file) => JSON.parse(readFileSync(file, 'utf8')));
writeFileSync('dist/LICENSES.txt', licences(packages));
writeFileSync('dist/sbom.cdx.json', `${JSON.stringify(billOfMaterials(manifest, packages, lock), null, 2)}\n`);

// What `--help` prints and what a shell completes, as the program itself says it.
writeFileSync('dist/help.txt', said('--help'));
writeFileSync('dist/tree.json', said('__tree'));

// For editors and other programs; a workspace has its own copy.
mkdirSync('dist/schema');
for (const name of ['outreach', 'campaign']) writeFileSync(`dist/schema/${name}.json`, said('config', 'schema', name));

function said(...parameters) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', RUN, '--', ...parameters], {
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '100' },
  });
  if (status !== 0 || stdout === '') throw new Error(`the built program does not run: ${stderr}`);
  return stdout;
}

/** Node keeps a text with one sign beyond Latin-1 in twice the memory, and takes 3 % of the time of `status` longer for it. */
function inAscii(path) {
  const text = readFileSync(path, 'utf8');
  const escaped = text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (escaped !== text) writeFileSync(path, escaped);
}

/** Everything these files import, and what that imports, but for what is imported lazily. */
function closureOf(files) {
  const found = new Set();
  const add = (id) => {
    if (found.has(id) || !imports.has(id)) return;
    found.add(id);
    imports.get(id).forEach(add);
  };
  files.map((file) => resolve(file)).forEach(add);
  return found;
}
