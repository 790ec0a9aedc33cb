import { userInfo } from 'node:os';
import { forTerminal } from '../domain/text.ts';

const LONGEST = 64;

/** The person at the keyboard, as the operating system calls them: what a story says of who decided. */
export function actorName(): string {
  const name = forTerminal(loginName()).slice(0, LONGEST).trim();
  return name === '' ? `user ${process.getuid?.() ?? 'unknown'}` : name;
}

/** Empty where the system does not know it. */
export function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container a process may run under a number that no user has.
    return '';
  }
}
