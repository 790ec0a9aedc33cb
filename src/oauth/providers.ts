import type { OAuthProviderName } from '../domain/oauthProvider.ts';

/** Where one company's OAuth 2.0 differs from another's. */
interface OAuthProvider {
  readonly authorizationUrl: (tenant: string) => string;
  readonly tokenUrl: (tenant: string) => string;
  /** Null where its codes for machines without a browser do not cover mail. */
  readonly deviceUrl: ((tenant: string) => string) | null;
  /** To send by SMTP, and by the provider's own API. */
  readonly scope: { readonly smtp: string; readonly api: string };
  /** The same for an application, which no person logs in; null where the program asks for none. */
  readonly applicationScope: { readonly smtp: string; readonly api: string } | null;
  /** What else is asked for: whose mailbox it is (OpenID Connect), and tokens while nobody is there. */
  readonly besides: readonly string[];
  /** Further parameters of the address that a person opens. */
  readonly parameters: Readonly<Record<string, string>>;
  /** How a redirect to this machine is written there (RFC 8252 §7.3, §8.3). */
  readonly loopback: '127.0.0.1' | 'localhost';
  /** Where a person takes a grant back. */
  readonly withdraw: string;
  /** Where an administrator deletes an application's secret. */
  readonly applications: string;
}

/**
 * Google: developers.google.com/identity/protocols/oauth2/native-app (addresses, loopback, PKCE),
 * developers.google.com/workspace/gmail/imap/xoauth2-protocol (the scope of SMTP), and
 * developers.google.com/identity/protocols/oauth2/limited-input-device#allowedscopes (no scope of mail for devices).
 * Microsoft: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and v2-oauth2-device-code (addresses),
 * learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
 * (the scope of SMTP, and the one of applications), learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * (.default: what an administrator has allowed), and …/reply-url#localhost-exceptions (any port of http://localhost).
 */
export const OAUTH: Readonly<Record<OAuthProviderName, OAuthProvider>> = {
  google: {
    authorizationUrl: () => 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenUrl: () => 'https://oauth2.googleapis.com/token',
    deviceUrl: null,
    scope: { smtp: 'https://mail.google.com/', api: 'https://www.googleapis.com/auth/gmail.send' },
    // A service account shows no secret, but what it has signed.
    applicationScope: null,
    besides: ['openid', 'email'],
    // Without the second a person who has agreed before is not asked, and no refresh token comes.
    parameters: { access_type: 'offline', prompt: 'consent' },
    loopback: '127.0.0.1',
    withdraw: 'https://myaccount.google.com/connections',
    applications: 'https://console.cloud.google.com/',
  },
  microsoft: {
    authorizationUrl: (tenant) => `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/authorize`,
    tokenUrl: (tenant) => `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
    deviceUrl: (tenant) => `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/devicecode`,
    scope: { smtp: 'https://outlook.office.com/SMTP.Send', api: 'https://graph.microsoft.com/Mail.Send' },
    applicationScope: { smtp: 'https://outlook.office365.com/.default', api: 'https://graph.microsoft.com/.default' },
    besides: ['offline_access', 'openid', 'profile', 'email'],
    parameters: { prompt: 'select_account' },
    loopback: 'localhost',
    withdraw: 'https://myapps.microsoft.com, or https://account.live.com/consent/Manage for a personal account',
    applications: 'https://entra.microsoft.com',
  },
};
