import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

/** A change of one source text. It must match exactly once, or the build fails: a bug that no longer applies proves nothing. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'outreach-crash');

/** The real program, except that it waits less, and can be given a small disk and one that errs. Every crash run uses these. */
const IMPATIENT: readonly Patch[] = [
  { file: 'src/domain/deadlines.ts', find: 'unarmed: 5 * 60_000', replace: 'unarmed: 1_500' },
  { file: 'src/domain/deadlines.ts', find: 'armed: 15 * 60_000', replace: 'armed: 1_500' },
  { file: 'src/domain/deadlines.ts', find: 'drafting: 5 * 60_000', replace: 'drafting: 1_500' },
  { file: 'src/domain/deadlines.ts', find: 'aiCall: 60_000', replace: 'aiCall: 300' },
  { file: 'src/domain/deadlines.ts', find: 'aiGrace: 5_000', replace: 'aiGrace: 200' },
  { file: 'src/domain/breaker.ts', find: 'first: 5_000, longest: 10 * 60_000', replace: 'first: 50, longest: 100' },
  { file: 'src/domain/deadlines.ts', find: 'drain: 25_000', replace: 'drain: 800' },
  { file: 'src/domain/deadlines.ts', find: 'rescueEvery: 4_000', replace: 'rescueEvery: 200' },
  { file: 'src/domain/deadlines.ts', find: 'poll: 1_000', replace: 'poll: 50' },
  { file: 'src/domain/deadlines.ts', find: 'looksApart: 250', replace: 'looksApart: 10' },
  { file: 'src/domain/deadlines.ts', find: 'arming: 8_000', replace: 'arming: 700' },
  { file: 'src/domain/retry.ts', find: 'first: 30_000, longest: 15 * 60_000', replace: 'first: 50, longest: 100' },
  { file: 'src/domain/replay.ts', find: 'first: MINUTE, longest: HOUR', replace: 'first: 100, longest: 100' },
  { file: 'src/mail/providerClock.ts', find: 'ASKED_FOR = 2_000', replace: 'ASKED_FOR = 300' },
  { file: 'src/mail/providerClock.ts', find: 'ASKED_AGAIN_AFTER = MINUTE', replace: 'ASKED_AGAIN_AFTER = MINUTE / 600' },
  { file: 'src/worker/stage.ts', find: 'TROUBLE_PAUSE_MS = 1_000', replace: 'TROUBLE_PAUSE_MS = 50' },
  { file: 'src/pipeline/importLeads.ts', find: 'MOST_ROWS = 5_000', replace: 'MOST_ROWS = 3' },
  { file: 'src/store/sqlite/patience.ts', find: 'most = PATIENCE_MS', replace: 'most = Number(process.env.CRASH_PATIENCE ?? PATIENCE_MS)' },
  {
    file: 'src/store/sqlite/dialect.ts',
    find: "this.#sqlite.exec('commit');",
    replace: `const [kind, from, percent] = (process.env.CRASH_COMMITS ?? '').split(',');
    const count = (globalThis.crashCommits = (globalThis.crashCommits ?? 0) + 1);
    const strikes = count >= Number(from) && (Math.imul(count, 2654435761) >>> 0) % 100 < Number(percent);
    const ioError = () => Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
    if (strikes && kind === 'failed commit') throw ioError();
    this.#sqlite.exec('commit');
    if (strikes && kind === 'lost answer') throw ioError();`,
  },
  {
    file: 'src/store/database.ts',
    find: "sqlite.pragma('foreign_keys = ON');",
    replace:
      "sqlite.pragma('foreign_keys = ON'); if (process.env.CRASH_PAGES) sqlite.pragma('max_page_count = ' + process.env.CRASH_PAGES);",
  },
];

/** Builds the program with its sources patched; returns the path of its entry. */
export async function buildPatched(name: string, patches: readonly Patch[]): Promise<string> {
  const outdir = join(CACHE, name);
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  // Put in place in one step: another campaign may be starting processes that read it.
  copyFileSync(join(ROOT, 'package.json'), join(outdir, 'package.json'));
  renameSync(join(outdir, 'package.json'), join(CACHE, 'package.json'));
  const applied = new Set<Patch>();
  const bundle = await rolldown({
    input: join(ROOT, 'src', 'cli', 'main.ts'),
    platform: 'node',
    external: ['better-sqlite3', 'better-sqlite3-v12', '@napi-rs/keyring', 'pino', 'pino-pretty', 'react-devtools-core'],
    transform: { target: 'node20.19' },
    checks: { ineffectiveDynamicImport: false },
    plugins: [patching([...IMPATIENT, ...patches], applied)],
  });
  await bundle.write({ dir: outdir, format: 'esm' });
  await bundle.close();
  const missed = [...IMPATIENT, ...patches].filter((patch) => !applied.has(patch));
  if (missed.length > 0) throw new Error(`patches that met no file: ${missed.map(({ file }) => file).join(', ')}`);
  const entry = join(outdir, 'outreach.mjs');
  writeFileSync(entry, "import { main } from './main.js';\nawait main(process.argv);\n");
  return entry;
}

/** Applies each patch to its file while building, and notes it. */
export function patching(patches: readonly Patch[], applied: Set<Patch>): Plugin {
  return {
    name: 'patches',
    load: {
      filter: { id: /\/(src|migrations)\/.*\.ts$/ },
      handler(path) {
        let code = readFileSync(path, 'utf8');
        const file = relative(ROOT, path);
        for (const patch of patches.filter((candidate) => candidate.file === file)) {
          if (code.split(patch.find).length !== 2) throw new Error(`${file}: the patched text must stand there once: ${patch.find}`);
          code = code.replace(patch.find, () => patch.replace);
          applied.add(patch);
        }
        return { code, moduleType: 'ts' };
      },
    },
  };
}
