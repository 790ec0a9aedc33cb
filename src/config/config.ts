import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { parseAddress } from '../domain/address.ts';
import { alignment } from '../domain/alignment.ts';
import { parseDuration } from '../domain/duration.ts';
import { OutreachError } from '../domain/errors.ts';
import { isLoopback } from '../domain/host.ts';
import { HTTP_PROVIDERS, type HttpProviderName, isMailbox, type TokenProviderName } from '../domain/httpProvider.ts';
import { OUTPUT_FORMATS } from '../domain/outputFormat.ts';
import { readTextFile, UnfitFile, whyUnread } from '../files/readFile.ts';
import { safeBaseUrl } from './baseUrl.ts';
import { count, dkim, duration, flag, mailbox, notKnown, positive, secret, strictObject, text, webAddress, zone } from './fields.ts';
import { checkLogin, oauth } from './oauth.ts';
import { PRESET_NAMES, PRESETS, type PresetName } from './presets.ts';
import { AUTH_KINDS, authOf } from './senderAuth.ts';
import type { Workspace } from './workspace.ts';
import { type Inspected, inspectYaml, type NotYet, readYaml } from './yaml.ts';

const NOT_YET: NotYet = {
  'senders.dkim': 'for smtp alone; other providers sign with the domain that you verified there; remove it',
};

const gap = strictObject({ min: duration, max: duration }).refine(
  ({ min, max }) => max >= min,
  'max is below min; write { min: 60s, max: 180s }',
);

const senderName = text('main').regex(/^[A-Za-z0-9][\w.-]*$/, 'letters, digits, . _ and - only; write main');

const shared = {
  name: senderName,
  from: mailbox,
  daily_cap: count('50').optional(),
  gap: gap.optional(),
  warmup: strictObject({ start: count('10'), step: count('5') }).optional(),
};

const smtp = strictObject({
  ...shared,
  type: z.literal('smtp'),
  preset: z.enum(PRESET_NAMES, notKnown(PRESET_NAMES.join(', '))).optional(),
  host: text('smtp.ruiz.example')
    .regex(
      /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}_.-]{0,252}[\p{L}\p{M}\p{N}.])?$|^\[?[0-9a-fA-F:]{2,45}\]?$/u,
      'not a host name; write smtp.ruiz.example',
    )
    .optional(),
  port: z.int({ error: 'not a port; write 587' }).min(1, 'not a port; write 587').max(65535, 'not a port; write 587').optional(),
  security: z.enum(['starttls', 'tls', 'none'], notKnown('starttls, tls or none')).optional(),
  insecure: flag.default(false),
  user: text('ana@ruiz.example').optional(),
  password: secret.optional(),
  auth: z.enum(AUTH_KINDS, notKnown('oauth or password')).optional(),
  oauth: oauth.optional(),
  dkim: dkim.optional(),
})
  .transform(fromPreset)
  .superRefine((sender, context) => {
    if (sender.host === '')
      context.addIssue({ code: 'custom', path: ['host'], message: 'missing; write it, or preset: gmail and the like' });
    const { daily } = sender.preset === undefined ? { daily: null } : PRESETS[sender.preset];
    if (daily !== null && (sender.daily_cap ?? 0) > daily)
      context.addIssue({
        code: 'custom',
        path: ['daily_cap'],
        message: `${sender.preset} lets a mailbox send ${daily} mails a day; write less`,
      });
    if (sender.security === 'none' && !sender.insecure && !isLoopback(sender.host)) {
      context.addIssue({
        code: 'custom',
        path: ['security'],
        message: `none would send mail and password in clear to ${sender.host}; write starttls or tls, or add insecure: true`,
      });
    }
    if (sender.dkim !== undefined && alignment(sender.dkim.domain, sender.from) === 'other')
      context.addIssue({ code: 'custom', path: ['dkim', 'domain'], message: foreignDomain(sender.dkim.domain, sender.from) });
    checkLogin(sender, (path, message) => context.addIssue({ code: 'custom', path, message }));
  });

function foreignDomain(domain: string, from: string): string {
  return `a signature of ${domain} says nothing of ${from}, and DMARC fails; write the domain of from, or one above it`;
}

/** What the file itself says wins; the provider's own daily limit is the cap where it says nothing. */
function fromPreset<
  S extends { preset?: PresetName | undefined; host?: string | undefined; port?: number | undefined; daily_cap?: number | undefined },
>(sender: S) {
  const preset = sender.preset === undefined ? undefined : PRESETS[sender.preset];
  return {
    ...sender,
    host: sender.host ?? preset?.host ?? '',
    port: sender.port ?? preset?.port ?? 587,
    daily_cap: sender.daily_cap ?? preset?.daily ?? undefined,
  };
}

const outbox = strictObject({ ...shared, type: z.literal('outbox') });

const overHttp = (api: string) => ({
  ...shared,
  base_url: z.url({ protocol: /^https?$/, error: `not a web address; write ${api}` }).optional(),
  insecure: flag.default(false),
});
const withKey = (api: string) => ({ ...overHttp(api), api_key: secret });
const ofMailbox = (api: string) => ({ ...overHttp(api), user: text('ana@ruiz.example').optional(), oauth: oauth.optional() });
const httpProviders = {
  sendgrid: strictObject({ ...withKey('https://api.sendgrid.com'), type: z.literal('sendgrid') }).superRefine(safeBaseUrl),
  resend: strictObject({ ...withKey('https://api.resend.com'), type: z.literal('resend') }).superRefine(safeBaseUrl),
  gmail: strictObject({ ...ofMailbox('https://gmail.googleapis.com'), type: z.literal('gmail') }).superRefine(safeMailbox),
  graph: strictObject({ ...ofMailbox('https://graph.microsoft.com'), type: z.literal('graph') }).superRefine(safeMailbox),
} satisfies Record<HttpProviderName, z.ZodType>;

const sender = z.discriminatedUnion('type', [smtp, ...Object.values(httpProviders), outbox], {
  error: ({ input }) =>
    notKnown(`type: smtp, ${HTTP_PROVIDERS.join(', ')} or outbox`).error({ input: (input as { type?: unknown } | null)?.type }),
});

const price = z.number({ error: 'not a number; write USD per million tokens, such as 0.25' }).nonnegative('must not be below 0');

const provider = strictObject({
  name: text('openai').regex(/^[A-Za-z0-9][\w.-]*$/, 'letters, digits, . _ and - only; write openai'),
  base_url: z.url({ protocol: /^https?$/, error: 'not a web address; write https://api.openai.com/v1' }),
  model: text('gpt-5-mini'),
  api_key: secret.optional(),
  price: strictObject({ input: price, output: price }).optional(),
  output: z.enum(OUTPUT_FORMATS, notKnown(OUTPUT_FORMATS.join(', '))).optional(),
  insecure: flag.default(false),
}).superRefine(safeBaseUrl);

const ai = strictObject({
  concurrency: count('2').default(2),
  budget_usd: positive('USD, such as 5').optional(),
  max_output_tokens: count('4000').default(4_000),
  providers: z
    .array(provider, { error: 'a list; write - { name: openai, base_url: …, model: … }' })
    .min(1, 'empty; write - { name: openai, base_url: …, model: … }'),
}).superRefine(({ budget_usd, providers }, context) => {
  for (const [index, { name, price: known, base_url }] of providers.entries()) {
    if (providers.findIndex((other) => other.name === name) !== index)
      context.addIssue({
        code: 'custom',
        path: ['providers', index, 'name'],
        message: `${name} is there twice; give each provider a name of its own`,
      });
    if (budget_usd !== undefined && known === undefined && URL.canParse(base_url) && !isLoopback(new URL(base_url).hostname)) {
      const message =
        'missing, and a budget cannot be kept without it; write price: { input: 0.25, output: 2.0 } in USD per million tokens';
      context.addIssue({ code: 'custom', path: ['providers', index, 'price'], message });
    }
  }
});

/** Of a mail: beyond it a lead's cell is no part of a letter any more. */
const DEFAULT_SIZES = { text_bytes: 100_000, subject_characters: 250 };

const DEFAULT_RETRY = {
  delays: ['1m', '5m', '15m', '60m'].map((delay) => parseDuration(delay) ?? 0),
  // biome-ignore lint/suspicious/noThenProperty: the key's name is fixed; the object is data and never awaited
  then: 3_600_000,
  give_up: 86_400_000,
};

/** What outreach.yaml may say. */
export const configSchema = strictObject({
  version: z.literal(1, notKnown('version: 1')),
  identity: strictObject({
    name: text('Ana Ruiz'),
    company: text('Ruiz Consulting').optional(),
    postal_address: text('"Calle Mayor 1, 28013 Madrid, Spain"').optional(),
    timezone: zone,
  }),
  senders: z
    .array(sender, { error: 'a list; write - { name: main, type: smtp, … }' })
    .min(1, 'empty; remove the key to use the outbox')
    .optional(),
  unsubscribe: strictObject({ mailto: mailbox.optional(), url: webAddress.optional() }).optional(),
  retry: strictObject({
    delays: z
      .array(duration, { error: 'a list; write [1m, 5m, 15m, 60m]' })
      .min(1, 'empty; write [1m, 5m, 15m, 60m]')
      .default(DEFAULT_RETRY.delays),

    // biome-ignore lint/suspicious/noThenProperty: the key's name is fixed; the object is data and never awaited
    then: duration.default(DEFAULT_RETRY.then),
    give_up: duration.default(DEFAULT_RETRY.give_up),
  }).default(DEFAULT_RETRY),
  limits: strictObject({
    emails_per_month: count('500').optional(),
    send_per_hour: count('100').optional(),
    ai_concurrency: count('5').optional(),
    per_company_day: count('2').optional(),
    domain_gap: duration.optional(),
    text_bytes: count('100000').max(1_000_000, 'at most 1000000').default(DEFAULT_SIZES.text_bytes),
    subject_characters: count('250').max(900, 'at most 900; header lines may not be longer').default(DEFAULT_SIZES.subject_characters),
  }).default(DEFAULT_SIZES),
  ai: ai.optional(),
  require_source: flag.default(false),
  database: text('.outreach/outreach.db')
    .refine((path) => !/^postgres(ql)?:/.test(path), 'Postgres is not built yet; write the path of a SQLite file, or remove the key')
    .default('.outreach/outreach.db'),
}).superRefine(({ senders }, context) => {
  for (const [index, { name, warmup, daily_cap }] of (senders ?? []).entries()) {
    if (warmup !== undefined && daily_cap === undefined) {
      const message = 'grows up to daily_cap, and there is none; write daily_cap: 50 beside it';
      context.addIssue({ code: 'custom', path: ['senders', index, 'warmup'], message });
    }
    if (senders?.findIndex((other) => other.name === name) !== index) {
      context.addIssue({
        code: 'custom',
        path: ['senders', index, 'name'],
        message: `${name} is there twice; give each sender a name of its own`,
      });
    }
  }
});

/** A mailbox's address, and the client that asks for its tokens. */
function safeMailbox(sender: Parameters<typeof checkLogin>[0], context: z.RefinementCtx): void {
  safeBaseUrl(sender, context);
  checkLogin(sender, (path, message) => context.addIssue({ code: 'custom', path, message }));
}

type Parsed = z.output<typeof configSchema>;
export type SmtpSenderConfig = z.output<typeof smtp>;
export type SenderConfig = z.output<typeof sender>;
/** A mailbox that is spoken to over HTTP, with access tokens. */
export type TokenSenderConfig = Extract<SenderConfig, { readonly type: TokenProviderName }>;
/** Those that may log in with a grant. */
export type MailboxSenderConfig = SmtpSenderConfig | TokenSenderConfig;

/** outreach.yaml, checked. Durations are milliseconds; `database` is absolute. */
export type Config = Omit<Parsed, 'senders'> & { readonly senders: readonly SenderConfig[]; readonly path: string };

export function loadConfig(workspace: Workspace): Config {
  return configOf(workspace, readSource(workspace.configFile));
}

/** The same from a text that stands in no file yet. */
export function configOf(workspace: Workspace, text: string): Config {
  return effective(workspace, readYaml({ text, path: workspace.configFile, firstLine: 1 }, configSchema, NOT_YET).value);
}

/** Everything that is wrong with outreach.yaml, or what holds and what the file itself says of it. */
export function inspectConfig(workspace: Workspace): Inspected<Config> {
  const source = { text: readSource(workspace.configFile), path: workspace.configFile, firstLine: 1 };
  const inspected = inspectYaml(source, configSchema, NOT_YET);
  return inspected.ok ? { ...inspected, value: effective(workspace, inspected.value) } : inspected;
}

function effective(workspace: Workspace, value: Parsed): Config {
  return {
    ...value,
    senders: value.senders ?? [
      { name: 'outbox', type: 'outbox', from: `${value.identity.name.replace(/["<>,;:@\\]/g, ' ')} <outbox@outreach.example>` },
    ],
    database: resolve(workspace.root, value.database),
    path: workspace.configFile,
  };
}

/** Where an opt-out mail goes: what `unsubscribe.mailto` says, or the sender itself. */
export function unsubscribeAddress(config: Config, from: string): string {
  const address = parseAddress(config.unsubscribe?.mailto ?? from);
  if (!address.ok) throw new OutreachError('config', `${config.path}: unsubscribe.mailto: ${address.reason}`);
  return address.address.email;
}

export function isMailboxSender(sender: SenderConfig): sender is MailboxSenderConfig {
  return sender.type === 'smtp' || isMailbox(sender.type);
}

/** Whether a sender logs in with a grant of Google or Microsoft. */
export function logsInByGrant(sender: SenderConfig): boolean {
  return isMailboxSender(sender) && authOf(sender) === 'oauth';
}

/** The security a server speaks when nothing is said: TLS from the start on 465, STARTTLS elsewhere. */
export function securityOf(sender: Pick<SmtpSenderConfig, 'security' | 'port'>): 'starttls' | 'tls' | 'none' {
  return sender.security ?? (sender.port === 465 ? 'tls' : 'starttls');
}

function readSource(path: string): string {
  try {
    return readTextFile(path);
  } catch (cause) {
    if (cause instanceof UnfitFile)
      throw new OutreachError('config', cause.message, { hint: 'Put a file with your settings there.', cause });
    if (existsSync(path)) throw new OutreachError('config', whyUnread(path, cause), { cause });
    throw new OutreachError('config', `there is no ${path}`, { hint: 'Make one with: outreach init', cause });
  }
}
