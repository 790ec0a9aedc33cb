import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Workspace } from '../config/workspace.ts';
import { OutreachError } from '../domain/errors.ts';
import type { Secrets } from '../secrets/secrets.ts';

/** The PEM text behind `file:PATH` (relative to the workspace) or any reference to a secret; `warn` is told of a file that others can read. */
export async function resolveKey(
  reference: string,
  askedBy: string,
  { workspace, secrets, warn }: { readonly workspace: Workspace; readonly secrets: Secrets; warn(what: string): void },
): Promise<string> {
  if (!reference.startsWith('file:')) return secrets.resolve(reference, askedBy);
  const path = resolve(workspace.root, reference.slice('file:'.length));
  try {
    // Windows keeps rights elsewhere, and shows every file as readable.
    if (process.platform !== 'win32' && (statSync(path).mode & 0o004) !== 0)
      warn(`${path} can be read by everybody on this machine; run: chmod 600 ${path}`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? `there is no ${path}` : `${path} cannot be read (${code ?? 'unknown error'})`;
    throw new OutreachError('config', `${askedBy}: ${what}`, {
      hint: 'Make a key: openssl genrsa -out dkim.pem 2048 && chmod 600 dkim.pem',
      cause,
    });
  }
}
