import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { prepareData, type Workspace } from './workspace.ts';

const BYTES = 32;

/**
 * The workspace's own key, 256 bits in `.outreach/key` (0600), made on first use: unsubscribe tokens
 * and the hashes of forgotten people hang on it. It never stands in the database; a backup needs it too.
 */
export function workspaceKey(workspace: Workspace): Buffer {
  const path = keyFile(workspace);
  const key = readIfThere(path) ?? makeKey(workspace, path);
  if (key.length === BYTES) return key;
  throw new OutreachError('environment', `${path} is not a key of ${BYTES} bytes`, {
    hint: 'Put it back from a backup. Without it links to unsubscribe in mails sent before, and forgotten people, are not recognised.',
  });
}

export function keyFile(workspace: Workspace): string {
  return join(workspace.data, 'key');
}

/** Whole or not at all, and the same for two processes at once: written aside, then linked into place. */
function makeKey(workspace: Workspace, path: string): Buffer {
  prepareData(workspace);
  const aside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const descriptor = openSync(aside, 'wx', 0o600);
  try {
    writeSync(descriptor, randomBytes(BYTES));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return readFileSync(path);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OutreachError('environment', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
