import type { OAuthProviderName } from '../domain/oauthProvider.ts';
import { oauthOfPreset, type PresetName } from './presets.ts';

export const AUTH_KINDS = ['oauth', 'password'] as const;
export type AuthKind = (typeof AUTH_KINDS)[number];

/** What of an SMTP sender decides how it logs in. Apart from what checks it: `status` has no time to load that. */
interface LoginKeys {
  readonly preset?: PresetName | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly auth?: AuthKind | undefined;
  readonly oauth?: { readonly provider?: OAuthProviderName | undefined } | undefined;
}

/**
 * How a sender logs in; undefined: not at all. What is written decides, and a user alone logs in with a token where the
 * preset's provider gives them. Without any of it a relay may know this machine by its address.
 */
export function authOf({ auth, password, oauth, preset, user }: LoginKeys): AuthKind | undefined {
  if (auth !== undefined) return auth;
  if (password !== undefined) return 'password';
  if (oauth !== undefined) return 'oauth';
  return user !== undefined && preset !== undefined && oauthOfPreset(preset) !== undefined ? 'oauth' : undefined;
}

/** Whose tokens a sender logs in with; undefined where the settings lack it. */
export function oauthProviderOf({ oauth, preset }: Pick<LoginKeys, 'oauth' | 'preset'>): OAuthProviderName | undefined {
  return oauth?.provider ?? (preset === undefined ? undefined : oauthOfPreset(preset));
}
