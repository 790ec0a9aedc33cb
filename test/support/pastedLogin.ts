import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { OAuthServer } from './oauthServer.ts';
import { ENTRY, type Folder, until } from './program.ts';

interface PastedLogin {
  readonly folder: Folder;
  readonly server: OAuthServer;
  readonly env: Readonly<Record<string, string>>;
}

/** Logs in from elsewhere, into the file: opens what `outreach login main` shows, and gives back the address at which it ends, changed or not. */
export async function loginByPaste(
  { folder, server, env }: PastedLogin,
  change: (address: string) => string = (address) => address,
  parameters: readonly string[] = [],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [ENTRY, 'login', 'main', '--stdin', '--file', ...parameters], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, HOME: folder.path, OUTREACH_STATE: join(folder.path, 'state'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const shown = () => /^http:\/\/127\.0\.0\.1:\d+\/authorize\?\S+$/m.exec(stderr)?.[0];
  await until(() => shown() !== undefined || child.exitCode !== null, 'the address is shown');
  child.stdin.end(`${change(server.agree(shown() ?? ''))}\n`);
  return { code: await ended, stdout, stderr };
}
