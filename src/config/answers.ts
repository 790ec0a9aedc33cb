import { OAUTH_REGISTRIES, type OAuthProviderName } from '../domain/oauthProvider.ts';
import { oauthOfPreset, type PresetName } from './presets.ts';
import type { AuthKind } from './senderAuth.ts';

export const AI_CHOICES = ['openai', 'openrouter', 'ollama', 'none'] as const;
type AiChoice = (typeof AI_CHOICES)[number];

/** What `init` was told; everything left out becomes a sample to be edited. */
export interface Answers {
  readonly name?: string;
  readonly company?: string;
  readonly postalAddress?: string;
  readonly timezone?: string;
  readonly from?: string;
  readonly preset?: PresetName;
  readonly smtpHost?: string;
  readonly smtpPort?: number;
  readonly smtpUser?: string;
  /** References, never secrets. */
  readonly password?: string;
  /** Needed where somebody wants tokens, and has no client id yet. */
  readonly auth?: AuthKind;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly tenant?: string;
  readonly ai?: AiChoice;
  readonly aiModel?: string;
  readonly aiUrl?: string;
  readonly aiKey?: string;
}

/** What the only sender that `init` writes is called. */
export const SENDER = 'main';

/** What the secret of its client is called in the keychain. */
export const CLIENT = `${SENDER}-client`;

/** Who gives the tokens that the mailbox logs in with; undefined where it logs in otherwise, or not at all. */
export function grantProviderOf({ preset, auth, clientId }: Answers): OAuthProviderName | undefined {
  return preset !== undefined && (auth === 'oauth' || clientId !== undefined) ? oauthOfPreset(preset) : undefined;
}

/** The provider at which a client is still to be registered: until then the sender can only be shown. */
export function lackingClientAt(answers: Answers): OAuthProviderName | undefined {
  return answers.clientId === undefined ? grantProviderOf(answers) : undefined;
}

/** Whether a real mailbox is to send. */
export function hasMailbox(answers: Answers): boolean {
  return (answers.smtpHost ?? answers.preset) !== undefined && lackingClientAt(answers) === undefined;
}

/** The names that `outreach login` is called with, once there is a client, until its sender can log in. */
export function loginsWithClient(provider: OAuthProviderName): readonly string[] {
  return OAUTH_REGISTRIES[provider].hasSecret ? [CLIENT, SENDER] : [SENDER];
}
