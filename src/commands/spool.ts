import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Workspace } from '../config/workspace.ts';

/** Standard input is kept until the import is done: its hash must be known first, and it is read twice. */
export async function spool(workspace: Workspace): Promise<{ path: string; name: string; remove: () => void }> {
  const folder = join(workspace.data, 'imports');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `stdin-${randomBytes(6).toString('hex')}.csv`);
  const remove = () => rmSync(path, { force: true });
  try {
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    remove();
    throw error;
  }
  return { path, name: 'stdin', remove };
}
