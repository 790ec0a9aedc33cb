import { join } from 'node:path';
import { type Config, logsInByGrant, type MailboxSenderConfig } from '../config/config.ts';
import { oauthProviderOf } from '../config/senderAuth.ts';
import { prepareData, type Workspace } from '../config/workspace.ts';
import type { AccessTokens } from '../domain/accessToken.ts';
import { OutreachError } from '../domain/errors.ts';
import { type GrantStore, refreshedTokens } from '../oauth/accessTokens.ts';
import { clientOf, type OAuthClient } from '../oauth/client.ts';
import { type Grant, grantText, parseGrant } from '../oauth/grant.ts';
import { OAUTH } from '../oauth/providers.ts';
import type { SecretStore } from '../secrets/secretStore.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { whileLocked } from '../store/sqlite/lock.ts';
import { openSecrets } from './secrets.ts';

/** Longer than a token server is waited for by whoever holds it, twice over. */
const LOCK_LIMIT_MS = 2 * 60_000;

/** What a sender's grant is called in the keychain or the file. */
export function grantName(sender: string): string {
  return `${sender}.oauth`;
}

/** What a person does to get another one. */
export function loginCommandOf(sender: string): string {
  return `outreach login ${sender}`;
}

/** One sender's grant, and where it is kept. */
export interface Grants extends GrantStore {
  /** Undefined: nobody has logged in yet. */
  find(): Promise<{ readonly grant: Grant; readonly place: SecretStore['place'] } | undefined>;
  /** A new one, into that place. */
  put(grant: Grant, place: SecretStore['place']): Promise<void>;
}

export function openGrants(workspace: Workspace, env: NodeJS.ProcessEnv, sender: string): Grants {
  const name = grantName(sender);
  const alone: GrantStore['alone'] = (work) => {
    prepareData(workspace);
    return whileLocked(join(workspace.data, `${name}.lock`), LOCK_LIMIT_MS, work);
  };
  let place: SecretStore['place'] | undefined;
  const find: Grants['find'] = async () => {
    let trouble: unknown;
    place = undefined;
    // Opened anew: a keychain that was locked once may be open an hour later.
    const { keychain, file } = openSecrets(workspace, env);
    for (const store of [keychain, file]) {
      try {
        const text = await store.getPassword(name);
        if (text === null) continue;
        place = store.place;
        return { grant: parseGrant(text, name, loginCommandOf(sender)), place };
      } catch (error) {
        if (!(error instanceof OutreachError)) throw error;
        trouble = error;
      }
    }
    if (trouble === undefined) return undefined;
    throw trouble;
  };
  return {
    alone,
    find,
    read: async () => (await find())?.grant,
    // Where it was read, under the same lock.
    async write(grant) {
      if (place === undefined) throw new OutreachError('environment', `${name} is no longer stored`);
      await openSecrets(workspace, env)[place].setPassword(name, grantText(grant));
    },
    put: (grant, where) => alone(() => openSecrets(workspace, env)[where].setPassword(name, grantText(grant))),
  };
}

/** Where a person takes back what was allowed to a sender. */
export function withdrawalOf({ senders }: Config, name: string): string | undefined {
  const sender = senders.find((one) => one.name === name);
  const provider = sender !== undefined && logsInByGrant(sender) ? oauthProviderOf(sender) : undefined;
  return provider === undefined ? undefined : OAUTH[provider].withdraw;
}

/** The registered client of a sender, with its secret. */
export async function openClient(config: Config, sender: MailboxSenderConfig, secrets: Secrets): Promise<OAuthClient> {
  const { oauth, name, type, insecure } = sender;
  const provider = oauthProviderOf(sender);
  if (oauth === undefined || provider === undefined) throw new Error(`sender ${name} has no client`);
  const { client_secret } = oauth;
  const askedBy = `${config.path}: sender ${name}: oauth.client_secret`;
  const secret = client_secret === undefined ? undefined : (await secrets.resolve(client_secret, askedBy)).trim();
  return clientOf(provider, oauth, { by: type === 'smtp' ? 'smtp' : 'api', secret, insecure });
}

interface Opening {
  readonly config: Config;
  readonly workspace: Workspace;
  readonly env: NodeJS.ProcessEnv;
  readonly secrets: Secrets;
  readonly warn: (what: string) => void;
}

/** The tokens of a sender. Rejects where nobody has logged in yet: a worker says so before it claims anything. */
export async function openTokens({ config, workspace, env, secrets, warn }: Opening, sender: MailboxSenderConfig): Promise<AccessTokens> {
  const client = await openClient(config, sender, secrets);
  const store = openGrants(workspace, env, sender.name);
  const mend = loginCommandOf(sender.name);
  await refuseWithoutGrant(store, `${config.path}: sender ${sender.name}`, sender.name);
  return refreshedTokens({ client, store, mend, now: Date.now, uptime: () => performance.now(), warn });
}

/** Rejects with what to do where there is no grant. */
export async function refuseWithoutGrant(store: Grants, askedBy: string, sender: string): Promise<void> {
  const name = grantName(sender);
  try {
    if ((await store.read()) !== undefined) return;
  } catch (cause) {
    if (!(cause instanceof OutreachError)) throw cause;
    throw new OutreachError('config', `${askedBy}: its grant (${name}) was not found; ${cause.message}`, {
      hint: `${cause.hint === undefined ? '' : `${cause.hint}\n`}Where there is no keychain: ${loginCommandOf(sender)} --file`,
      cause,
    });
  }
  throw new OutreachError('config', `${askedBy}: nobody has logged in yet`, { hint: `Log in: ${loginCommandOf(sender)}` });
}
