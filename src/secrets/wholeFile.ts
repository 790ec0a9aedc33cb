import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, OutreachError } from '../domain/errors.ts';

/** Undefined when there is no such file. One that others may read is refused: whoever made it so should know what is in it. */
export function readOwn(path: string): string | undefined {
  try {
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new OutreachError('environment', `${path} can be read by others than you`, {
        hint: `If its secrets are still yours alone: chmod 600 ${path}`,
      });
    }
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof OutreachError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OutreachError('environment', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** The new text or the old one, whatever happens, readable by this user alone. Its callers hold the lock, so one name aside is enough. */
export function replaceOwn(path: string, text: string): void {
  const aside = `${path}.new`;
  try {
    // What a killed process left there.
    rmSync(aside, { force: true });
    const descriptor = openSync(aside, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(aside, path);
    syncFolder(dirname(path));
  } catch (cause) {
    rmSync(aside, { force: true });
    throw new OutreachError('environment', `${path} cannot be written (${messageOf(cause)}); it is as it was`, { cause });
  }
}

function syncFolder(path: string): void {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
