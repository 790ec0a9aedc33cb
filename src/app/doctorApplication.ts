import type { MailboxSenderConfig } from '../config/config.ts';
import { mailboxOf } from '../config/oauth.ts';
import type { AccessTokens } from '../domain/accessToken.ts';
import { type Check, fail, ok, warn } from '../domain/check.ts';
import { formatDuration } from '../domain/duration.ts';
import { OutreachError } from '../domain/errors.ts';
import { ApplicationTokens } from '../oauth/applicationTokens.ts';
import type { OAuthClient } from '../oauth/client.ts';
import type { Granted } from '../oauth/tokenServer.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { App } from './app.ts';
import { applicationMend } from './applications.ts';
import { openClient } from './grants.ts';

/** Asks for a token as a worker does, and says what it holds. `tokens`: to log in with; undefined where that is in vain. */
export async function applicationChecks(
  app: App,
  sender: MailboxSenderConfig,
  { secrets, now }: { readonly secrets: Secrets; readonly now: () => number },
): Promise<{ readonly checks: Check[]; readonly tokens: AccessTokens | undefined }> {
  const { name } = sender;
  const uptime = () => performance.now();
  try {
    const client = await openClient(app.config, sender, secrets);
    const tokens = new ApplicationTokens({ client: async () => client, mend: applicationMend(sender), now, uptime });
    const access = await tokens.current();
    if (access.ok)
      return { checks: tokens.granted === undefined ? [] : [ok('grant', name, detailOf(sender, client, tokens.granted))], tokens };
    const check = access.lasting
      ? fail('grant', name, access.reply, 'docs/providers.md, “For a whole company”, tells what an administrator does.')
      : warn('grant', name, `could not be asked: ${access.reply}`, 'Try again: outreach doctor');
    return { checks: [check], tokens: undefined };
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    return { checks: [fail('grant', name, error.message, error.hint ?? 'Correct it in outreach.yaml.')], tokens: undefined };
  }
}

/** Exchange may limit an application by roles of its own, of which a token tells nothing. */
function detailOf(
  sender: MailboxSenderConfig,
  { label, clientId, scope }: OAuthClient,
  { lifetimeMs, roles = [], scope: said }: Granted,
): string {
  const may = roles.length > 0 ? `roles: ${roles.join(' ')}` : `no roles are named; scope: ${said ?? scope}`;
  return `application ${clientId} at ${label}, for ${mailboxOf(sender)}; a token holds ${formatDuration(lifetimeMs)}; ${may}`;
}
