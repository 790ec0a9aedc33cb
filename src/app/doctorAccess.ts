import { isIP } from 'node:net';
import { logsInByGrant, type SenderConfig, type SmtpSenderConfig, type TokenSenderConfig } from '../config/config.ts';
import { mailboxOf } from '../config/oauth.ts';
import { oauthOfPreset } from '../config/presets.ts';
import { domainOf, parseAddress } from '../domain/address.ts';
import { type Check, fail, ok, warn } from '../domain/check.ts';
import { formatDuration, MINUTE } from '../domain/duration.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { isLoopback } from '../domain/host.ts';
import { readModelList } from '../llm/modelList.ts';
import { modelsLogin } from '../llm/modelsLogin.ts';
import type { KeyVerdict } from '../mail/apiAnswers.ts';
import { HTTP_PROVIDER_KINDS } from '../mail/httpProviders.ts';
import { type ProbeAnswer, tryLogin } from '../mail/loginProbe.ts';
import type { SmtpAuth, SmtpServer } from '../mail/smtpHandshake.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { App } from './app.ts';
import { grantChecks } from './doctorGrant.ts';
import { loginCommandOf, mendOf } from './grants.ts';
import { getAnswer, type HttpAnswer } from './httpAnswer.ts';
import { mailboxApiOf, passwordLogin, smtpServerOf } from './logins.ts';
import { believeDenial, type Dns } from './resolver.ts';
import { headerSafe } from './secrets.ts';

export interface Reach {
  readonly env: NodeJS.ProcessEnv;
  readonly secrets: Secrets;
  readonly dns: Dns;
  readonly now: () => number;
  readonly limitMs: number;
}

/** How far our clock is from that of a server which told the time. */
interface ClockReading {
  readonly host: string;
  readonly aheadMs: number;
}

/** Beyond these our times of sending are wrong, and signatures may be refused as too old or from the future. */
const CLOCK_WARNS = 30_000;
const CLOCK_FAILS = 5 * MINUTE;

/** Secrets, logins without a mail, the AI providers, and the clock that their answers show; all side by side. */
export async function accessChecks(app: App, reach: Reach): Promise<{ checks: Check[]; clockSeen: boolean }> {
  const clocks: ClockReading[] = [];
  const seen = (url: URL, answer: HttpAnswer) => {
    if (answer.kind === 'answered' && answer.aheadMs !== undefined) clocks.push({ host: url.host, aheadMs: answer.aheadMs });
  };
  const found = await Promise.all([
    ...app.config.senders.map((sender) => senderAccess(app, sender, reach, seen)),
    ...(app.config.ai?.providers ?? []).map((provider) => aiAccess(app, provider, reach, seen)),
  ]);
  return { checks: [...found.flat(), ...clockCheck(clocks)], clockSeen: clocks.length > 0 };
}

type Seen = (url: URL, answer: HttpAnswer) => void;

async function senderAccess(app: App, sender: SenderConfig, reach: Reach, seen: Seen): Promise<Check[]> {
  if (sender.type === 'outbox') return [];
  if (sender.type === 'smtp') {
    if (logsInByGrant(sender)) {
      const { checks, tokens } = await grantChecks(app, sender, reach);
      const auth = tokens && { user: mailboxOf(sender), tokens, mend: mendOf(sender) };
      return [...checks, ...(auth === undefined ? [] : [await smtpLogin(sender, auth, reach)])];
    }
    const secret = await secretOf(app, sender.password, `sender ${sender.name}`, sender.name, reach.secrets);
    return [...secret.checks, ...(secret.missing ? [] : [await smtpLogin(sender, passwordLogin(sender, secret.value), reach)])];
  }
  if (!('api_key' in sender)) return apiAccess(app, sender, reach, seen);
  const secret = await secretOf(app, sender.api_key, `sender ${sender.name}`, sender.name, reach.secrets, headerSafe);
  if (secret.value === undefined) return secret.checks;
  const { login, readLogin } = HTTP_PROVIDER_KINDS[sender.type];
  const request = login(secret.value, sender.base_url, sender.insecure);
  const answer = await getAnswer(request, reach.limitMs, reach.now);
  seen(request.url, answer);
  const check = await overHttp('login', sender.name, request.url, answer, reach.dns, (status, body) =>
    readLogin(status, body, fromDomain(sender.from)),
  );
  return [...secret.checks, check];
}

/** The grant of a mailbox, and whether its API takes the tokens that come of it. */
async function apiAccess(app: App, sender: TokenSenderConfig, reach: Reach, seen: Seen): Promise<Check[]> {
  const { checks, tokens } = await grantChecks(app, sender, reach);
  const access = await tokens?.current();
  if (access?.ok !== true) return checks;
  const { login, readLogin } = HTTP_PROVIDER_KINDS[sender.type];
  const request = login(access.token, mailboxApiOf(sender));
  const answer = await getAnswer(request, reach.limitMs, reach.now);
  seen(request.url, answer);
  const read = (status: number, body: string) => readLogin(status, body, fromAddress(sender.from));
  return [...checks, await overHttp('login', sender.name, request.url, answer, reach.dns, read)];
}

async function aiAccess(
  app: App,
  { name, base_url, api_key, model, insecure }: NonNullable<App['config']['ai']>['providers'][number],
  reach: Reach,
  seen: Seen,
): Promise<Check[]> {
  const secret = await secretOf(app, api_key, `ai provider ${name}`, name, reach.secrets, headerSafe);
  if (secret.missing) return secret.checks;
  const request = modelsLogin(base_url, secret.value, insecure);
  const answer = await getAnswer(request, reach.limitMs, reach.now);
  seen(request.url, answer);
  return [
    ...secret.checks,
    await overHttp('ai', name, request.url, answer, reach.dns, (status, body) => readModelList(status, body, model)),
  ];
}

interface Secret {
  readonly checks: Check[];
  readonly value: string | undefined;
  readonly missing: boolean;
}

async function secretOf(
  app: App,
  reference: string | undefined,
  askedBy: string,
  subject: string,
  secrets: Secrets,
  clean: (value: string, reference: string) => string = (value) => value,
): Promise<Secret> {
  if (reference === undefined) return { checks: [], value: undefined, missing: false };
  try {
    const value = clean(await secrets.resolve(reference, `${app.config.path}: ${askedBy}`), reference);
    return { checks: [ok('secret', subject, `${reference} is set`)], value, missing: false };
  } catch (error) {
    if (!(error instanceof OutreachError)) throw error;
    return { checks: [fail('secret', subject, error.message, error.hint ?? `Set ${reference}.`)], value: undefined, missing: true };
  }
}

async function smtpLogin(sender: SmtpSenderConfig, auth: SmtpAuth | undefined, { dns, limitMs }: Reach): Promise<Check> {
  const { name, preset } = sender;
  const server = smtpServerOf(sender, auth);
  const { host, port, security } = server;
  const at = `${host}:${port}`;
  // nodemailer waits for a silent DNS for half a minute, and keeps the program from ending so long.
  const silence = isIP(host) !== 0 || isLoopback(host) ? undefined : await dns.addresses(host).then(() => undefined, messageOf);
  if (silence !== undefined) return warn('login', name, `could not be asked: ${at}: ${silence}`, OFFLINE);
  const answer = await tryLogin(server, limitMs);
  if (answer.kind !== 'welcome') return notIn(name, at, server, answer, dns);
  const how = `${at} ${security === 'none' ? 'answers' : security === 'tls' ? 'speaks TLS' : 'speaks STARTTLS'}${taken(auth)}`;
  if (auth === undefined && preset !== undefined && oauthOfPreset(preset) !== undefined)
    return warn('login', name, how, `Write oauth: { client_id: … } into outreach.yaml, then: ${loginCommandOf(name)}`);
  if (security === 'none' && !isLoopback(host))
    return warn('login', name, `${how}, in clear`, 'Write security: starttls or tls into outreach.yaml.');
  return ok('login', name, how);
}

function taken(auth: SmtpAuth | undefined): string {
  if (auth === undefined) return '; no login is set';
  return ` and takes the ${'tokens' in auth ? 'token' : 'login'} of ${auth.user}`;
}

async function notIn(
  name: string,
  at: string,
  { host, security, auth }: SmtpServer,
  answer: Exclude<ProbeAnswer, { kind: 'welcome' }>,
  dns: Dns,
): Promise<Check> {
  switch (answer.kind) {
    case 'login_refused':
      return fail(
        'login',
        name,
        `${at} refuses the login: ${answer.reply}`,
        auth !== undefined && 'tokens' in auth
          ? `The token must open the mailbox ${auth.user}, and SMTP must be allowed for it; ${auth.mend}`
          : 'Check user and password; many providers want an app password or an SMTP key here, not the password of the mailbox.',
      );
    case 'turned_away':
      return fail('login', name, `${at} turns us away: ${answer.reply}`, 'Ask the provider what it says above means.');
    case 'unsafe':
      return fail(
        'login',
        name,
        `${at} offers no encryption that can be trusted (security: ${security}): ${answer.reply}`,
        'Usual are port 587 with security: starttls, and port 465 with security: tls. The host must be the name in its certificate.',
      );
    case 'closed':
      return fail('login', name, `nobody listens at ${at}`, 'Check host and port in outreach.yaml: 587 with STARTTLS, or 465 with TLS.');
    case 'no_such_host':
      return unknownHost('login', name, host, dns);
    case 'unreachable':
      return warn('login', name, `could not be asked: ${at}: ${answer.reply}`, OFFLINE);
  }
}

async function overHttp(
  what: string,
  subject: string,
  url: URL,
  answer: HttpAnswer,
  dns: Dns,
  read: (status: number, body: string) => KeyVerdict,
): Promise<Check> {
  switch (answer.kind) {
    case 'answered':
      return { name: what, subject, ...read(answer.status, answer.body) };
    case 'closed':
      return fail(what, subject, `nobody listens at ${url.host}`, 'Start it, or check base_url in outreach.yaml.');
    case 'unsafe':
      return fail(
        what,
        subject,
        `the certificate of ${url.host} cannot be trusted: ${answer.reason}`,
        'Check base_url in outreach.yaml, and this machine’s clock.',
      );
    case 'no_such_host':
      return unknownHost(what, subject, url.hostname, dns);
    case 'unreachable':
      return warn(what, subject, `could not be asked: ${url.host}: ${answer.reason}`, OFFLINE);
  }
}

const OFFLINE = 'Check this machine’s network (or a firewall on the way), then: outreach doctor';

/** A system that is offline may say "no such name" too: only DNS itself is believed, and only when it knows others. */
async function unknownHost(what: string, subject: string, host: string, dns: Dns): Promise<Check> {
  try {
    const addresses = await dns.addresses(host);
    await believeDenial(dns);
    if (addresses.length === 0) return fail(what, subject, `there is no host ${host}`, 'Correct it in outreach.yaml.');
    return warn(what, subject, `could not be asked: this machine cannot look up ${host}`, OFFLINE);
  } catch (error) {
    return warn(what, subject, `could not be asked: ${messageOf(error)}`, OFFLINE);
  }
}

/** The reading nearest to ours counts: it is our clock that is judged, not that of a provider which is wrong itself. */
function clockCheck(clocks: readonly ClockReading[]): Check[] {
  const others = clocks.filter(({ host }) => !isLoopback(host.replace(/:\d+$/, '')));
  const [nearest] = (others.length > 0 ? others : clocks).toSorted((a, b) => Math.abs(a.aheadMs) - Math.abs(b.aheadMs));
  if (nearest === undefined) return [];
  const off = Math.abs(nearest.aheadMs);
  const detail = `${formatDuration(off)} ${nearest.aheadMs > 0 ? 'behind' : 'ahead of'} ${nearest.host}`;
  const fix = 'Let the system set it: timedatectl set-ntp true (Linux), or Date & Time in the settings.';
  if (off > CLOCK_FAILS) return [fail('clock', 'this machine', detail, fix)];
  if (off > CLOCK_WARNS) return [warn('clock', 'this machine', detail, fix)];
  return [ok('clock', 'this machine', `agrees with ${nearest.host}`)];
}

function fromDomain(from: string): string {
  return domainOf(fromAddress(from));
}

function fromAddress(from: string): string {
  const address = parseAddress(from);
  return address.ok ? address.address.email : '';
}
