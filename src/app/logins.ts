import {
  type Config,
  logsInByGrant,
  type MailboxSenderConfig,
  type SenderConfig,
  type SmtpSenderConfig,
  securityOf,
  type TokenSenderConfig,
} from '../config/config.ts';
import { mailboxOf } from '../config/oauth.ts';
import { asApplication } from '../config/senderAuth.ts';
import { messageOf } from '../domain/errors.ts';
import { parseForeignJson } from '../domain/foreignJson.ts';
import { type LoginAnswer, type LoginRequest, readStatus } from '../domain/login.ts';
import { redact } from '../domain/redact.ts';
import { oneLine } from '../domain/text.ts';
import type { Mailbox } from '../mail/rawMail.ts';
import type { SmtpAuth, SmtpServer } from '../mail/smtpHandshake.ts';
import { clientWith, grantName } from './grants.ts';
import { getAnswer, type HttpAnswer } from './httpAnswer.ts';
import { headerSafe } from './secrets.ts';

/** A sender or AI provider that logs in somewhere with a secret. */
export interface Login {
  readonly name: string;
  /** As messages call it: `sender main`. */
  readonly owner: string;
  readonly key: 'password' | 'api_key' | 'dkim.key' | 'oauth' | 'oauth.client_secret';
  /** What outreach.yaml says under that key; undefined where it says nothing yet. */
  readonly reference: string | undefined;
  /** What a person is asked for: `password of ana@ruiz.example at smtp.ruiz.example`. */
  readonly wanted: string;
  /** Undefined where the configuration lacks what a login needs. */
  readonly tryOut: ((secret: string) => Promise<LoginAnswer>) | undefined;
}

const LET_IN: LoginAnswer = { kind: 'let_in' };

/** For a whole conversation, in ms. */
const LOGIN_LIMIT = 20_000;

/** Everything in the configuration that logs in, in its order. */
export function loginsOf(config: Config): Login[] {
  return [...config.senders.flatMap(loginOfSender), ...(config.ai?.providers ?? []).map(loginOfProvider)];
}

/** How to reach a sender's server; without a password or tokens it is spoken to without a login. */
export function smtpServerOf(sender: SmtpSenderConfig, auth: SmtpAuth | undefined): SmtpServer {
  const { host, port } = sender;
  return { host: host.replace(/^\[|\]$/g, ''), port, security: securityOf(sender), auth };
}

/** Where a mailbox is spoken to over HTTP. */
export function mailboxApiOf({ base_url, insecure, user }: TokenSenderConfig): Mailbox {
  return { baseUrl: base_url, insecure, user };
}

/** The login with a password; undefined where either part is missing. */
export function passwordLogin({ user }: SmtpSenderConfig, password: string | undefined): SmtpAuth | undefined {
  return user === undefined || password === undefined ? undefined : { user, password };
}

function loginOfSender(sender: SenderConfig): Login[] {
  const { name, type } = sender;
  const owner = `sender ${name}`;
  if (type === 'outbox') return [];
  if (type === 'smtp') {
    const own = logsInByGrant(sender) ? grantLogin(sender) : [passwordLoginOf(sender)];
    return sender.dkim?.key.startsWith('keychain:') ? [...own, signingKey(owner, sender.dkim)] : own;
  }
  if (!('api_key' in sender)) return grantLogin(sender);
  const tryOut = async (secret: string) => {
    const key = headerSafe(secret, `the key of ${owner}`);
    const { HTTP_PROVIDER_KINDS } = await import('../mail/httpProviders.ts');
    return askServer(HTTP_PROVIDER_KINDS[sender.type].login(key, sender.base_url, sender.insecure));
  };
  return [{ name, owner, key: 'api_key', reference: sender.api_key, wanted: `API key of ${owner} (${type})`, tryOut }];
}

function passwordLoginOf(sender: SmtpSenderConfig): Login {
  const { name, user, host, password } = sender;
  const owner = `sender ${name}`;
  const tryOut = (secret: string) => askSmtp(sender, passwordLogin(sender, secret));
  const wanted = `password of ${user ?? owner} at ${host}`;
  return { name, owner, key: 'password', reference: password, wanted, tryOut: user === undefined ? undefined : tryOut };
}

/** The grant, which a person gives in a browser, and the secret of the client that asks for it. An application has its secret alone. */
function grantLogin(sender: MailboxSenderConfig): Login[] {
  const { name, oauth } = sender;
  const owner = `sender ${name}`;
  const reference = oauth?.client_secret;
  const grant = { name, owner, key: 'oauth', reference: `keychain:${grantName(name)}`, wanted: `grant for ${mailboxOf(sender)}` } as const;
  const application = asApplication(sender);
  const tryOut = async (secret: string) => (await import('./applications.ts')).tryApplication(clientWith(sender, secret.trim()));
  const client = {
    name: reference?.replace(/^\w+:/, '') ?? '',
    owner,
    key: 'oauth.client_secret',
    reference,
    wanted: `secret of the ${application ? 'application' : 'OAuth client'} of ${owner}`,
    tryOut: application ? tryOut : undefined,
  } as const;
  return [...(application ? [] : [{ ...grant, tryOut: undefined }]), ...(reference === undefined ? [] : [client])];
}

/** No login, but a secret of the same kind: it is tried out by reading it. */
function signingKey(owner: string, { domain, key }: NonNullable<SmtpSenderConfig['dkim']>): Login {
  const tryOut = async (pem: string): Promise<LoginAnswer> => {
    const { publicHalf } = await import('../mail/dkim.ts');
    try {
      publicHalf(pem, 'the key');
      return LET_IN;
    } catch (error) {
      return { kind: 'refused', reply: messageOf(error) };
    }
  };
  return { name: key, owner, key: 'dkim.key', reference: key, wanted: `private DKIM key of ${domain} (PEM)`, tryOut };
}

function loginOfProvider({ name, base_url, api_key, insecure }: NonNullable<Config['ai']>['providers'][number]): Login {
  const owner = `ai provider ${name}`;
  const tryOut = async (secret: string) => {
    const { modelsLogin } = await import('../llm/modelsLogin.ts');
    return askServer(modelsLogin(base_url, headerSafe(secret, `the key of ${owner}`), insecure));
  };
  return { name, owner, key: 'api_key', reference: api_key, wanted: `API key of ${owner} (${new URL(base_url).host})`, tryOut };
}

/** What a sender's SMTP server says to a login. */
export async function askSmtp(sender: SmtpSenderConfig, auth: SmtpAuth | undefined): Promise<LoginAnswer> {
  const { tryLogin } = await import('../mail/loginProbe.ts');
  const answer = await tryLogin(smtpServerOf(sender, auth), LOGIN_LIMIT);
  if (answer.kind === 'welcome') return LET_IN;
  return { kind: answer.kind === 'login_refused' ? 'refused' : 'unknown', reply: answer.reply };
}

/** What a server over HTTP says to a login. */
export async function askServer(request: LoginRequest): Promise<LoginAnswer> {
  const answer = await getAnswer(request, LOGIN_LIMIT, Date.now);
  if (answer.kind !== 'answered') return { kind: 'unknown', reply: clean(`${request.url.host}: ${whyNot(answer)}`) };
  const { status, body } = answer;
  return request.read?.(status, body) ?? readStatus(status, clean(`${status} ${saidIn(body)}`));
}

/** A server may repeat what it was sent. */
function clean(reply: string): string {
  return redact(oneLine(reply)).slice(0, 300);
}

function whyNot(answer: Exclude<HttpAnswer, { kind: 'answered' }>): string {
  if (answer.kind === 'closed') return 'nobody listens there';
  return answer.kind === 'no_such_host' ? 'no such host' : answer.reason;
}

/** The sentence in an error of SendGrid, Resend or an OpenAI-shaped server; else the answer as it is. */
function saidIn(body: string): string {
  try {
    const { message, error, errors } = parseForeignJson(body) as Record<string, unknown>;
    const [first] = Array.isArray(errors) ? (errors as unknown[]) : [];
    for (const place of [message, error, (error as { message?: unknown })?.message, (first as { message?: unknown })?.message]) {
      if (typeof place === 'string' && place !== '') return place;
    }
  } catch {
    // No JSON: its words are all there is.
  }
  return body;
}
