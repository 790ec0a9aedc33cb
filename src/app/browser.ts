import type { Surroundings } from '../config/workspace.ts';
import { startProgram } from '../spawn/spawn.ts';

type Machine = Pick<Surroundings, 'env' | 'platform'>;

/** Whether a browser here is in front of the person: not over ssh, and on Linux only where there is a display. */
export function hasBrowser({ env, platform }: Machine): boolean {
  if ((env.SSH_CONNECTION ?? '') !== '') return false;
  return platform === 'darwin' || platform === 'win32' || (env.DISPLAY ?? '') !== '' || (env.WAYLAND_DISPLAY ?? '') !== '';
}

/** Shows an address in the person's own browser (RFC 8252 §6); false where that cannot be started. */
export function openBrowser(address: string, { env, platform }: Machine): Promise<boolean> {
  if (platform === 'darwin') return startProgram('open', [address], env);
  if (platform === 'win32') return startProgram('rundll32', ['url.dll,FileProtocolHandler', address], env);
  return startProgram('xdg-open', [address], env);
}
