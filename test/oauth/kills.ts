import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { openGrants } from '../../src/app/grants.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { MILESTONES } from '../../src/domain/milestone.ts';
import { clientOf } from '../../src/oauth/client.ts';
import { newGrant } from '../../src/oauth/grant.ts';
import { type Patch, patching } from '../crash/build.ts';
import { Random } from '../crash/random.ts';
import { type OAuthServer, startOAuthServer } from '../support/oauthServer.ts';
import { Folder } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const STEPS = MILESTONES.filter((milestone) => milestone.startsWith('oauth.'));

/** No session bus is there, whatever this machine has: the grant stands in the file. */
const ALONE = { PATH: process.env.PATH, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };

/** Mistakes that lose a grant sooner or later: each must be found, or the runs prove nothing. */
export const GRANT_BUGS: Readonly<Record<string, Patch>> = {
  'the new refresh token is not kept': {
    file: 'src/oauth/grant.ts',
    find: 'refresh_token: next,',
    replace: 'refresh_token: used,',
  },
};

export const NO_LOCK: Patch = {
  file: 'src/app/grants.ts',
  find: 'return whileLocked(',
  replace: 'return ((_: string, __: number, now: typeof work) => now())(',
};

export interface KillReport {
  readonly runs: number;
  readonly killed: number;
  /** The run after which the grant was gone; undefined: it lives. */
  readonly lostAt: number | undefined;
  readonly said: string;
  readonly refreshes: number;
}

interface KillChoice {
  readonly runs: number;
  readonly seed: number;
  readonly bug?: string;
}

/**
 * One grant through many runs. In each, two processes refresh it at once, or the second a moment later; one or both are killed, at a step of the refresh or
 * at a moment of no choice, and answers are lost on their way. A third process must then get a token that the server takes.
 */
export async function runKills({ runs, seed, bug }: KillChoice): Promise<KillReport> {
  const folder = new Folder();
  const server = await startOAuthServer();
  const random = new Random(seed);
  const program = await build(bug ?? 'as it is', bug === undefined ? undefined : GRANT_BUGS[bug]);
  let killed = 0;
  try {
    await giveGrant(folder, server);
    for (let run = 1; run <= runs; run++) {
      const lost = random.chance(0.2);
      server.fault = () => (lost && random.chance(0.3) ? 'answer lost' : undefined);
      server.delay = () => random.pick([0, 0, 250]);
      const starts = [0, random.pick([0, 0, 400])].map((afterMs) => ({ afterMs, times: random.between(3, 5), fate: fateOf(random) }));
      const ends = await Promise.all(
        starts.map(async ({ afterMs, times, fate }) => {
          await new Promise((resolve) => setTimeout(resolve, afterMs));
          return work(program, folder, server, times, fate);
        }),
      );
      killed += ends.filter((end) => end.killed).length;
      server.fault = () => undefined;
      const survivor = await work(program, folder, server, 1, {});
      if (!survivor.works) return { runs: run, killed, lostAt: run, said: survivor.said, refreshes: server.requests.length };
    }
    return { runs, killed, lostAt: undefined, said: '', refreshes: server.requests.length };
  } finally {
    await server.close();
    folder.remove();
  }
}

/** How often two processes that both need another token at once ask for one. */
export async function askedAtOnce(patch?: Patch): Promise<number> {
  const folder = new Folder();
  const server = await startOAuthServer();
  server.delay = () => 1_500;
  try {
    const program = await build(patch === undefined ? 'as it is' : 'without a lock', patch);
    await giveGrant(folder, server, Date.now() - 2 * 3_600_000);
    await Promise.all([0, 1].map(() => work(program, folder, server, 0, {})));
    return server.requests.length;
  } finally {
    await server.close();
    folder.remove();
  }
}

interface Fate {
  readonly step?: string;
  readonly afterMs?: number;
}

function fateOf(random: Random): Fate {
  if (random.chance(0.25)) return {};
  return random.chance(0.6) ? { step: `${random.pick(STEPS)}=${random.between(1, 3)}` } : { afterMs: random.between(0, 150) };
}

async function work(
  program: string,
  folder: Folder,
  server: OAuthServer,
  times: number,
  { step, afterMs }: Fate,
): Promise<{ killed: boolean; works: boolean; said: string }> {
  const failpoint = join(ROOT, 'test', 'crash', 'failpoint.mjs');
  const child = spawn(
    process.execPath,
    ['--import', failpoint, program, folder.path, `${server.url}/token`, server.clientId, String(times)],
    {
      env: { ...ALONE, HOME: folder.path, CRASH_AT: step ?? '', CRASH_WITH: 'SIGKILL' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said = await heard(child, afterMs);
  const last = said.trimEnd().split('\n').at(-1) ?? '';
  const token = /"ok":true,"token":"([^"]+)"/.exec(last)?.[1] ?? '';
  return { killed: child.signalCode === 'SIGKILL', works: server.takes(server.mailbox, token), said: last };
}

/** What a process said until its end; killed `afterMs` behind its first word. */
function heard(child: ChildProcess, afterMs: number | undefined): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      if (said === '' && afterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), afterMs);
      said += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.on('close', () => resolve(said));
  });
}

async function giveGrant(folder: Folder, server: OAuthServer, obtainedAt = Date.now()): Promise<void> {
  const { refreshToken, accessToken } = server.grant();
  const client = clientOf('google', { client_id: server.clientId }, { by: 'smtp', secret: undefined, insecure: false });
  const granted = { accessToken, refreshToken, lifetimeMs: 3_600_000, scope: undefined, mailbox: server.mailbox, grantEndsInMs: undefined };
  const grant = newGrant(client, granted, obtainedAt);
  folder.write('outreach.yaml', 'version: 1\n');
  if (grant === undefined) throw new Error('no grant');
  await openGrants(workspaceAt(folder.path), ALONE, 'main').put(grant, 'file');
}

/** One file, so that a process begins in a tenth of a second. */
async function build(name: string, patch: Patch | undefined): Promise<string> {
  const patches = patch === undefined ? [] : [patch];
  const dir = join(ROOT, 'node_modules', '.cache', 'outreach-grants', name.replaceAll(' ', '-'));
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const bundle = await rolldown({
    input: join(ROOT, 'test', 'oauth', 'refresher.ts'),
    platform: 'node',
    external: ['better-sqlite3', 'better-sqlite3-v12', '@napi-rs/keyring'],
    checks: { ineffectiveDynamicImport: false },
    plugins: [patching(patches, new Set())],
  });
  await bundle.write({ dir, format: 'esm', entryFileNames: 'refresher.mjs', chunkFileNames: '[name].mjs' });
  await bundle.close();
  return join(dir, 'refresher.mjs');
}
