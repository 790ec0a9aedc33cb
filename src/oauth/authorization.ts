import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { rememberSecret } from '../domain/redact.ts';
import { oneLine } from '../domain/text.ts';
import { type OAuthClient, scopesOf } from './client.ts';
import { OAUTH } from './providers.ts';
import { askForTokens, type TokenAnswer } from './tokenServer.ts';

/** A request for a grant that a person answers in a browser (RFC 6749 §4.1, with PKCE: RFC 7636). */
export interface Authorization {
  /** What the person opens. It holds no secret. */
  readonly url: URL;
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
}

export type Redirected =
  | { readonly kind: 'code'; readonly code: string }
  /** The person, or the provider, said no. */
  | { readonly kind: 'refused'; readonly reply: string }
  /** It answers another request, or none. */
  | { readonly kind: 'foreign' };

/** Where the browser is led back to: this machine, on a port of the program (RFC 8252 §7.3). */
export function redirectUriOf({ provider }: OAuthClient, port: number): string {
  return `http://${OAUTH[provider].loopback}:${port}`;
}

/** Begins a request of its own: `state` and verifier are random, and used once. */
export function beginAuthorization(client: OAuthClient, redirectUri: string, mailbox: string): Authorization {
  const state = randomBytes(24).toString('base64url');
  const verifier = randomBytes(48).toString('base64url');
  rememberSecret(verifier);
  const url = new URL(client.authorizationUrl);
  const parameters = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    scope: scopesOf(client),
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    login_hint: mailbox,
    ...OAUTH[client.provider].parameters,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url, redirectUri, state, verifier };
}

/** Longer addresses no provider leads to. */
const LONGEST = 8_000;

/** Reads the address that a browser was led to, whole or from its `?` on. Only an answer to this very request counts (RFC 6749 §10.12). */
export function readRedirect(address: string, { state }: Authorization): Redirected {
  const text = address.trim();
  const from = text.indexOf('?');
  if (from < 0 || text.length > LONGEST) return { kind: 'foreign' };
  const said = new URLSearchParams(text.slice(from + 1).split('#', 1)[0]);
  if (!isSame(said.get('state') ?? '', state)) return { kind: 'foreign' };
  const [code, error] = [said.get('code'), said.get('error')];
  if (error !== null) return { kind: 'refused', reply: oneLine(`${error}: ${said.get('error_description') ?? ''}`).slice(0, 300) };
  if (code === null || !/^[\x21-\x7e]+$/.test(code)) return { kind: 'foreign' };
  rememberSecret(code);
  return { kind: 'code', code };
}

/** The code becomes tokens; who reads the code alone has no verifier for it. */
export function redeem(
  client: OAuthClient,
  { redirectUri, verifier }: Authorization,
  code: string,
  cut?: AbortSignal,
): Promise<TokenAnswer> {
  return askForTokens(client, { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }, cut);
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
