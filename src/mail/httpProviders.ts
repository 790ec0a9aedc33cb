import type { AccessTokens } from '../domain/accessToken.ts';
import type { HttpProviderName, TokenProviderName } from '../domain/httpProvider.ts';
import type { LoginRequest } from '../domain/login.ts';
import { type KeyVerdict, readDomains, readGraphUser, readProfile, readScopes } from './apiAnswers.ts';
import { gmail, gmailLogin } from './gmail.ts';
import { graph, graphLogin } from './graph.ts';
import type { HttpProvider } from './http.ts';
import type { Mailbox } from './rawMail.ts';
import { resend, resendLogin } from './resend.ts';
import { sendgrid, sendgridLogin } from './sendgrid.ts';

/** All that differs between providers over HTTP, but for their settings and their DNS. */
interface KeyProviderKind {
  /** How it takes a mail. Without `baseUrl` at the provider's own address. */
  readonly open: (apiKey: string, baseUrl?: string, insecure?: boolean) => HttpProvider;
  /** How it is asked whether it takes the key. */
  readonly login: (apiKey: string, baseUrl?: string, insecure?: boolean) => LoginRequest;
  /** What its answer to `login` says of the key, and of the domain mails are from. */
  readonly readLogin: (status: number, body: string, domain: string) => KeyVerdict;
}

/** The same of those that ask for an access token. */
interface TokenProviderKind {
  readonly open: (tokens: AccessTokens, mailbox?: Mailbox) => HttpProvider;
  readonly login: (token: string, mailbox?: Mailbox) => LoginRequest;
  /** What its answer to `login` says of the token, and of the address mails are from. */
  readonly readLogin: (status: number, body: string, from: string) => KeyVerdict;
}

type Kinds = { readonly [Name in HttpProviderName]: Name extends TokenProviderName ? TokenProviderKind : KeyProviderKind };

export const HTTP_PROVIDER_KINDS: Kinds = {
  sendgrid: { open: sendgrid, login: sendgridLogin, readLogin: readScopes },
  resend: { open: resend, login: resendLogin, readLogin: readDomains },
  gmail: { open: gmail, login: gmailLogin, readLogin: readProfile },
  graph: { open: graph, login: graphLogin, readLogin: readGraphUser },
};
