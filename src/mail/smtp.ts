import { Readable } from 'node:stream';
import { fileSize } from '../domain/attachment.ts';
import { connectionTrouble } from '../domain/connectionTrouble.ts';
import type { Delivery } from '../domain/delivery.ts';
import { messageOf } from '../domain/errors.ts';
import { reached } from '../domain/milestone.ts';
import type { SmtpPhase } from '../domain/refusalRules.ts';
import { Arming } from './arming.ts';
import type { DkimSigner } from './dkim.ts';
import type { DeliveryAttempt, FrozenMail, Mailer } from './mailer.ts';
import { sha256, withDate } from './mime.ts';
import { readReply, shortReply } from './replies.ts';
import { discard, type OpenConnection, SmtpConnections, type SmtpServer } from './smtpConnections.ts';

/** Sends over SMTP (RFC 5321) with the arm between the server's 354 and the first byte of the mail. */
export function smtpMailer(server: SmtpServer, dkim?: DkimSigner): Mailer {
  const connections = new SmtpConnections(server);
  return {
    provider: 'smtp',
    deliver(mail, attempt) {
      if (dkim === undefined) return deliver(connections, mail, attempt, withDate(mail.bytes, attempt.date));
      try {
        return deliver(connections, mail, attempt, dkim(withDate(mail.bytes, attempt.date), attempt.date));
      } catch (error) {
        // An unsigned mail harms the domain's name: none goes out, none loses a try, and a person must look at the key.
        const reply = shortReply(`the mail could not be signed: ${messageOf(error)}`);
        return Promise.resolve({ kind: 'sender_refused', code: null, reply, beforeMail: true, stopsSender: true });
      }
    },
    close: async () => connections.close(),
  };
}

async function deliver(connections: SmtpConnections, mail: FrozenMail, attempt: DeliveryAttempt, bytes: Buffer): Promise<Delivery> {
  // A controller of its own: AbortSignal.any would leave an entry on the worker's signal for every mail.
  const cut = new AbortController();
  const onCut = () => cut.abort();
  const timer = setTimeout(onCut, attempt.limits.unarmed);
  attempt.cut.addEventListener('abort', onCut, { once: true });
  if (attempt.cut.aborted) onCut();
  try {
    let connection = await connections.acquire(cut.signal);
    let delivery = await new Conversation(connection, mail, attempt, bytes).run();
    // The server may close an idle connection at any time. Nothing was armed, so a fresh one may be tried at once.
    if (connection.reused && delivery.code === null && delivery.kind === 'temporary' && !cut.signal.aborted) {
      discard(connection);
      connection = await connections.connect(cut.signal);
      delivery = await new Conversation(connection, mail, attempt, bytes).run();
    }
    if (delivery.kind === 'accepted') connections.release(connection);
    else discard(connection);
    return delivery;
  } catch (error) {
    return beforeMail(error, attempt.cut.aborted);
  } finally {
    clearTimeout(timer);
    attempt.cut.removeEventListener('abort', onCut);
  }
}

/** One mail over one connection. Whether it was armed decides what an error means; nodemailer's error does not tell. */
class Conversation {
  readonly #connection: OpenConnection;
  readonly #mail: FrozenMail;
  readonly #attempt: DeliveryAttempt;
  /** What goes on the wire: with its Date, and its signature where there is one. */
  readonly #bytes: Buffer;
  readonly #arming: Arming;
  #handedOver = false;
  #settled = false;

  constructor(connection: OpenConnection, mail: FrozenMail, attempt: DeliveryAttempt, bytes: Buffer) {
    this.#connection = connection;
    this.#mail = mail;
    this.#attempt = attempt;
    this.#bytes = bytes;
    this.#arming = new Arming(attempt, () => discard(connection));
    connection.isOver = () => this.#arming.over;
  }

  async run(): Promise<Delivery> {
    try {
      reached('connected');
      if (this.#attempt.cut.aborted) return this.#verdict(new Error('the worker is stopping'));
      const response = await this.#send();
      reached('reply.read');
      const code = this.#handedOver ? /^(2\d\d)(?:[ -]|$)/.exec(response)?.[1] : undefined;
      return code === undefined
        ? { kind: this.#arming.state === 'armed' ? 'ambiguous' : 'temporary', code: null, reply: shortReply(response) }
        : { kind: 'accepted', code: Number(code), reply: shortReply(`${response}${this.#copyNote()}`) };
    } catch (error) {
      reached('reply.read');
      return this.#verdict(error);
    } finally {
      this.#settled = true;
      this.#connection.isOver = undefined;
      this.#arming.end();
    }
  }

  #send(): Promise<string> {
    const { smtp } = this.#connection;
    const { from, to, bcc } = this.#mail.envelope;
    return new Promise<string>((resolve, reject) => {
      // A connection that is cut reports nothing but its end. Where there is an error it comes right after, and says more.
      const ended = () =>
        setImmediate(() => settle(() => reject(new Error(this.#arming.expired ? 'the time limit passed' : 'the connection was closed'))));
      const settle = (how: () => void) => {
        smtp.removeListener('end', ended);
        how();
      };
      smtp.once('end', ended);
      // With its size a server that takes no mail so large says so before the mail is on the wire (RFC 1870).
      const envelope = { from, to: bcc === undefined ? [to] : [to, bcc], size: this.#bytes.length };
      smtp.send(envelope, this.#body(), (error, info) => settle(() => (error ? reject(error) : resolve(info.response))));
    });
  }

  /**
   * With `highWaterMark: 0` the first read happens only after the server's 354, with and without
   * PIPELINING. The mail then goes in two pieces; the connection looks at the clock before each, and before the final dot.
   */
  #body(): Readable {
    const bytes = this.#bytes;
    const split = Math.max(1, bytes.length - 64);
    const steps = [
      async () => {
        if (!this.#leadTaken()) return undefined;
        reached('t2.asked');
        if (!(await this.#arming.ask(sha256(bytes), () => this.#settled))) return undefined;
        return bytes.subarray(0, split);
      },
      async () => {
        reached('body.begun');
        return this.#settled ? undefined : bytes.subarray(split);
      },
      async () => {
        reached('body.ended');
        this.#handedOver = true;
        return null;
      },
    ];
    const conversation = this;
    return new Readable({
      highWaterMark: 0,
      read() {
        const step = steps.shift() ?? (async () => null);
        step().then(
          (chunk) => {
            if (chunk !== undefined) this.push(chunk);
            else conversation.#abandon(this);
          },
          (error: unknown) => conversation.#abandon(this, error),
        );
      },
    });
  }

  /** nodemailer would leave the connection open inside DATA, where the next mail's commands become this one's body. */
  #abandon(body: Readable, error: unknown = new Error('the mail was not released')): void {
    discard(this.#connection);
    body.destroy(error instanceof Error ? error : new Error(String(error)));
  }

  /** What the server said to each recipient, once it has answered; nodemailer keeps it to itself. */
  #recipients(): { readonly accepted?: readonly string[]; readonly rejectedErrors?: readonly { readonly recipient?: string }[] } {
    return (this.#connection.smtp as unknown as { _envelope?: object | false })._envelope || {};
  }

  /** Where a copy goes to ourselves, the server takes a mail if it takes either address; the copy must not carry it alone. */
  #leadTaken(): boolean {
    const { to, bcc } = this.#mail.envelope;
    return bcc === undefined || this.#recipients().accepted?.includes(to) === true;
  }

  #refusalOf(recipient: string | undefined): unknown {
    if (this.#mail.envelope.bcc === undefined) return undefined;
    return this.#recipients().rejectedErrors?.find((refusal) => refusal.recipient === recipient);
  }

  #copyNote(): string {
    const refusal = this.#refusalOf(this.#mail.envelope.bcc);
    return refusal === undefined ? '' : ` (the copy to yourself was refused: ${replyIn(refusal).text})`;
  }

  #verdict(failure: unknown): Delivery {
    if (isTooLarge(failure)) return { kind: 'content_refused', code: null, reply: tooLarge(failure, this.#bytes.length) };
    // Of two refused recipients nodemailer reports either. Behind a refused MAIL both are refused, for nothing of their own.
    const { state, expired } = this.#arming;
    const atRecipient = state === 'not yet' && replyIn(failure).phase !== 'mail';
    const { code, text, phase } = replyIn(atRecipient ? (this.#refusalOf(this.#mail.envelope.to) ?? failure) : failure);
    if (state === 'armed') {
      return code === undefined ? { kind: 'ambiguous', code: null, reply: text } : readReply('dot', code, text);
    }
    const tooLate = state === 'asking' && expired;
    if (state === 'refused' || tooLate || (this.#attempt.cut.aborted && code === undefined)) {
      return { kind: 'not_armed', code: null, reply: text };
    }
    const reply = expired ? 'the time limit passed' : text;
    return code === undefined ? { kind: 'temporary', code: null, reply } : readReply(phase, code, text);
  }
}

/** A failure while connecting, encrypting or logging in. */
function beforeMail(error: unknown, stopping: boolean): Delivery {
  const { code, text: said } = replyIn(error);
  const trouble = (error as { code?: string }).code;
  // A bare "500" would leave it to the reader what was asked.
  const text = trouble === 'ETLS' && code !== undefined ? `the server refuses STARTTLS: ${said}` : said;
  if (stopping) return { kind: 'not_armed', code: null, reply: text };
  const phase: SmtpPhase = trouble === 'EAUTH' ? 'auth' : 'connect';
  // Without a reply EAUTH means that no common login method was offered: nothing a retry would change soon.
  if (code === undefined) return { kind: phase === 'auth' ? 'sender_refused' : 'sender_failed', code: null, reply: text, beforeMail: true };
  return readReply(phase, code, text);
}

/** What nodemailer finds by itself: the server's greeting says what it takes, and no command goes out. */
function isTooLarge(error: unknown): error is Error {
  const { code, command, response } = error as { code?: unknown; command?: unknown; response?: unknown };
  return code === 'EMESSAGE' && command === 'MAIL FROM' && !response;
}

function tooLarge({ message }: Error, size: number): string {
  const most = Number(/\d+$/.exec(message)?.[0] ?? 0);
  return `the mail is too large for this server: ${fileSize(size)}, and it takes ${fileSize(most)}`;
}

const PHASES: Record<string, SmtpPhase> = { 'MAIL FROM': 'mail', 'RCPT TO': 'rcpt', DATA: 'data' };

/** The complete reply inside a nodemailer error, if there was one, and the command it answered. */
function replyIn(error: unknown): { code: number | undefined; text: string; phase: SmtpPhase } {
  const { responseCode, response, command } = error as { responseCode?: unknown; response?: unknown; command?: unknown };
  // On a closed connection nodemailer reports an unfinished last line as if it were a reply.
  const complete = !messageOf(error).startsWith('Connection closed unexpectedly');
  const code = complete && typeof responseCode === 'number' && responseCode >= 200 && responseCode <= 599 ? responseCode : undefined;
  const text = shortReply(typeof response === 'string' && response !== '' ? response : connectionTrouble(messageOf(error)));
  return { code, text, phase: PHASES[String(command)] ?? 'data' };
}
