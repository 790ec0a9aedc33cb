import * as z from 'zod';
import { connectionTrouble } from '../domain/connectionTrouble.ts';
import { messageOf } from '../domain/errors.ts';
import { parseForeignJson } from '../domain/foreignJson.ts';
import { redact, rememberSecret } from '../domain/redact.ts';
import { oneLine } from '../domain/text.ts';
import { ask, type HttpLimits } from '../http/client.ts';
import type { OAuthClient } from './client.ts';

/** What a token server gave. */
export interface Granted {
  readonly accessToken: string;
  /** Undefined where the one that was shown stays. */
  readonly refreshToken: string | undefined;
  /** How long the access token holds from the beginning of the request, in ms. */
  readonly lifetimeMs: number;
  /** Undefined: what was asked for (RFC 6749 §5.1). */
  readonly scope: string | undefined;
  /** Whose mailbox it is, as the provider says. */
  readonly mailbox: string | undefined;
  /** What an application may do, as Microsoft writes it into its tokens; nothing is decided by it. */
  readonly roles?: readonly string[];
  /** Until the whole grant ends, in ms, where the provider says (Google, for a client that is still tested). */
  readonly grantEndsInMs: number | undefined;
}

export type TokenAnswer =
  | { readonly kind: 'granted'; readonly granted: Granted }
  /** The server's own no, with its code (RFC 6749 §5.2). */
  | { readonly kind: 'refused'; readonly error: string; readonly reply: string }
  /** Nobody answered, or not so that it could be read: nothing is known of the grant. */
  | { readonly kind: 'unknown'; readonly reply: string };

const LIMITS: HttpLimits = { connect: 10_000, headers: 20_000, whole: 20_000, bytes: 64 * 1024 };

/** A server that does not say how long its token holds (RFC 6749 §5.1: it should) is believed for so long. */
const LIFETIME_UNSAID_S = 300;
const YEAR_S = 31_536_000;

/** Asks for tokens with these parameters and the client's own. Never throws for what a server does. */
export async function askForTokens(
  client: OAuthClient,
  parameters: Readonly<Record<string, string>>,
  cut?: AbortSignal,
): Promise<TokenAnswer> {
  const answer = await post(client, client.tokenUrl, parameters, cut);
  if (answer.kind !== 'read') return answer;
  const read = tokens.safeParse(answer.value);
  if (!read.success) return { kind: 'unknown', reply: `${client.tokenUrl.host} sent what is no token` };
  const { access_token, refresh_token, expires_in, scope, id_token, refresh_token_expires_in } = read.data;
  for (const secret of [access_token, refresh_token, id_token]) if (typeof secret === 'string') rememberSecret(secret);
  const granted: Granted = {
    accessToken: access_token,
    refreshToken: refresh_token ?? undefined,
    lifetimeMs: (expires_in ?? LIFETIME_UNSAID_S) * 1_000,
    scope,
    mailbox: id_token === undefined ? undefined : mailboxIn(id_token),
    roles: rolesIn(access_token),
    grantEndsInMs: refresh_token_expires_in === undefined ? undefined : refresh_token_expires_in * 1_000,
  };
  return { kind: 'granted', granted };
}

export type Posted = { readonly kind: 'read'; readonly value: unknown } | Exclude<TokenAnswer, { kind: 'granted' }>;

/** One request as a form (RFC 6749 Appendix B), the client's own parameters included; its answer is JSON. */
export async function post(
  client: OAuthClient,
  url: URL,
  parameters: Readonly<Record<string, string>>,
  cut?: AbortSignal,
): Promise<Posted> {
  const { clientId, clientSecret, insecure } = client;
  const own = { client_id: clientId, ...(clientSecret === undefined ? {} : { client_secret: clientSecret }) };
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  try {
    const body = new URLSearchParams({ ...own, ...parameters }).toString();
    const answer = await ask({ method: 'POST', url, insecure, headers, body }, LIMITS, cut);
    return readBody(url, answer.status, answer.body);
  } catch (error) {
    return { kind: 'unknown', reply: clean(`${url.host}: ${connectionTrouble(messageOf(error))}`) };
  }
}

function readBody({ host }: URL, status: number, body: string): Posted {
  const value = jsonIn(body);
  const said = refusal.safeParse(value);
  // Busy or broken servers, and whoever stands in between, answer with an error, too; it says nothing of the grant.
  if (
    said.success &&
    status >= 400 &&
    status < 500 &&
    status !== 429 &&
    (isFinal(said.data.error) || OF_DEVICES.includes(said.data.error))
  ) {
    const { error, error_description } = said.data;
    return { kind: 'refused', error, reply: clean(error_description === undefined ? error : `${error}: ${error_description}`) };
  }
  if (value === undefined || status !== 200) {
    const words = said.success ? `${said.data.error} ${said.data.error_description ?? ''}` : '';
    return { kind: 'unknown', reply: clean(`${host} answers ${status} ${words}`.trimEnd()) };
  }
  return { kind: 'read', value };
}

/** Errors that last until somebody does something: RFC 6749 §5.2, and those of OpenID Connect Core §3.1.2.6 that Microsoft gives here, too. */
const FINAL = [
  'invalid_grant',
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'invalid_scope',
  'unsupported_grant_type',
  'interaction_required',
  'consent_required',
  'login_required',
];

/** RFC 8628 §3.5, and Microsoft's names for the same. */
const OF_DEVICES = [
  'authorization_pending',
  'slow_down',
  'access_denied',
  'authorization_declined',
  'expired_token',
  'bad_verification_code',
];

/** Whether a server's no holds until a person has mended something. */
export function isFinal(error: string): boolean {
  return FINAL.includes(error);
}

const refusal = z.looseObject({ error: z.string().regex(/^[\x20-\x7e]{1,100}$/), error_description: z.string().optional() });

/** A token travels in a header and in a line of SMTP (RFC 6750 §2.1); a longer one than a line of AUTH takes is none. */
const token = z.string().regex(/^[\x21-\x7e]{1,8000}$/);
const seconds = z.coerce
  .number()
  .positive()
  .max(YEAR_S * 10);

/** An odd member that is not needed takes nothing from the others: the refresh token beside it may be the only one that is left. */
const tokens = z.looseObject({
  access_token: token,
  token_type: z
    .string()
    .regex(/^\s{0,9}bearer\s{0,9}$/i)
    .nullish(),
  refresh_token: z.union([token, z.literal('').transform(() => undefined)]).nullish(),
  expires_in: seconds.optional().catch(undefined),
  refresh_token_expires_in: seconds.optional().catch(undefined),
  scope: z.string().max(4_000).optional().catch(undefined),
  id_token: z.string().max(16_000).optional().catch(undefined),
});

function jsonIn(body: string): unknown {
  try {
    return parseForeignJson(body);
  } catch {
    return undefined;
  }
}

/** Servers repeat what they are sent. */
function clean(reply: string): string {
  return redact(oneLine(reply)).slice(0, 300);
}

/**
 * Whose an ID token is. It came from the token server itself over TLS, which stands for a check of its signature
 * (OpenID Connect Core §3.1.3.7, point 6); Microsoft has the login name in preferred_username.
 */
function mailboxIn(idToken: string): string | undefined {
  const claims = claimsOf.safeParse(payloadOf(idToken));
  if (!claims.success) return undefined;
  const { email, preferred_username } = claims.data;
  return [preferred_username, email].find((name) => name !== undefined && ADDRESS.test(name));
}

const ADDRESS = /^[^\s@<>\p{C}]{1,64}@[^\s@<>\p{C}]{1,255}$/u;
const claimsOf = z.looseObject({ email: z.string().optional(), preferred_username: z.string().optional() });

/** Other servers' tokens are no JWTs, and tell none. */
function rolesIn(accessToken: string): readonly string[] {
  const claims = rolesOf.safeParse(payloadOf(accessToken));
  return claims.success ? claims.data.roles : [];
}

const rolesOf = z.looseObject({ roles: z.array(z.string().regex(/^[\w.-]{1,100}$/)).max(20) });

function payloadOf(jwt: string): unknown {
  return jsonIn(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
}
