/**
 * Mail providers that take a mail as one request over HTTP, as `type` of a sender names them. What belongs to each stands in a record
 * by these names, so that the compiler asks for every part of a new one: its settings (config/config.ts), what sends, its login and its
 * answers (mail/httpProviders.ts), its DNS (mail/mailServices.ts) and how long a request may be repeated (domain/replay.ts).
 */
const BY_KEY = ['sendgrid', 'resend'] as const;
/** Mailboxes, which a grant of their owner opens (OAuth 2.0), and which take the bytes of a mail as they are. */
const BY_GRANT = ['gmail', 'graph'] as const;

export const HTTP_PROVIDERS = [...BY_KEY, ...BY_GRANT] as const;
/** Those that are asked with an API key. */
type KeyProviderName = (typeof BY_KEY)[number];
/** Those that are asked with an access token. */
export type TokenProviderName = (typeof BY_GRANT)[number];
export type HttpProviderName = KeyProviderName | TokenProviderName;

export function isHttpProvider(type: string | undefined): type is HttpProviderName {
  return (HTTP_PROVIDERS as readonly (string | undefined)[]).includes(type);
}

/** A mailbox, in whose Sent folder lies what it takes. */
export function isMailbox(type: string | undefined): type is TokenProviderName {
  return (BY_GRANT as readonly (string | undefined)[]).includes(type);
}
