import * as z from 'zod';
import { OutreachError } from '../domain/errors.ts';
import { OAUTH_PROVIDERS } from '../domain/oauthProvider.ts';
import { rememberSecret } from '../domain/redact.ts';
import type { OAuthClient } from './client.ts';
import type { Granted } from './tokenServer.ts';

const secretText = z.string().min(1).max(8_000);

const grant = z.strictObject({
  version: z.literal(1),
  provider: z.enum(OAUTH_PROVIDERS),
  client_id: z.string(),
  /** As the provider says it; null where it does not. */
  mailbox: z.string().nullable(),
  scope: z.string(),
  /** When a person allowed it, and until when at most, epoch ms. */
  granted_at: z.number(),
  ends_at: z.number().nullable(),
  refresh_token: secretText,
  /** The one before: kept until its successor has worked. */
  previous: secretText.nullable(),
  access: z.strictObject({ token: secretText, obtained_at: z.number(), lifetime_ms: z.number() }),
});

/** What a person allowed, as the keychain or the file keeps it. */
export type Grant = Readonly<z.output<typeof grant>>;

/** A grant that a person has just given. A server that gives no refresh token lets nobody send while that person is away: undefined. */
export function newGrant(client: OAuthClient, granted: Granted, now: number): Grant | undefined {
  const { refreshToken, grantEndsInMs, accessToken, lifetimeMs } = granted;
  if (refreshToken === undefined) return undefined;
  return {
    version: 1,
    provider: client.provider,
    client_id: client.clientId,
    mailbox: granted.mailbox ?? null,
    scope: granted.scope ?? client.scope,
    granted_at: now,
    ends_at: grantEndsInMs === undefined ? null : now + grantEndsInMs,
    refresh_token: refreshToken,
    previous: null,
    access: { token: accessToken, obtained_at: now, lifetime_ms: lifetimeMs },
  };
}

/** The grant after `used`, one of its refresh tokens, has worked. A server may give another one for it (RFC 6749 §6), which has worked nowhere yet. */
export function renewedGrant(grant: Grant, used: string, granted: Granted, now: number): Grant {
  const next = granted.refreshToken ?? used;
  return {
    ...grant,
    scope: granted.scope ?? grant.scope,
    refresh_token: next,
    previous: next === used ? null : used,
    access: { token: granted.accessToken, obtained_at: now, lifetime_ms: granted.lifetimeMs },
  };
}

export function grantText(grant: Grant): string {
  return JSON.stringify(grant);
}

/** `name`: under which it is kept. The error repeats nothing of it. */
export function parseGrant(text: string, name: string, mend: string): Grant {
  const read = grant.safeParse(jsonIn(text));
  if (!read.success) {
    throw new OutreachError('environment', `what is stored as ${name} is no grant, or of a newer version of the program`, {
      hint: `Log in again: ${mend}`,
    });
  }
  const { refresh_token, previous, access } = read.data;
  for (const secret of [refresh_token, previous, access.token]) if (secret !== null) rememberSecret(secret);
  return read.data;
}

/** Whether a scope is among those that were granted. Providers write them in their own case and order. */
export function allows({ scope }: Pick<Grant, 'scope'>, wanted: string): boolean {
  const plain = (one: string) => one.toLowerCase().replace(/\/$/, '');
  return scope.split(/\s+/).some((one) => plain(one) === plain(wanted));
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
