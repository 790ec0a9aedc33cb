import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { ownUser } from '../files/owners.ts';
import { replaceFile } from '../files/ownFiles.ts';
import { readBounded, whyUnread } from '../files/readFile.ts';

/** More than thousands of secrets take. */
const MOST = 1_000_000;

/** Undefined when there is no such file. One that others may read, or that is not this user's, is refused: whoever made it so should know what is in it. */
export function readOwn(path: string): string | undefined {
  try {
    const { bytes, stat } = readBounded(path, { most: MOST, links: false });
    const user = ownUser();
    if (user !== undefined && stat.uid !== user && stat.uid !== 0)
      throw new OutreachError('environment', `${path} belongs to another user (uid ${stat.uid})`, {
        hint: `Make it yours: chown ${user} ${path}`,
      });
    if (user !== undefined && (stat.mode & 0o077) !== 0) {
      throw new OutreachError('environment', `${path} can be read by others than you`, {
        hint: `If its secrets are still yours alone: chmod 600 ${path}`,
      });
    }
    return bytes.toString('utf8');
  } catch (cause) {
    if (cause instanceof OutreachError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OutreachError('environment', whyUnread(path, cause), { cause });
  }
}

/** The new text or the old one, whatever happens, readable by this user alone. Its callers hold the lock, so what lies beside it is left by a killed process, and holds secrets. */
export function replaceOwn(path: string, text: string): void {
  try {
    removeLeftovers(path);
    replaceFile(path, text, { durable: true });
  } catch (cause) {
    if (cause instanceof OutreachError) throw cause;
    throw new OutreachError('environment', `${path} cannot be written (${messageOf(cause)}); it is as it was`, { cause });
  }
}

function removeLeftovers(path: string): void {
  const folder = dirname(path);
  const isLeft = (name: string) => name.startsWith(`${basename(path)}.`) && /\.(?:new|part)$/.test(name);
  for (const name of readdirSync(folder).filter(isLeft)) rmSync(join(folder, name), { force: true });
}
