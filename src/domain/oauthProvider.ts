import type { TokenProviderName } from './httpProvider.ts';

/** Whose mailboxes a program may enter with a token instead of a password (OAuth 2.0, RFC 6749). What is known of each stands in oauth/providers.ts. */
export const OAUTH_PROVIDERS = ['google', 'microsoft'] as const;
export type OAuthProviderName = (typeof OAUTH_PROVIDERS)[number];

/** Who gives the tokens for each API of mailboxes. */
export const OAUTH_OF_API: Readonly<Record<TokenProviderName, OAuthProviderName>> = { gmail: 'google', graph: 'microsoft' };

interface OAuthRegistry {
  /** As a person calls the provider. */
  readonly label: string;
  /** Where a person registers a client. */
  readonly registerAt: string;
  /** What the id of a client looks like there. */
  readonly clientId: RegExp;
  readonly example: string;
  /** Whether its clients for desktop programs have a secret. */
  readonly hasSecret: boolean;
}

/** What a person is told of each who is to register a client there. */
export const OAUTH_REGISTRIES: Readonly<Record<OAuthProviderName, OAuthRegistry>> = {
  google: {
    label: 'Google',
    registerAt: 'https://console.cloud.google.com/',
    clientId: /^[\w.-]{1,200}\.apps\.googleusercontent\.com$/,
    example: '1234-abc.apps.googleusercontent.com',
    hasSecret: true,
  },
  microsoft: {
    label: 'Microsoft',
    registerAt: 'https://entra.microsoft.com/',
    clientId: /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i,
    example: '00000000-1111-2222-3333-444444444444',
    hasSecret: false,
  },
};

/** What is wrong with a client id that was typed; undefined when it will do. It may be a secret by mistake, so it is not repeated. */
export function clientIdTrouble(provider: OAuthProviderName, id: string): string | undefined {
  const { label, clientId, example } = OAUTH_REGISTRIES[provider];
  return clientId.test(id) ? undefined : `no client id of ${label}; one looks like ${example}`;
}
