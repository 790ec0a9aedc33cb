import { OAUTH_REGISTRIES, type OAuthProviderName } from '../domain/oauthProvider.ts';
import { OAUTH } from './providers.ts';

/** A registered client, and where it asks. */
export interface OAuthClient {
  readonly provider: OAuthProviderName;
  readonly label: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly authorizationUrl: URL;
  readonly tokenUrl: URL;
  readonly deviceUrl: URL | undefined;
  /** What its tokens must allow. */
  readonly scope: string;
  /** http to another machine too, because the settings say so. */
  readonly insecure: boolean;
}

/** What the settings say of a client. */
interface ClientSettings {
  readonly grant?: 'person' | 'application' | undefined;
  readonly client_id: string;
  readonly tenant?: string | undefined;
  readonly scope?: string | undefined;
  readonly authorization_url?: string | undefined;
  readonly token_url?: string | undefined;
  readonly device_url?: string | undefined;
}

/** The client of these settings; what they leave out is the provider's own. */
export function clientOf(
  provider: OAuthProviderName,
  settings: ClientSettings,
  use: { readonly by: 'smtp' | 'api'; readonly secret: string | undefined; readonly insecure: boolean },
): OAuthClient {
  const { authorizationUrl, tokenUrl, deviceUrl, scope, applicationScope } = OAUTH[provider];
  const usual = (settings.grant === 'application' ? applicationScope : undefined) ?? scope;
  // Any account, of a company or personal.
  const tenant = settings.tenant ?? 'common';
  const device = settings.device_url ?? deviceUrl?.(tenant);
  return {
    provider,
    label: OAUTH_REGISTRIES[provider].label,
    clientId: settings.client_id,
    clientSecret: use.secret,
    authorizationUrl: new URL(settings.authorization_url ?? authorizationUrl(tenant)),
    tokenUrl: new URL(settings.token_url ?? tokenUrl(tenant)),
    deviceUrl: device === undefined ? undefined : new URL(device),
    scope: settings.scope ?? usual[use.by],
    insecure: use.insecure,
  };
}

/** Everything that is asked for: what a token must allow, and what tells whose it is. */
export function scopesOf({ provider, scope }: OAuthClient): string {
  return [scope, ...OAUTH[provider].besides].join(' ');
}
