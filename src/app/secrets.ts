import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { prepareData, type Workspace } from '../config/workspace.ts';
import { OutreachError } from '../domain/errors.ts';
import { keychain } from '../secrets/keychain.ts';
import { secretFile } from '../secrets/secretFile.ts';
import { Secrets } from '../secrets/secrets.ts';
import { underLock } from '../store/sqlite/lock.ts';

/** A keychain that nobody can unlock just now must not hold a service back; a person at the keyboard may have to type a password. */
const KEYCHAIN_LIMIT = 5_000;
const KEYCHAIN_LIMIT_AT_TERMINAL = 30_000;
const LOCK_LIMIT = 10_000;

/** The secrets of one workspace: its environment, its part of the keychain, its file. Nothing is asked before a name is. */
export function openSecrets(workspace: Workspace, env: NodeJS.ProcessEnv): Secrets {
  const exclusively = <T>(change: () => T): T => {
    prepareData(workspace);
    return underLock(join(workspace.data, 'secrets.lock'), LOCK_LIMIT, change);
  };
  return new Secrets({
    env,
    keychain: keychain({
      workspace: createHash('sha256').update(realpathSync(workspace.root)).digest('hex').slice(0, 16),
      index: join(workspace.data, 'keychain.json'),
      exclusively,
      env,
      limitMs: process.stdin.isTTY === true ? KEYCHAIN_LIMIT_AT_TERMINAL : KEYCHAIN_LIMIT,
    }),
    file: secretFile(secretsPath(workspace), exclusively),
  });
}

/** Why a workspace that is still to be made would find no keychain; undefined when it would. Stores nothing. */
export async function keychainTrouble(workspace: Workspace, env: NodeJS.ProcessEnv): Promise<OutreachError | undefined> {
  const index = join(workspace.data, 'keychain.json');
  const asked = keychain({ workspace: 'none', index, exclusively: (change) => change(), env, limitMs: KEYCHAIN_LIMIT_AT_TERMINAL });
  try {
    await asked.getPassword('none');
    return undefined;
  } catch (error) {
    if (error instanceof OutreachError) return error;
    throw error;
  }
}

export function secretsPath(workspace: Workspace): string {
  return join(workspace.data, 'secrets.json');
}

/** A key goes into a header (RFC 9110 §5.5): a line break in it would end up in an error message, key and all. */
export function headerSafe(key: string, reference: string): string {
  if (/^[\x21-\x7e]+$/.test(key.trim())) return key.trim();
  throw new OutreachError('config', `${reference} holds characters that no key has (a line break, a space, or a letter outside ASCII)`, {
    hint: 'Copy the key again, on one line.',
  });
}
