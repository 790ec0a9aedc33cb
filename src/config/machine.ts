import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { runProgram } from '../spawn/spawn.ts';
import { baseFolder, type Surroundings } from './workspace.ts';

type Asked = Pick<Surroundings, 'env' | 'platform'>;

/** What a system tool may take to answer. */
const ANSWER_WITHIN_MS = 2_000;

/**
 * A hash of what the operating system calls this machine, so that no other program's files can be
 * matched with ours (man machine-id); OUTREACH_MACHINE_ID overrules it, for containers. Undefined
 * where there is none, and with `quick` where another program must be asked (macOS, Windows).
 */
export function machineId({ env, platform }: Asked, { quick = false } = {}): string | undefined {
  const id = (env.OUTREACH_MACHINE_ID || ownId(platform, env, quick))?.trim();
  if (id === undefined || id === '') return undefined;
  return createHash('sha256').update(`outreach machine ${id}`).digest('hex').slice(0, 32);
}

/** Where this user's programs keep what is neither settings nor data; no copy of a workspace takes it along. OUTREACH_STATE overrules it. */
export function stateFolder({ env, platform }: Asked): string {
  if (env.OUTREACH_STATE) return resolve(env.OUTREACH_STATE);
  const home = env.HOME ?? homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'outreach', 'state');
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'outreach', 'state');
  return join(baseFolder(env.XDG_STATE_HOME, join(home, '.local', 'state')), 'outreach');
}

function ownId(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, quick: boolean): string | undefined {
  if (quick && (platform === 'darwin' || platform === 'win32')) return undefined;
  const answer = (program: string, parameters: readonly string[]) =>
    runProgram(program, parameters, { env, limitMs: ANSWER_WITHIN_MS }).stdout.toString();
  if (platform === 'darwin') {
    return /"IOPlatformUUID" = "([^"]+)"/.exec(answer('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']))?.[1];
  }
  if (platform === 'win32') {
    const key = 'HKLM\\SOFTWARE\\Microsoft\\Cryptography';
    return /MachineGuid\s+REG_SZ\s+(\S+)/.exec(answer('reg.exe', ['query', key, '/v', 'MachineGuid']))?.[1];
  }
  return firstText(['/etc/machine-id', '/var/lib/dbus/machine-id', '/etc/hostid']);
}

/** An image of a system that never ran has `uninitialized` there (man machine-id). */
function firstText(paths: readonly string[]): string | undefined {
  for (const path of paths) {
    try {
      const text = readFileSync(path, 'utf8').trim();
      if (text !== '' && text !== 'uninitialized') return text;
    } catch {}
  }
  return undefined;
}
