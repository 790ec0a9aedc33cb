import { isIP } from 'node:net';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { AccessTokens } from '../domain/accessToken.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import { methodFor, type TokenLogin, tokenMethods } from './saslToken.ts';
import type { SmtpReply } from './smtpReplies.ts';
import { AskedReplies, type Offers, OutOfStep, SmtpWire } from './smtpWire.ts';

interface PasswordLogin {
  readonly user: string;
  readonly password: string;
}

/** `mend`: what a person does when the mailbox takes its tokens no more: `log in again: outreach login main`. */
export type SmtpAuth = PasswordLogin | { readonly user: string; readonly tokens: AccessTokens; readonly mend: string };

/** How to reach and trust one SMTP server. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** `starttls` requires the upgrade, `tls` speaks it from the first byte, `none` never does. */
  readonly security: 'starttls' | 'tls' | 'none';
  readonly auth: SmtpAuth | undefined;
  /** Certificate authorities to trust instead of the system's (PEM). */
  readonly ca?: string;
}

/** A new connection: greeted, encrypted and logged in by nodemailer, which must be in step with its server all the while. */
export async function shakeHands(server: SmtpServer, cut: AbortSignal, login: PasswordLogin | TokenLogin | undefined): Promise<SmtpWire> {
  if (cut.aborted) throw new Error('the time limit passed');
  const smtp = connectionTo(server, login);
  let stop = (_: Error) => {};
  const onCut = () => stop(new Error('the time limit passed'));
  try {
    return await new Promise<SmtpWire>((resolve, reject) => {
      stop = reject;
      cut.addEventListener('abort', onCut, { once: true });
      const watch = new Watch(smtp, reject);
      smtp.on('error', reject);
      smtp.on('end', () => reject(new Error('the server closed the connection')));
      const ready = (error?: Error | null) => {
        try {
          if (error) throw error;
          resolve(watch.handOver());
        } catch (failure) {
          reject(failure);
        }
      };
      smtp.connect((error) => {
        if (error || login === undefined) ready(error);
        else if ('password' in login) smtp.login({ user: login.user, pass: login.password }, ready);
        else logInWithToken(smtp, watch, login, ready);
      });
    });
  } catch (error) {
    if (smtp._socket) smtp._socket.destroy();
    smtp.close();
    throw error;
  } finally {
    cut.removeEventListener('abort', onCut);
  }
}

function logInWithToken(smtp: SMTPConnection, watch: Watch, { user }: TokenLogin, ready: (error?: Error | null) => void): void {
  const method = methodFor(watch.authMethods);
  if (method !== undefined) smtp.login({ user, method }, ready);
  else ready(Object.assign(new Error('the server offers no login with a token (XOAUTH2 or OAUTHBEARER)'), { code: 'EAUTH' }));
}

function connectionTo({ host, port, security, ca }: SmtpServer, login: PasswordLogin | TokenLogin | undefined): SMTPConnection {
  return new SMTPConnection({
    ...(login !== undefined && 'token' in login ? { customAuth: tokenMethods(login, { host, port }) } : {}),
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { rejectUnauthorized: true, ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) },
    connectionTimeout: DEADLINES.connect,
    greetingTimeout: DEADLINES.greeting,
    socketTimeout: DEADLINES.socketSilence,
  });
}

/** What nodemailer's connection does with the bytes that arrive, and with each command; neither is part of its types. */
interface Inside {
  _onData(chunk: Buffer): void;
  _sendCommand(line: string, logged?: string): void;
}

/**
 * Sees every byte before nodemailer does. nodemailer queues replies that come early and gives them to the
 * commands that follow, and takes any 2xx for a yes; behind a server that says more than it was asked, each
 * reply would answer the wrong command. After the handshake the bytes go to the wire, and nodemailer sees none.
 */
class Watch {
  readonly #smtp: SMTPConnection;
  readonly #replies = new AskedReplies();
  /** What the replies to come will answer; the greeting answers the connection. */
  readonly #commands = ['the connection'];
  #answered = 0;
  #ehlo: SmtpReply | undefined;
  #wire: SmtpWire | undefined;

  constructor(smtp: SMTPConnection, fail: (error: Error) => void) {
    this.#smtp = smtp;
    const inside = smtp as unknown as Inside;
    const send = inside._sendCommand.bind(smtp);
    inside._sendCommand = (line, logged) => {
      this.#replies.ask(1);
      this.#commands.push(/^(?:EHLO|HELO|STARTTLS|AUTH)\b/.exec(line)?.[0] ?? 'AUTH');
      send(line, logged);
    };
    const read = inside._onData.bind(smtp);
    inside._onData = (chunk) => {
      if (this.#wire !== undefined) return this.#wire.receive(chunk);
      const wrong = this.#look(chunk);
      if (wrong === undefined) read(chunk);
      else fail(wrong);
    };
  }

  /** The logins that the server offers (RFC 4954 §3), as it stands when it has been greeted and encrypted. */
  get authMethods(): readonly string[] {
    const lines = this.#ehlo?.text.split('\n') ?? [];
    return lines.flatMap((line) => /^\d{3}[ -]AUTH[ =](.*)$/i.exec(line)?.[1]?.toUpperCase().split(/\s+/) ?? []);
  }

  /** From here on nodemailer only keeps the socket: its time limits, and its end. */
  handOver(): SmtpWire {
    const socket = this.#smtp._socket;
    // A release of nodemailer that goes other ways must not send unwatched.
    if (!socket || this.#answered < 2 || !this.#replies.allIn) throw new OutOfStep('the server’s replies do not fit what it was asked');
    this.#wire = new SmtpWire(socket, this.#smtp, this.#replies, offersIn(this.#ehlo));
    return this.#wire;
  }

  #look(chunk: Buffer): Error | undefined {
    const { answers, stray } = this.#replies.take(chunk);
    for (const answer of answers) {
      const command = this.#commands.shift() ?? '';
      this.#answered++;
      const expected = SUCCESS[command];
      if (answer.code < 300 && expected !== undefined && answer.code !== expected)
        return new OutOfStep(`the server answered ${command} with “${answer.text}”`);
      if (command === 'EHLO') this.#ehlo = answer;
      // What is in clear behind it would be read as if it had come encrypted (RFC 3207 §6; CVE-2021-22947 in curl).
      if (command === 'STARTTLS' && answer.code === SUCCESS.STARTTLS && stray !== undefined)
        return Object.assign(new Error(`the server sent more than its answer to STARTTLS: ${stray.message}`), { code: 'ETLS' });
    }
    return stray;
  }
}

/** The one success of each command (RFC 5321 §4.3.2, RFC 3207 §4, RFC 4954 §4); any other 2xx answers something else. */
const SUCCESS: Readonly<Record<string, number>> = { 'the connection': 220, EHLO: 250, HELO: 250, STARTTLS: 220, AUTH: 235 };

/** A server that knows HELO alone offers nothing. */
function offersIn(ehlo: SmtpReply | undefined): Offers {
  const lines = ehlo !== undefined && ehlo.code === SUCCESS.EHLO ? ehlo.text.split('\n').slice(1) : [];
  const offers = new Map(
    lines.map((line) => {
      const [keyword = '', parameter = ''] = line.slice(4).split(/[\s=]+/);
      return [keyword.toUpperCase(), parameter];
    }),
  );
  return {
    pipelining: offers.has('PIPELINING'),
    smtpUtf8: offers.has('SMTPUTF8'),
    size: offers.has('SIZE'),
    mostBytes: Number(/^\d+$/.exec(offers.get('SIZE') ?? '')?.[0] ?? 0),
  };
}
