import type { OAuthProviderName } from '../domain/oauthProvider.ts';

/** What a mailbox provider's SMTP server needs, and the most it lets one mailbox send in 24 hours (null: by plan). */
interface Preset {
  readonly host: string;
  readonly port: number;
  readonly daily: number | null;
  /** Who gives the tokens that it wants instead of a password. */
  readonly oauth?: OAuthProviderName;
  /** Its server takes tokens alone. */
  readonly refusesPasswords?: true;
}

/**
 * Daily limits as the providers state them for one mailbox: Gmail 500, Google Workspace 2,000,
 * Microsoft 365 10,000 recipients, iCloud 1,000; the others depend on the plan. They are what the
 * provider allows, not what is wise: `daily_cap` and `gap` should be far lower for cold mail.
 * Another region of Amazon SES, Zoho or Mailgun: write its `host` too.
 */
export const PRESETS = {
  gmail: { host: 'smtp.gmail.com', port: 587, daily: 500, oauth: 'google' },
  workspace: { host: 'smtp.gmail.com', port: 587, daily: 2_000, oauth: 'google' },
  outlook: { host: 'smtp-mail.outlook.com', port: 587, daily: null, oauth: 'microsoft', refusesPasswords: true },
  microsoft365: { host: 'smtp.office365.com', port: 587, daily: 10_000, oauth: 'microsoft' },
  fastmail: { host: 'smtp.fastmail.com', port: 465, daily: null },
  zoho: { host: 'smtp.zoho.com', port: 465, daily: null },
  icloud: { host: 'smtp.mail.me.com', port: 587, daily: 1_000 },
  ses: { host: 'email-smtp.us-east-1.amazonaws.com', port: 587, daily: null },
  mailgun: { host: 'smtp.mailgun.org', port: 587, daily: null },
  postmark: { host: 'smtp.postmarkapp.com', port: 587, daily: null },
  brevo: { host: 'smtp-relay.brevo.com', port: 587, daily: null },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof PRESETS;

/** Who gives the tokens for its mailboxes; undefined where it takes passwords alone. */
export function oauthOfPreset(preset: PresetName): OAuthProviderName | undefined {
  return (PRESETS[preset] as Preset).oauth;
}

/** Whether it is of no use to type a password. */
export function refusesPasswords(preset: PresetName): boolean {
  return (PRESETS[preset] as Preset).refusesPasswords === true;
}

export const PRESET_NAMES = Object.keys(PRESETS) as [PresetName, ...PresetName[]];

const DOMAINS: readonly (readonly [RegExp, PresetName])[] = [
  [/^(gmail|googlemail)\.com$/, 'gmail'],
  [/^(outlook|hotmail|live|msn)\.[a-z.]+$/, 'outlook'],
  [/^fastmail\.(com|fm)$/, 'fastmail'],
  [/^(zoho|zohomail)\.com$/, 'zoho'],
  [/^(icloud|me|mac)\.com$/, 'icloud'],
];

/** The provider that owns every mailbox of this domain; undefined for a domain of one's own. */
export function presetOfDomain(domain: string): PresetName | undefined {
  return DOMAINS.find(([domains]) => domains.test(domain.toLowerCase()))?.[1];
}

const EXCHANGES: readonly (readonly [RegExp, PresetName])[] = [
  [/(^|\.)(google|googlemail)\.com$/, 'workspace'],
  [/(^|\.)protection\.outlook\.com$/, 'microsoft365'],
  [/(^|\.)messagingengine\.com$/, 'fastmail'],
  [/(^|\.)zoho\.[a-z.]+$/, 'zoho'],
  [/(^|\.)mail\.icloud\.com$/, 'icloud'],
];

/** The provider behind a domain's mail exchange: who takes its mail usually sends it too. */
export function presetOfExchange(host: string): PresetName | undefined {
  return EXCHANGES.find(([hosts]) => hosts.test(host.toLowerCase()))?.[1];
}
