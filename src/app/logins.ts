import { type Config, type SenderConfig, type SmtpSenderConfig, securityOf } from '../config/config.ts';
import { messageOf } from '../domain/errors.ts';
import { type LoginAnswer, type LoginRequest, readStatus } from '../domain/login.ts';
import { redact } from '../domain/redact.ts';
import { oneLine } from '../domain/text.ts';
import type { SmtpServer } from '../mail/smtpConnections.ts';
import { headerSafe } from './secrets.ts';

/** A sender or AI provider that logs in somewhere with a secret. */
export interface Login {
  readonly name: string;
  /** As messages call it: `sender main`. */
  readonly owner: string;
  readonly key: 'password' | 'api_key';
  /** What outreach.yaml says under that key; undefined where it says nothing yet. */
  readonly reference: string | undefined;
  /** What a person is asked for: `password of ana@ruiz.example at smtp.ruiz.example`. */
  readonly wanted: string;
  /** Undefined where the configuration lacks what a login needs. */
  readonly tryOut: ((secret: string) => Promise<LoginAnswer>) | undefined;
}

/** For a whole conversation, in ms. */
const LOGIN_LIMIT = 20_000;

/** Everything in the configuration that logs in, in its order. */
export function loginsOf(config: Config): Login[] {
  return [...config.senders.flatMap(loginOfSender), ...(config.ai?.providers ?? []).map(loginOfProvider)];
}

/** How to reach a sender's server; without a password it is spoken to without a login. */
export function smtpServerOf(sender: SmtpSenderConfig, password: string | undefined): SmtpServer {
  const { host, port, user } = sender;
  const auth = user === undefined || password === undefined ? undefined : { user, password };
  return { host: host.replace(/^\[|\]$/g, ''), port, security: securityOf(sender), auth };
}

function loginOfSender(sender: SenderConfig): Login[] {
  const { name, type } = sender;
  const owner = `sender ${name}`;
  if (type === 'outbox') return [];
  if (type === 'smtp') {
    const { user, host, password } = sender;
    const tryOut = async (secret: string) => {
      const { trySmtpLogin } = await import('../mail/smtp.ts');
      return trySmtpLogin(smtpServerOf(sender, secret), LOGIN_LIMIT);
    };
    const wanted = `password of ${user ?? owner} at ${host}`;
    return [{ name, owner, key: 'password', reference: password, wanted, tryOut: user === undefined ? undefined : tryOut }];
  }
  const tryOut = async (secret: string) => {
    const key = headerSafe(secret, `the key of ${owner}`);
    if (type === 'resend') return askServer((await import('../mail/resend.ts')).resendLogin(key, sender.base_url));
    return askServer((await import('../mail/sendgrid.ts')).sendgridLogin(key, sender.base_url));
  };
  return [{ name, owner, key: 'api_key', reference: sender.api_key, wanted: `API key of ${owner} (${type})`, tryOut }];
}

function loginOfProvider({ name, base_url, api_key }: NonNullable<Config['ai']>['providers'][number]): Login {
  const owner = `ai provider ${name}`;
  const tryOut = async (secret: string) => {
    const { modelsLogin } = await import('../llm/modelsLogin.ts');
    return askServer(modelsLogin(base_url, headerSafe(secret, `the key of ${owner}`)));
  };
  return { name, owner, key: 'api_key', reference: api_key, wanted: `API key of ${owner} (${new URL(base_url).host})`, tryOut };
}

/** A redirect is not followed: it would carry the key to another place. */
async function askServer({ url, headers, read }: LoginRequest): Promise<LoginAnswer> {
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(LOGIN_LIMIT) });
    const body = await response.text();
    const reply = redact(oneLine(`${response.status} ${saidIn(body)}`)).slice(0, 300);
    return read?.(response.status, body) ?? readStatus(response.status, reply);
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    return { kind: 'unknown', reply: redact(oneLine(`${url.host}: ${messageOf(cause ?? error)}`)).slice(0, 300) };
  }
}

/** The sentence in an error of SendGrid, Resend or an OpenAI-shaped server; else the answer as it is. */
function saidIn(body: string): string {
  try {
    const { message, error, errors } = JSON.parse(body) as Record<string, unknown>;
    const [first] = Array.isArray(errors) ? (errors as unknown[]) : [];
    for (const place of [message, error, (error as { message?: unknown })?.message, (first as { message?: unknown })?.message]) {
      if (typeof place === 'string' && place !== '') return place;
    }
  } catch {
    // No JSON: its words are all there is.
  }
  return body;
}
