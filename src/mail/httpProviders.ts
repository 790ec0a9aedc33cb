import type { HttpProviderName } from '../domain/httpProvider.ts';
import type { LoginRequest } from '../domain/login.ts';
import { type KeyVerdict, readDomains, readScopes } from './apiAnswers.ts';
import type { HttpProvider } from './http.ts';
import { resend, resendLogin } from './resend.ts';
import { sendgrid, sendgridLogin } from './sendgrid.ts';

/** All that differs between providers over HTTP, but for their settings and their DNS. */
export interface HttpProviderKind {
  /** How it takes a mail. Without `baseUrl` at the provider's own address. */
  readonly open: (apiKey: string, baseUrl?: string, insecure?: boolean) => HttpProvider;
  /** How it is asked whether it takes the key. */
  readonly login: (apiKey: string, baseUrl?: string, insecure?: boolean) => LoginRequest;
  /** What its answer to `login` says of the key, and of the domain mails are from. */
  readonly readLogin: (status: number, body: string, domain: string) => KeyVerdict;
}

export const HTTP_PROVIDER_KINDS: Readonly<Record<HttpProviderName, HttpProviderKind>> = {
  sendgrid: { open: sendgrid, login: sendgridLogin, readLogin: readScopes },
  resend: { open: resend, login: resendLogin, readLogin: readDomains },
};
