import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { OutreachError } from '../domain/errors.ts';
import { resolveSecret } from './config.ts';
import type { Workspace } from './workspace.ts';

/** The PEM text behind `file:PATH` (relative to the workspace) or any reference to a secret; `warn` is told of a file that others can read. */
export function resolveKey(
  reference: string,
  askedBy: string,
  { workspace, env, warn }: { readonly workspace: Workspace; readonly env: NodeJS.ProcessEnv; warn(what: string): void },
): string {
  if (!reference.startsWith('file:')) return resolveSecret(reference, askedBy, env);
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
