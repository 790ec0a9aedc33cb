import { userInfo } from 'node:os';
import { forTerminal } from '../domain/text.ts';

const LONGEST = 64;

/** Who acts, as the operating system calls them; null where it does not say. A container may run under an id without a name. */
export function actorName(): string | null {
  return cleanName(loginName()) ?? (process.getuid === undefined ? null : `uid ${process.getuid()}`);
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}

/** A directory service may hold any text as a name. */
export function cleanName(name: string): string | undefined {
  return forTerminal(name).slice(0, LONGEST).trim() || undefined;
}
