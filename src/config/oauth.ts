import * as z from 'zod';
import { parseAddress } from '../domain/address.ts';
import { isLoopback } from '../domain/host.ts';
import { OAUTH_PROVIDERS } from '../domain/oauthProvider.ts';
import { notKnown, secret, strictObject, text } from './fields.ts';
import { oauthOfPreset, type PresetName } from './presets.ts';
import { type AuthKind, asApplication, authOf, GRANT_KINDS, oauthProviderOf, ownProvider } from './senderAuth.ts';

const endpoint = z.url({ protocol: /^https?$/, error: 'not a web address; write https://login.microsoftonline.us/…' });

const tenant = text('ruiz.example').regex(
  /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/,
  'neither a domain nor an id; write ruiz.example, or the id of the directory',
);

/** What is wrong with a tenant that was typed; undefined when it will do. */
export function tenantTrouble(answer: string): string | undefined {
  return tenant.safeParse(answer).error?.issues[0]?.message;
}

/** The client, or the application, that was registered at Google or Microsoft, and where that provider is asked. */
export const oauth = strictObject({
  provider: z.enum(OAUTH_PROVIDERS, notKnown('google or microsoft')).optional(),
  grant: z.enum(GRANT_KINDS, notKnown('person or application')).optional(),
  client_id: text('1234-abc.apps.googleusercontent.com').regex(/^[\x21-\x7e]{1,300}$/, 'no client id: it has no spaces; copy it again'),
  client_secret: secret.optional(),
  tenant: tenant.optional(),
  scope: text('https://outlook.office365.us/SMTP.Send')
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,500}$/, 'one scope, without spaces; write https://outlook.office365.us/SMTP.Send')
    .optional(),
  authorization_url: endpoint.optional(),
  token_url: endpoint.optional(),
  device_url: endpoint.optional(),
});

type OAuthConfig = z.output<typeof oauth>;

/** What of a sender decides how it logs in to its mailbox. */
interface MailboxLogin {
  readonly type: string;
  readonly name: string;
  readonly from: string;
  readonly preset?: PresetName | undefined;
  readonly insecure: boolean;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly auth?: AuthKind | undefined;
  readonly oauth?: OAuthConfig | undefined;
}

/** The mailbox that a token is for. */
export function mailboxOf({ user, from }: Pick<MailboxLogin, 'user' | 'from'>): string {
  const address = parseAddress(from);
  return user ?? (address.ok ? address.address.email : from);
}

type Complain = (path: string[], message: string) => void;

/** Complains of all that is wrong with how a sender logs in to its mailbox. */
export function checkLogin(sender: MailboxLogin, complain: Complain): void {
  const { auth, password, user } = sender;
  if (auth === undefined && password !== undefined && sender.oauth !== undefined)
    complain(['auth'], 'missing, and both oauth and password are there; write auth: oauth, or auth: password');
  const byToken = authOf(sender) === 'oauth';
  if (byToken && sender.oauth === undefined) complain(['oauth'], withoutClient(sender));
  else if (auth === 'password' && password === undefined) complain(['password'], `missing; write password: "keychain:${sender.name}"`);
  else if (!byToken && (user === undefined) !== (password === undefined))
    complain([user === undefined ? 'password' : 'user'], 'user and password go together; write both or neither');
  if (sender.oauth !== undefined) checkClient(sender, sender.oauth, complain);
  if (sender.type === 'graph' && asApplication(sender) && user === undefined)
    complain(['user'], 'missing, and an application has no mailbox of its own; write user: ana@ruiz.example');
}

function withoutClient({ type, preset, name }: MailboxLogin): string {
  const client = 'write oauth: { client_id: … } (docs/providers.md tells where to get it)';
  if (type !== 'smtp') return `missing, and type ${type} logs in with it; ${client}`;
  const asks = preset === undefined || oauthOfPreset(preset) === undefined ? '' : `, and ${preset} logs in with it`;
  return `missing${asks}; ${client}, or password: "keychain:${name}" beside user`;
}

function checkClient(sender: MailboxLogin, oauth: OAuthConfig, complain: Complain): void {
  const provider = oauthProviderOf(sender);
  const own = ownProvider(sender);
  const say: Say = (key, message) => complain(['oauth', key], message);
  if (provider === undefined) say('provider', 'missing; write google or microsoft');
  const named = sender.preset === undefined ? `type ${sender.type}` : `preset ${sender.preset}`;
  if (own !== undefined && provider !== own) say('provider', `${named} is ${own}’s; write ${own}, or remove it`);
  if (asApplication(sender)) checkApplication(sender, oauth, say);
  else if (provider === 'google') {
    if (oauth.client_secret === undefined)
      say('client_secret', `missing, and Google asks a desktop client for it; write client_secret: "keychain:${sender.name}-client"`);
    if (oauth.tenant !== undefined) say('tenant', 'for microsoft alone; remove it');
    if (oauth.device_url !== undefined) say('device_url', 'for microsoft alone: Google’s codes for devices do not cover mail; remove it');
  }
  if (oauth.client_secret === `keychain:${sender.name}`)
    say('client_secret', `outreach login ${sender.name} logs the sender in; write keychain:${sender.name}-client`);
  for (const key of ['authorization_url', 'token_url', 'device_url'] as const)
    checkEndpoint(oauth[key], sender.insecure, (message) => say(key, message));
}

type Say = (key: keyof OAuthConfig, message: string) => void;

/** Directories of nobody in particular, where an application has no administrator. */
const NO_TENANT = ['common', 'organizations', 'consumers'];

/** Microsoft's alone: a service account of Google has no secret. */
function checkApplication(sender: MailboxLogin, oauth: OAuthConfig, say: Say): void {
  if (oauthProviderOf(sender) === 'google') {
    say('grant', 'application is for microsoft alone; write grant: person, or remove it');
    return;
  }
  if (sender.preset === 'outlook')
    say('grant', 'Outlook.com has no administrators who let an application in; write grant: person, or remove it');
  if (oauth.client_secret === undefined)
    say('client_secret', `missing, and an application logs in with it; write client_secret: "keychain:${sender.name}-client"`);
  if (oauth.tenant === undefined || NO_TENANT.includes(oauth.tenant.toLowerCase()))
    say(
      'tenant',
      `${oauth.tenant ?? 'missing'}, and an application belongs to one directory; write its domain or id, such as ruiz.example`,
    );
  for (const key of ['authorization_url', 'device_url'] as const)
    if (oauth[key] !== undefined) say(key, 'for grant: person alone: nobody agrees in a browser; remove it');
}

/** Codes, tokens and the client's secret travel there. */
function checkEndpoint(address: string | undefined, insecure: boolean, complain: (message: string) => void): void {
  // Refinements run beside the check of the address itself.
  if (address === undefined || !URL.canParse(address)) return;
  const url = new URL(address);
  if (url.protocol === 'http:' && !insecure && !isLoopback(url.hostname))
    complain(`http would send tokens in clear to ${url.hostname}; write https, or add insecure: true`);
  if (url.username !== '' || url.password !== '') complain('a secret must not stand in this file; write client_secret: "env:NAME"');
  if (url.hash !== '') complain('no # in it (RFC 6749 §3); remove it');
}
