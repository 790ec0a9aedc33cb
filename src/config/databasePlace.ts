import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { makeFolder } from '../files/ownFiles.ts';
import type { Workspace } from './workspace.ts';

/** Makes the folder of the database, for this user alone. Throws, with the line of outreach.yaml, where no database can stand. */
export async function prepareDatabasePlace(workspace: Workspace, path: string): Promise<void> {
  const trouble = troubleWith(path);
  if (trouble === undefined) return;
  const { inspectConfig } = await import('./config.ts');
  const inspected = inspectConfig(workspace);
  const place = inspected.ok ? inspected.placeOf(['database']) : workspace.configFile;
  throw new OutreachError('config', `${place}: database: ${trouble.text}; write the path of a file, such as .outreach/outreach.db`, {
    cause: trouble.cause,
  });
}

function troubleWith(path: string): { readonly text: string; readonly cause?: unknown } | undefined {
  const folder = dirname(path);
  try {
    makeFolder(folder);
    if (!statSync(folder).isDirectory()) return { text: `${folder} is no folder` };
    return existsSync(path) && !statSync(path).isFile() ? { text: `${path} is no file` } : undefined;
  } catch (cause) {
    // A full disk and missing rights are the machine's trouble, and are told as such.
    if (!['ENOTDIR', 'ENOENT'].includes(String((cause as NodeJS.ErrnoException).code))) throw cause;
    return { text: `${folder} cannot be made: ${messageOf(cause)}`, cause };
  }
}
