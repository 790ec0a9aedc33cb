import { createRequire } from 'node:module';
import { OutreachError } from '../domain/errors.ts';
import { oneLine } from '../domain/text.ts';
import { runScript } from '../spawn/spawn.ts';
import type { Exclusively, SecretStore } from './secretStore.ts';
import { readOwn, replaceOwn } from './wholeFile.ts';

export interface KeychainSettings {
  /** What the keychain calls this workspace: two workspaces do not share their secrets. */
  readonly workspace: string;
  /** The file with the names that were stored. */
  readonly index: string;
  readonly exclusively: Exclusively;
  readonly env: NodeJS.ProcessEnv;
  /** For one answer, in ms: a person may have to unlock it. */
  readonly limitMs: number;
}

/**
 * The system's own keychain: Keychain, Credential Manager, or what speaks the Secret Service.
 * Every call is a process of its own. A D-Bus that does not answer blocks the library's very constructor,
 * so no signal and no timer of this process could end it (measured with a silent socket), and it would
 * block an exit too.
 */
export function keychain(settings: KeychainSettings): SecretStore {
  const { index, exclusively } = settings;
  let broken: OutreachError | undefined;
  const ask = async (call: KeychainCall): Promise<KeychainAnswer> => {
    // What did not answer once would let every further name wait as long.
    if (broken !== undefined) throw broken;
    try {
      return await callKeychain(settings, call);
    } catch (error) {
      broken = error as OutreachError;
      throw error;
    }
  };
  const list = () => readNames(index);
  const note = (names: (now: Set<string>) => void) =>
    exclusively(() => {
      const now = new Set(list());
      names(now);
      replaceOwn(index, `${JSON.stringify([...now].sort())}\n`);
    });
  return {
    place: 'keychain',
    async getPassword(name) {
      const { value } = await ask({ method: 'getPassword', name });
      return typeof value === 'string' ? value : null;
    },
    async setPassword(name, password) {
      await ask({ method: 'setPassword', name, password });
      if (!list().includes(name)) note((names) => names.add(name));
    },
    async deletePassword(name) {
      const { value } = await ask({ method: 'deletePassword', name });
      if (list().includes(name)) note((names) => names.delete(name));
      return value === true;
    },
    names: async () => list(),
  };
}

interface KeychainCall {
  readonly method: 'getPassword' | 'setPassword' | 'deletePassword';
  readonly name: string;
  readonly password?: string;
}

interface KeychainAnswer {
  readonly value?: string | boolean | null;
  readonly error?: string;
}

const SERVICE = 'outreach';
const PACKAGE = '@napi-rs/keyring';

/**
 * Reads one call from standard input, where no other process can see it, and answers on standard
 * output. Pinned to the Secret Service: without it Linux falls back to a kernel keyring that a reboot empties.
 */
const CHILD = `
let text = '';
process.stdin.on('data', (chunk) => (text += chunk)).on('end', () => {
  let answer;
  try {
    const { module, method, service, account, password } = JSON.parse(text);
    const entry = new (require(module).Entry)(service, account, { linux: { store: 'secret-service' } });
    answer = { value: method === 'setPassword' ? entry.setPassword(password) : entry[method]() };
  } catch (error) {
    answer = { error: String(error.message) };
  }
  process.stdout.write(JSON.stringify(answer));
});`;

async function callKeychain({ workspace, env, limitMs }: KeychainSettings, { name, ...call }: KeychainCall): Promise<KeychainAnswer> {
  const request = JSON.stringify({ module: locatePackage(), service: SERVICE, account: `${workspace}/${name}`, ...call });
  const output = await runScript(CHILD, { env, input: Buffer.from(request), limitMs });
  if (output === undefined) {
    throw unusable(`it did not answer within ${limitMs / 1_000} s`, 'If it is locked, unlock it and try again.');
  }
  const answer = readAnswer(output);
  if (answer.error === undefined) return answer;
  throw explain(answer.error);
}

/** As the library words it on a machine without a session bus, without a Secret Service on it, and with a locked one. */
function explain(error: string): OutreachError {
  if (/failed to connect|autolaunch|not provided by any|ServiceUnknown/i.test(error))
    return unusable('no Secret Service answers on D-Bus', undefined, error);
  const words = oneLine(error).slice(0, 200);
  return /unlock|locked/i.test(error) ? unusable(`it is locked (${words})`, 'Unlock it and try again.') : unusable(words);
}

function readAnswer(output: string): KeychainAnswer {
  try {
    return JSON.parse(output) as KeychainAnswer;
  } catch {
    return { error: 'its part of this program ended without an answer' };
  }
}

function locatePackage(): string {
  try {
    return createRequire(import.meta.url).resolve(PACKAGE);
  } catch (cause) {
    throw new OutreachError('environment', `the keychain cannot be used: ${PACKAGE} is not installed`, {
      hint: `Get it with: npm install --include=optional ${PACKAGE}`,
      cause,
    });
  }
}

function unusable(why: string, hint?: string, cause?: string): OutreachError {
  return new OutreachError('environment', `the keychain cannot be used: ${why}`, { ...(hint === undefined ? {} : { hint }), cause });
}

function readNames(path: string): string[] {
  try {
    const names: unknown = JSON.parse(readOwn(path) ?? '[]');
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch (error) {
    // Without its index the keychain still answers for every name it is asked for.
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
