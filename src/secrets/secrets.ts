import { join } from 'node:path';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { rememberSecret } from '../domain/redact.ts';
import { parseReference } from '../domain/secretReference.ts';
import { readTextFile } from '../files/readFile.ts';
import type { SecretStore } from './secretStore.ts';

export interface Found {
  readonly value: string | undefined;
  readonly where: 'env' | 'keychain' | 'file' | 'credential' | undefined;
  /** Why a place could not be asked. */
  readonly trouble: OutreachError | undefined;
}

/** Finds what the references of outreach.yaml stand for. */
export class Secrets {
  readonly keychain: SecretStore;
  readonly file: SecretStore;
  readonly #env: NodeJS.ProcessEnv;

  constructor(places: { readonly env: NodeJS.ProcessEnv; readonly keychain: SecretStore; readonly file: SecretStore }) {
    this.keychain = places.keychain;
    this.file = places.file;
    this.#env = places.env;
  }

  /** The value behind a reference. The error names the reference, who asks for it and the fix, never a value. */
  async resolve(reference: string, askedBy: string): Promise<string> {
    const { value, trouble } = await this.find(reference);
    if (value !== undefined) return value;
    throw missing(reference, askedBy, trouble);
  }

  /** `keychain:NAME` is looked up in the keychain, then in the file. What is found is remembered, and never printed from then on. */
  async find(reference: string): Promise<Found> {
    const asked = parseReference(reference);
    if (asked?.kind === 'env') return known(this.#env[asked.name], 'env');
    if (asked === undefined) return known(undefined, undefined);
    if (asked.kind === 'credential') return this.#credential(asked.name);
    let trouble: OutreachError | undefined;
    for (const store of [this.keychain, this.file]) {
      try {
        const value = await store.getPassword(asked.name);
        if (value !== null) return known(value, store.place);
      } catch (error) {
        if (!(error instanceof OutreachError)) throw error;
        // A file that cannot be read is the nearer trouble: the person asked for it.
        trouble = error;
      }
    }
    return known(undefined, undefined, trouble);
  }

  /** A file of the folder that systemd makes for the service alone. Editors and `echo` end a file with a line break, which is no part of a secret. */
  #credential(name: string): Found {
    const folder = this.#env.CREDENTIALS_DIRECTORY;
    if (folder === undefined || folder === '') return known(undefined, undefined);
    try {
      return known(readTextFile(join(folder, name)).replace(/\r?\n$/, ''), 'credential');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return known(undefined, undefined);
      return known(undefined, undefined, new OutreachError('config', `its file cannot be read: ${messageOf(cause)}`, { cause }));
    }
  }
}

function known(value: string | undefined, where: Found['where'], trouble?: OutreachError): Found {
  if (value === undefined || value === '') return { value: undefined, where: undefined, trouble };
  rememberSecret(value);
  return { value, where, trouble };
}

function missing(reference: string, askedBy: string, trouble: OutreachError | undefined): OutreachError {
  const { kind, name } = parseReference(reference) ?? { kind: 'keychain', name: 'NAME' };
  if (kind === 'env') {
    return new OutreachError('config', `${askedBy}: the environment variable ${name} is not set`, {
      hint: `Set it: export ${name}=… (or keep it in a file and pass --env-file FILE; or keep it in the keychain: outreach login --help)`,
    });
  }
  if (kind === 'credential') {
    return new OutreachError(
      'config',
      `${askedBy}: ${reference} was not given to this process${trouble === undefined ? '' : `; ${messageOf(trouble)}`}`,
      {
        hint: `systemd gives it to a service: outreach service install --credential ${name}=FILE (elsewhere: CREDENTIALS_DIRECTORY=FOLDER, which holds a file ${name})`,
      },
    );
  }
  if (trouble === undefined)
    return new OutreachError('config', `${askedBy}: ${reference} is not stored yet`, { hint: `Store it: outreach login ${name}` });
  return new OutreachError('config', `${askedBy}: ${reference} was not found; ${messageOf(trouble)}`, {
    hint: `${trouble.hint === undefined ? '' : `${trouble.hint}\n`}${withoutKeychain(name)}`,
    cause: trouble,
  });
}

/** What to do on a machine that has no keychain. */
export function withoutKeychain(name: string): string {
  return `Where there is none: outreach login ${name} --file keeps it in a file for your eyes only; or write env:NAME in outreach.yaml, and set that variable.`;
}
