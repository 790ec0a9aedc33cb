import { resolve } from 'node:path';
import type { Workspace } from '../config/workspace.ts';
import { OutreachError } from '../domain/errors.ts';
import { strangersOf } from '../files/owners.ts';
import { readBounded, UnfitFile } from '../files/readFile.ts';
import type { Secrets } from '../secrets/secrets.ts';

/** No key in PEM is longer. */
const MOST = 100_000;

/** The PEM text behind `file:PATH` (relative to the workspace) or any reference to a secret; `warn` is told of a file that others can read. */
export async function resolveKey(
  reference: string,
  askedBy: string,
  { workspace, secrets, warn }: { readonly workspace: Workspace; readonly secrets: Secrets; warn(what: string): void },
): Promise<string> {
  if (!reference.startsWith('file:')) return secrets.resolve(reference, askedBy);
  const path = resolve(workspace.root, reference.slice('file:'.length));
  try {
    const { bytes, stat } = readBounded(path, { most: MOST });
    const strangers = strangersOf(stat);
    if (strangers !== undefined)
      throw new OutreachError('config', `${askedBy}: ${path} ${strangers}`, { hint: `If the key is still yours alone: chmod 600 ${path}` });
    // Windows keeps rights elsewhere, and shows every file as readable.
    if (process.platform !== 'win32' && (stat.mode & 0o004) !== 0)
      warn(`${path} can be read by everybody on this machine; run: chmod 600 ${path}`);
    return bytes.toString('utf8');
  } catch (cause) {
    if (cause instanceof OutreachError) throw cause;
    if (cause instanceof UnfitFile) throw new OutreachError('config', `${askedBy}: ${cause.message}`, { cause });
    const { code } = cause as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? `there is no ${path}` : `${path} cannot be read (${code ?? 'unknown error'})`;
    throw new OutreachError('config', `${askedBy}: ${what}`, {
      hint: 'Make a key: openssl genrsa -out dkim.pem 2048 && chmod 600 dkim.pem',
      cause,
    });
  }
}
