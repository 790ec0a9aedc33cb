import type { TokenProviderName } from './httpProvider.ts';

/** Whose mailboxes a program may enter with a token instead of a password (OAuth 2.0, RFC 6749). What is known of each stands in oauth/providers.ts. */
export const OAUTH_PROVIDERS = ['google', 'microsoft'] as const;
export type OAuthProviderName = (typeof OAUTH_PROVIDERS)[number];

/** Who gives the tokens for each API of mailboxes. */
export const OAUTH_OF_API: Readonly<Record<TokenProviderName, OAuthProviderName>> = { gmail: 'google', graph: 'microsoft' };
