import { existsSync } from 'node:fs';
import type { Workspace } from '../config/workspace.ts';
import { keyFile, workspaceKey } from '../config/workspaceKey.ts';
import { OutreachError } from '../domain/errors.ts';
import { forgottenKey } from '../domain/personKey.ts';

/**
 * Hashes an address as a forgotten person's. The key is read when the first one is asked for, which
 * is when somebody was forgotten: a new key would recognise none of them, so a missing one is an error.
 */
export function forgottenHash(workspace: Workspace): (emailKey: string) => string {
  let key: Buffer | undefined;
  return (emailKey) => {
    if (key === undefined && !existsSync(keyFile(workspace))) throw missingKey(workspace);
    key ??= workspaceKey(workspace);
    return forgottenKey(key, emailKey);
  };
}

/** Told before anything makes a new key, which would recognise nobody who was forgotten. */
export function missingKey(workspace: Workspace): OutreachError {
  return new OutreachError(
    'environment',
    `${keyFile(workspace)} is missing, so forgotten people would not be recognised and be mailed again`,
    {
      hint: `Put it back from a backup. Lost for good: head -c 32 /dev/urandom > ${keyFile(workspace)} makes another, which recognises nobody who was forgotten until then.`,
    },
  );
}
