import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Workspace } from '../config/workspace.ts';
import { createFile, makeFolder } from '../files/ownFiles.ts';
import { writesNothing } from '../files/readOnly.ts';

/** Standard input is kept until the import is done: its hash must be known first, and it is read twice. Of a rehearsal outside of the workspace, in which nothing changes then. */
export async function spool(workspace: Workspace): Promise<{ path: string; name: string; remove: () => void }> {
  const aside = writesNothing() ? mkdtempSync(join(tmpdir(), 'outreach-stdin-')) : undefined;
  const folder = aside ?? join(workspace.data, 'imports');
  if (aside === undefined) makeFolder(folder);
  const path = join(folder, `stdin-${randomBytes(6).toString('hex')}.csv`);
  const remove = () => rmSync(aside ?? path, { recursive: true, force: true });
  try {
    const fd = aside === undefined ? createFile(path) : openSync(path, 'wx', 0o600);
    await pipeline(process.stdin, createWriteStream(path, { fd }));
  } catch (error) {
    remove();
    throw error;
  }
  return { path, name: 'stdin', remove };
}
