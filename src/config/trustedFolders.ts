import { lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { ownUser, strangersOf } from '../files/owners.ts';
import { makeFolder, replaceFile } from '../files/ownFiles.ts';
import { readBounded } from '../files/readFile.ts';
import { writesNothing } from '../files/readOnly.ts';
import { stateFolder } from './machine.ts';
import type { Surroundings } from './workspace.ts';

type Asked = Pick<Surroundings, 'env' | 'platform'>;

/** How a folder came to be trusted: it was used (made, named, stood in) by who owns it, or a person said so. */
export type TrustedBy = 'used' | 'trusted';

export interface TrustedFolder {
  /** With no symbolic link in it. */
  readonly path: string;
  /** Of the folder itself: another one that is put under this path has another. */
  readonly id: string;
  readonly by: TrustedBy;
}

const MOST = 1_000_000;

/** Kept in the user's state folder: nothing in a workspace can say that it is to be trusted. A file that others can write to says nothing. */
export function trustedFolders(asked: Asked): TrustedFolder[] {
  try {
    const { bytes, stat } = readBounded(fileOf(asked), { most: MOST, links: false });
    if (strangersOf(stat) !== undefined) return [];
    const { version, folders } = JSON.parse(bytes.toString('utf8')) as { version: unknown; folders: unknown };
    return version === 1 && Array.isArray(folders) ? folders.filter(isTrusted) : [];
  } catch {
    return [];
  }
}

/** `used` holds for a folder that was trusted by name, too. */
export function isRemembered(root: string, asked: Asked, by: TrustedBy): boolean {
  const { path, id } = identityOf(root);
  return trustedFolders(asked).some((folder) => folder.path === path && folder.id === id && (by === 'used' || folder.by === by));
}

/** Notes a folder that is used. Where that cannot be noted it is only not found from below. */
export function remember(root: string, asked: Asked, by: 'used'): void {
  if (writesNothing() || isRemembered(root, asked, by)) return;
  try {
    write(asked, [...without(root, asked), { ...identityOf(root), by }]);
  } catch {
    // A home folder may be read-only.
  }
}

/** What a person says. Throws where it cannot be noted. */
export function trustFolder(root: string, asked: Asked): TrustedFolder {
  const folder: TrustedFolder = { ...identityOf(root), by: 'trusted' };
  writeOrSay(asked, [...without(root, asked), folder]);
  return folder;
}

/** False when it was not trusted. The folder need not be there any more. */
export function distrustFolder(root: string, asked: Asked): boolean {
  const before = trustedFolders(asked);
  const after = without(root, asked);
  if (after.length === before.length) return false;
  writeOrSay(asked, after);
  return true;
}

function without(root: string, asked: Asked): TrustedFolder[] {
  const path = realOf(root);
  return trustedFolders(asked).filter((folder) => folder.path !== path);
}

function writeOrSay(asked: Asked, folders: readonly TrustedFolder[]): void {
  try {
    write(asked, folders);
  } catch (cause) {
    if (cause instanceof OutreachError) throw cause;
    throw new OutreachError('environment', `${fileOf(asked)} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

function write(asked: Asked, folders: readonly TrustedFolder[]): void {
  const path = fileOf(asked);
  refuseStrangeHome(path);
  makeFolder(dirname(path));
  replaceFile(path, `${JSON.stringify({ version: 1, folders }, null, 2)}\n`);
}

/** Whoever became root with `sudo -E` has another user's home folder still: what is written there would be under that user's links. */
function refuseStrangeHome(path: string): void {
  let place = dirname(path);
  while (lstatSync(place, { throwIfNoEntry: false }) === undefined) place = dirname(place);
  const strangers = [lstatSync(place), statSync(place)].map(({ uid }) => uid).filter((uid) => uid !== 0 && uid !== ownUser());
  if (ownUser() === undefined || strangers.length === 0) return;
  throw new OutreachError('environment', `${place} belongs to another user (uid ${strangers[0]}), so nothing is noted in it`, {
    hint: 'Run it with a home folder of your own (sudo -H), or set XDG_STATE_HOME.',
  });
}

function fileOf(asked: Asked): string {
  return join(stateFolder(asked), 'trusted.json');
}

/** A number of a file that was removed may be given to the next one, so the moment it was made counts too; devices may be numbered anew at each start. */
function identityOf(root: string): Pick<TrustedFolder, 'path' | 'id'> {
  const path = realpathSync(root);
  const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
  return { path, id: birthtimeNs > 0n ? `${ino}.${birthtimeNs}` : `${dev}.${ino}` };
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isTrusted(folder: unknown): folder is TrustedFolder {
  const { path, id, by } = (folder ?? {}) as Partial<Record<keyof TrustedFolder, unknown>>;
  return typeof path === 'string' && typeof id === 'string' && (by === 'used' || by === 'trusted');
}
