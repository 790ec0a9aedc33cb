/**
 * Mail providers that take a mail as one request over HTTP, as `type` of a sender names them. What belongs to each stands in a record
 * by these names, so that the compiler asks for every part of a new one: its settings (config/config.ts), what sends, its login and its
 * answers (mail/httpProviders.ts), its DNS (mail/mailServices.ts) and how long a request may be repeated (domain/replay.ts).
 */
export const HTTP_PROVIDERS = ['sendgrid', 'resend'] as const;
export type HttpProviderName = (typeof HTTP_PROVIDERS)[number];

export function isHttpProvider(type: string | undefined): type is HttpProviderName {
  return (HTTP_PROVIDERS as readonly (string | undefined)[]).includes(type);
}
