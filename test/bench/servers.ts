import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Folder } from '../support/program.ts';

/** A database server of its own for one bench, on loopback; undefined when this machine has none. */
export interface DatabaseServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Redis that writes every command to disk before it answers: the durability that the others have. */
export async function startRedis(folder: Folder): Promise<DatabaseServer | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const port = await freePort();
  const parameters = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder.path,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ];
  const child = spawn('redis-server', parameters, { stdio: 'ignore' });
  return until(
    child,
    `redis://127.0.0.1:${port}`,
    () => spawnSync('redis-cli', ['-p', String(port), 'ping']).stdout?.includes('PONG') === true,
  );
}

/** PostgreSQL as it comes: fsync and synchronous_commit are on. */
export async function startPostgres(folder: Folder): Promise<DatabaseServer | undefined> {
  const bin = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim();
  if (!bin || spawnSync(`${bin}/postgres`, ['--version']).status !== 0) return undefined;
  const owner = ownerFor();
  const data = folder.at('postgres');
  mkdirSync(data);
  if (owner.uid !== undefined) for (const path of [folder.path, data]) chownSync(path, owner.uid, owner.uid);
  execFileSync(`${bin}/initdb`, ['-D', data, '-A', 'trust', '-U', 'bench', '--no-instructions'], { stdio: 'ignore', ...owner });
  const port = await freePort();
  const child = spawn(`${bin}/postgres`, ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', ''], { stdio: 'ignore', ...owner });
  const url = `postgres://bench@127.0.0.1:${port}/postgres`;
  return until(child, url, () => spawnSync(`${bin}/pg_isready`, ['-h', '127.0.0.1', '-p', String(port)]).status === 0);
}

/** PostgreSQL refuses to run as root. */
function ownerFor(): { uid?: number } {
  if (process.getuid?.() !== 0) return {};
  return { uid: Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' })) };
}

async function until(child: ChildProcess, url: string, ready: () => boolean): Promise<DatabaseServer> {
  for (let tries = 0; !ready(); tries++) {
    if (tries > 100 || child.exitCode !== null) throw new Error(`${url} did not start`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    url,
    async stop() {
      child.kill('SIGINT');
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
