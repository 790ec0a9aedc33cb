import { join } from 'node:path';
import type { Config, MailboxSenderConfig } from '../config/config.ts';
import { mailboxOf } from '../config/oauth.ts';
import { asApplication, oauthProviderOf } from '../config/senderAuth.ts';
import { prepareData, type Workspace } from '../config/workspace.ts';
import type { AccessTokens } from '../domain/accessToken.ts';
import { OutreachError } from '../domain/errors.ts';
import { type GrantStore, refreshedTokens } from '../oauth/accessTokens.ts';
import { ApplicationTokens } from '../oauth/applicationTokens.ts';
import { clientOf, type OAuthClient } from '../oauth/client.ts';
import { type Grant, grantText, parseGrant } from '../oauth/grant.ts';
import { OAUTH } from '../oauth/providers.ts';
import type { SecretStore } from '../secrets/secretStore.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { whileLocked } from '../store/sqlite/lock.ts';
import { applicationMend, resumeCommandOf } from './applications.ts';
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

/** What a person does where its mailbox refuses tokens that are fresh. */
export function mendOf(sender: MailboxSenderConfig): string {
  if (!asApplication(sender)) return `log in again: ${loginCommandOf(sender.name)}`;
  return `an administrator must let the application into the mailbox ${mailboxOf(sender)}; then: ${resumeCommandOf(sender.name)}`;
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

/** Where what was allowed to a sender is taken back, by the person or the administrator who did. */
export function withdrawalOf(sender: MailboxSenderConfig): string | undefined {
  const provider = oauthProviderOf(sender);
  if (provider === undefined) return undefined;
  const { withdraw, applications } = OAUTH[provider];
  return asApplication(sender)
    ? `The secret stays valid at the provider until an administrator deletes it: ${applications}`
    : `What you allowed stands at the provider until you take it back: ${withdraw}`;
}

/** The registered client of a sender, with its secret. */
export async function openClient(config: Config, sender: MailboxSenderConfig, secrets: Secrets): Promise<OAuthClient> {
  const { oauth, name } = sender;
  const client_secret = oauth?.client_secret;
  const askedBy = `${config.path}: sender ${name}: oauth.client_secret`;
  const secret = client_secret === undefined ? undefined : (await secrets.resolve(client_secret, askedBy)).trim();
  return clientWith(sender, secret);
}

/** The same with a secret that is at hand. */
export function clientWith(sender: MailboxSenderConfig, secret: string | undefined): OAuthClient {
  const { oauth, name, type, insecure } = sender;
  const provider = oauthProviderOf(sender);
  if (oauth === undefined || provider === undefined) throw new Error(`sender ${name} has no client`);
  return clientOf(provider, oauth, { by: type === 'smtp' ? 'smtp' : 'api', secret, insecure });
}

interface Opening {
  readonly config: Config;
  readonly workspace: Workspace;
  readonly env: NodeJS.ProcessEnv;
  readonly secrets: Secrets;
  readonly warn: (what: string) => void;
}

/** The tokens of a sender. Rejects where nobody has logged in yet, or a secret is missing: a worker says so before it claims anything. */
export async function openTokens({ config, workspace, env, secrets, warn }: Opening, sender: MailboxSenderConfig): Promise<AccessTokens> {
  const clocks = { now: Date.now, uptime: () => performance.now() };
  const client = await openClient(config, sender, secrets);
  if (asApplication(sender)) {
    const anew = () => openClient(config, sender, openSecrets(workspace, env));
    return new ApplicationTokens({ client: anew, mend: applicationMend(sender), ...clocks });
  }
  const store = openGrants(workspace, env, sender.name);
  const mend = loginCommandOf(sender.name);
  await refuseWithoutGrant(store, `${config.path}: sender ${sender.name}`, sender.name);
  return refreshedTokens({ client, store, mend, warn, ...clocks });
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
