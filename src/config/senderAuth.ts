import { isMailbox } from '../domain/httpProvider.ts';
import { OAUTH_OF_API, type OAuthProviderName } from '../domain/oauthProvider.ts';
import { oauthOfPreset, type PresetName } from './presets.ts';

export const AUTH_KINDS = ['oauth', 'password'] as const;
export type AuthKind = (typeof AUTH_KINDS)[number];

/** What decides how a sender logs in. Apart from what checks it: `status` has no time to load that. */
interface LoginKeys {
  readonly type: string;
  readonly preset?: PresetName | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly auth?: AuthKind | undefined;
  readonly oauth?: { readonly provider?: OAuthProviderName | undefined } | undefined;
}

/** Who allowed a program to enter a mailbox: its owner, in a browser, or an administrator, without them. */
export const GRANT_KINDS = ['person', 'application'] as const;
export type GrantKind = (typeof GRANT_KINDS)[number];

/** Whether a sender's tokens are given to an application, and no person logs in. */
export function asApplication({
  oauth,
}: {
  readonly type: string;
  readonly oauth?: { readonly grant?: GrantKind | undefined } | undefined;
}): boolean {
  return oauth?.grant === 'application';
}

/**
 * How a sender logs in to a mailbox; undefined: not at all, or with an API key. What is written decides, and a user alone logs in
 * with a token where the preset's provider gives them. Without any of it a relay may know this machine by its address.
 */
export function authOf({ type, auth, password, oauth, preset, user }: LoginKeys): AuthKind | undefined {
  if (isMailbox(type)) return 'oauth';
  if (auth !== undefined) return auth;
  if (password !== undefined) return 'password';
  if (oauth !== undefined) return 'oauth';
  return user !== undefined && preset !== undefined && oauthOfPreset(preset) !== undefined ? 'oauth' : undefined;
}

/** Whose tokens a sender logs in with; undefined where the settings lack it. */
export function oauthProviderOf({ type, oauth, preset }: Pick<LoginKeys, 'type' | 'oauth' | 'preset'>): OAuthProviderName | undefined {
  return oauth?.provider ?? ownProvider({ type, preset });
}

/** The one that `type` or `preset` fixes. */
export function ownProvider({ type, preset }: Pick<LoginKeys, 'type' | 'preset'>): OAuthProviderName | undefined {
  if (isMailbox(type)) return OAUTH_OF_API[type];
  return preset === undefined ? undefined : oauthOfPreset(preset);
}
