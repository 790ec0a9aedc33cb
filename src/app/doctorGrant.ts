import type { MailboxSenderConfig } from '../config/config.ts';
import { mailboxOf } from '../config/oauth.ts';
import { asApplication } from '../config/senderAuth.ts';
import type { AccessTokens } from '../domain/accessToken.ts';
import { type Check, fail, ok, warn } from '../domain/check.ts';
import { DAY, formatDuration } from '../domain/duration.ts';
import { OutreachError } from '../domain/errors.ts';
import { refreshedTokens } from '../oauth/accessTokens.ts';
import type { OAuthClient } from '../oauth/client.ts';
import { allows, type Grant } from '../oauth/grant.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { App } from './app.ts';
import { applicationChecks } from './doctorApplication.ts';
import { type Grants, loginCommandOf, openClient, openGrants, refuseWithoutGrant } from './grants.ts';

interface Reach {
  readonly env: NodeJS.ProcessEnv;
  readonly secrets: Secrets;
  readonly now: () => number;
}

/** Longer than anybody takes to look after a grant that ends. */
const ENDS_SOON = 14 * DAY;

/** Renews a sender's grant, as a worker does, and says what it holds. `tokens`: to log in with; undefined where that is in vain. */
export async function grantChecks(
  app: App,
  sender: MailboxSenderConfig,
  { env, secrets, now }: Reach,
): Promise<{ readonly checks: Check[]; readonly tokens: AccessTokens | undefined }> {
  if (asApplication(sender)) return applicationChecks(app, sender, { secrets, now });
  const { name } = sender;
  const mend = loginCommandOf(name);
  const checks: Check[] = [];
  try {
    const client = await openClient(app.config, sender, secrets);
    const store = openGrants(app.workspace, env, name);
    await refuseWithoutGrant(store, `${app.config.path}: sender ${name}`, name);
    const told = (what: string) => checks.push(warn('grant', name, what));
    const tokens = refreshedTokens({ client, store, mend, now, uptime: () => performance.now(), warn: told });
    const held = await tokens.current();
    // Whether the grant itself still holds, its token does not tell.
    const renewed = held.ok ? await tokens.instead(held.token) : held;
    if (!renewed.ok) {
      const check = renewed.lasting
        ? fail('grant', name, renewed.reply, `Log in again: ${mend}`)
        : warn('grant', name, `could not be asked: ${renewed.reply}`, 'Try again: outreach doctor');
      return { checks: [...checks, check], tokens: undefined };
    }
    checks.push(await verdict(client, store, sender, mend, now()));
    return { checks, tokens };
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    return { checks: [fail('grant', name, error.message, error.hint ?? `Log in again: ${mend}`)], tokens: undefined };
  }
}

async function verdict(client: OAuthClient, store: Grants, sender: MailboxSenderConfig, mend: string, now: number): Promise<Check> {
  const { name } = sender;
  const grant = await store.read();
  if (grant === undefined) return fail('grant', name, 'it was removed just now', `Log in: ${mend}`);
  const detail = detailOf(grant, client);
  if (!allows(grant, client.scope))
    return fail('grant', name, `${detail}; it does not allow ${client.scope}`, `Log in again, and leave every box ticked: ${mend}`);
  const user = mailboxOf(sender);
  if (grant.mailbox !== null && grant.mailbox.toLowerCase() !== user.toLowerCase())
    return warn('grant', name, `${detail}; the sender's mailbox is ${user}`, `Right for a shared mailbox or an alias; otherwise: ${mend}`);
  if (grant.ends_at !== null && grant.ends_at - now < ENDS_SOON)
    return warn('grant', name, detail, 'A client that is still tested gets such short grants; docs/providers.md tells how to publish it.');
  return ok('grant', name, detail);
}

function detailOf({ mailbox, scope, granted_at, ends_at, access }: Grant, { label }: OAuthClient): string {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  const end = ends_at === null ? '' : `, and ends on ${day(ends_at)}`;
  const whose = mailbox ?? 'a mailbox that it does not name';
  return `${whose} at ${label}, renewed now; a token holds ${formatDuration(access.lifetime_ms)}; allowed on ${day(granted_at)}${end}; scope: ${scope}`;
}
