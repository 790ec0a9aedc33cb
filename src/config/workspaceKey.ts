import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { OutreachError } from '../domain/errors.ts';
import { strangersOf } from '../files/owners.ts';
import { putFile } from '../files/ownFiles.ts';
import { readBounded, whyUnread } from '../files/readFile.ts';
import { prepareData, type Workspace } from './workspace.ts';

const BYTES = 32;
/** A file that is longer is no key. */
const MOST = 1_000;

/**
 * The workspace's own key, 256 bits in `.outreach/key` (0600), made on first use: unsubscribe tokens
 * and the hashes of forgotten people hang on it. It never stands in the database; a backup needs it too.
 */
export function workspaceKey(workspace: Workspace): Buffer {
  const path = keyFile(workspace);
  const key = readKey(path) ?? makeKey(workspace, path);
  if (key.length === BYTES) return key;
  throw new OutreachError('environment', `${path} is not a key of ${BYTES} bytes`, {
    hint: 'Put it back from a backup. Without it links to unsubscribe in mails sent before, and forgotten people, are not recognised.',
  });
}

export function keyFile(workspace: Workspace): string {
  return join(workspace.data, 'key');
}

/** The same for two processes at once: the first one's stays. */
function makeKey(workspace: Workspace, path: string): Buffer {
  prepareData(workspace);
  putFile(path, randomBytes(BYTES), { durable: true });
  return readKey(path) ?? Buffer.alloc(0);
}

/** Undefined when there is none. A key that others can write, or that is another user's, is nobody's secret. */
function readKey(path: string): Buffer | undefined {
  try {
    const { bytes, stat } = readBounded(path, { most: MOST, links: false });
    const strangers = strangersOf(stat);
    if (strangers === undefined) return bytes;
    throw new OutreachError('environment', `${path} ${strangers}`, { hint: `If the key is still yours alone: chmod 600 ${path}` });
  } catch (cause) {
    if (cause instanceof OutreachError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OutreachError('environment', whyUnread(path, cause), { cause });
  }
}
