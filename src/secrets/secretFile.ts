import { OutreachError } from '../domain/errors.ts';
import type { Exclusively, SecretStore } from './secretStore.ts';
import { readOwn, replaceOwn } from './wholeFile.ts';

/** Secrets in a plain file for this user's eyes alone (0600): for machines without a keychain, and only where a person asked for it. */
export function secretFile(path: string, exclusively: Exclusively): SecretStore {
  const change = <T>(how: (secrets: Map<string, string>) => T): T =>
    exclusively(() => {
      const secrets = readSecrets(path);
      const result = how(secrets);
      replaceOwn(path, `${JSON.stringify({ version: 1, secrets: Object.fromEntries(secrets) }, null, 2)}\n`);
      return result;
    });
  return {
    place: 'file',
    getPassword: async (name) => readSecrets(path).get(name) ?? null,
    setPassword: async (name, password) => void change((secrets) => secrets.set(name, password)),
    // Nobody's file is made, or written anew, to take nothing out of it.
    deletePassword: async (name) => readSecrets(path).has(name) && change((secrets) => secrets.delete(name)),
    names: async () => [...readSecrets(path).keys()].sort(),
  };
}

function readSecrets(path: string): Map<string, string> {
  const text = readOwn(path);
  if (text === undefined) return new Map();
  try {
    const { version, secrets } = JSON.parse(text) as { version: unknown; secrets: Record<string, unknown> };
    const entries = Object.entries(secrets).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    if (version === 1 && entries.length === Object.keys(secrets).length) return new Map(entries);
  } catch {
    // The parser's own message would repeat a part of the file.
  }
  throw new OutreachError('environment', `${path} is damaged, or of a newer version of the program`, {
    hint: 'Remove it and store its secrets again: outreach login NAME --file',
  });
}
