import { openGrants } from '../../src/app/grants.ts';
import { workspaceAt } from '../../src/config/workspace.ts';
import { isMailbox } from '../../src/domain/httpProvider.ts';
import { OAUTH_OF_API } from '../../src/domain/oauthProvider.ts';
import { clientOf } from '../../src/oauth/client.ts';
import { newGrant } from '../../src/oauth/grant.ts';
import { type OAuthServer, startOAuthServer } from '../support/oauthServer.ts';
import type { Scenario } from './scenario.ts';

type Sender = Scenario['route'][number];

/** The environment of every process of a run: no keychain is there, so a grant stands in the file. */
export const WITHOUT_KEYCHAIN = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };

/** The grants of one run's senders, and the server that renews them. */
export interface Grants {
  /** Keys of a sender in outreach.yaml. */
  settingsOf(sender: Sender): string;
  /** Stores one for each sender, as `outreach login` does. */
  give(workspace: string, senders: readonly Sender[]): Promise<void>;
  /** Called once a mail: after so many of them the server knows no access token any more. */
  count(): void;
  takes(token: string): boolean;
  /** Senders whose stored grant the server does not know any more. */
  lost(workspace: string, senders: readonly Sender[]): Promise<string[]>;
  close(): Promise<void>;
}

/** Longer than an access token lasts. */
const EARLIER_MS = 2 * 3_600_000;

export async function startGrants({ renewed, lifetime, endsAccessAt }: NonNullable<Scenario['grants']>): Promise<Grants> {
  const server = await startOAuthServer();
  server.lifetime = lifetime;
  let mails = 0;
  return {
    settingsOf: (sender) =>
      `oauth: { ${isMailbox(sender) ? '' : 'provider: google, '}client_id: ${server.clientId}, client_secret: "env:KEY", token_url: "${server.url}/token" }`,
    async give(workspace, senders) {
      for (const sender of senders)
        await openGrants(workspaceAt(workspace), WITHOUT_KEYCHAIN, sender).put(
          grantOf(server, sender, Date.now() - (renewed ? EARLIER_MS : 0)),
          'file',
        );
    },
    count() {
      if (++mails === endsAccessAt) server.endAccess();
    },
    takes: (token) => server.takes(server.mailbox, token),
    async lost(workspace, senders) {
      const lost: string[] = [];
      for (const sender of senders) {
        const grant = await openGrants(workspaceAt(workspace), WITHOUT_KEYCHAIN, sender).read();
        if (grant === undefined || !server.alive(grant.refresh_token)) lost.push(sender);
      }
      return lost;
    },
    close: () => server.close(),
  };
}

function grantOf(server: OAuthServer, sender: Sender, at: number) {
  const { refreshToken, accessToken } = server.grant();
  const provider = isMailbox(sender) ? OAUTH_OF_API[sender] : 'google';
  const client = clientOf(provider, { client_id: server.clientId }, { by: 'smtp', secret: undefined, insecure: false });
  const granted = { accessToken, refreshToken, lifetimeMs: 3_600_000, scope: undefined, mailbox: server.mailbox, grantEndsInMs: undefined };
  const grant = newGrant(client, granted, at);
  if (grant === undefined) throw new Error('the server gave no refresh token');
  return grant;
}
