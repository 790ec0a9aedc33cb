import { spawnSync } from 'node:child_process';

/** Undefined where mounts can be tried: Linux, as root, with unshare and mount. Otherwise why not. */
export const NO_MOUNTS = whyNot();

/** What a test that needs mounts is called where it is skipped. */
export function named(name: string): string {
  return NO_MOUNTS === undefined ? name : `${name} (skipped: ${NO_MOUNTS})`;
}

/** A command line that runs `command` in a mount namespace of its own, after `mounts`; nobody else sees them. */
export function inNamespace(mounts: readonly (readonly string[])[], command: readonly string[]): { file: string; parameters: string[] } {
  const lines = [...mounts.map((parameters) => `mount ${parameters.map(quoted).join(' ')}`), `exec ${command.map(quoted).join(' ')}`];
  return { file: 'unshare', parameters: ['--mount', 'sh', '-c', lines.join(' && ')] };
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const tried = spawnSync('unshare', ['--mount', 'true']);
  return tried.status === 0 ? undefined : 'no mount namespaces here';
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
