/** Whose mailboxes a program may enter with a token instead of a password (OAuth 2.0, RFC 6749). What is known of each stands in oauth/providers.ts. */
export const OAUTH_PROVIDERS = ['google', 'microsoft'] as const;
export type OAuthProviderName = (typeof OAUTH_PROVIDERS)[number];
