import { type Agent, type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connectionTrouble } from '../domain/connectionTrouble.ts';
import type { Delivery } from '../domain/delivery.ts';
import { beginsEncodedWord } from '../domain/encodedWord.ts';
import { messageOf } from '../domain/errors.ts';
import { reached } from '../domain/milestone.ts';
import { Arming } from './arming.ts';
import type { HttpReply } from './httpReplies.ts';
import type { DeliveryAttempt, FrozenMail, Mailer } from './mailer.ts';
import { sha256 } from './mime.ts';
import { shortReply } from './replies.ts';

/** What differs between providers that take a mail as one JSON request. */
export interface HttpProvider {
  readonly name: string;
  readonly url: URL;
  /** The same bytes for the same mail, always: a replay must repeat them. */
  bodyOf(mail: FrozenMail): Buffer;
  headersOf(mail: FrozenMail): Readonly<Record<string, string>>;
  read(reply: HttpReply): Delivery;
  readonly account?: Mailer['account'];
}

/** Idle connections are dropped before any server would: one that closes under a request leaves its mail uncertain. */
const IDLE_LIMIT = 1_000;
/** What every kernel takes at once. Of a longer request the end is held back until all before it is out: nobody looks at the clock while a socket drains. */
const AT_ONCE = 16 * 1024;
/** No provider's answer is longer; the rest of a longer one is not read. */
const LONGEST_REPLY = 64 * 1024;

/**
 * Sends over HTTPS with the arm between the open, encrypted connection and the first byte of the
 * request: a name that does not resolve, a refused connection or a wrong certificate is certainly
 * not a mail. `ca`: certificate authorities to trust instead of the system's (PEM).
 */
export function httpMailer(provider: HttpProvider, { ca }: { ca?: string } = {}): Mailer {
  const options = { keepAlive: true, timeout: IDLE_LIMIT, maxFreeSockets: 32 };
  const agent =
    provider.url.protocol === 'https:' ? new TlsAgent({ ...options, ...(ca === undefined ? {} : { ca }) }) : new PlainAgent(options);
  return {
    provider: provider.name,
    account: provider.account,
    async deliver(mail, attempt) {
      const first = await new Exchange(provider, agent, mail, attempt).run();
      return first.stale ? (await new Exchange(provider, agent, mail, attempt).run()).delivery : first.delivery;
    },
    close: async () => agent.destroy(),
  };
}

/** One mail in one request. Whether it was armed decides what an error means. */
class Exchange {
  readonly #provider: HttpProvider;
  readonly #mail: FrozenMail;
  readonly #attempt: DeliveryAttempt;
  readonly #request: ClientRequest;
  readonly #arming: Arming;

  constructor(provider: HttpProvider, agent: Agent, mail: FrozenMail, attempt: DeliveryAttempt) {
    this.#provider = provider;
    this.#mail = mail;
    this.#attempt = attempt;
    const start = provider.url.protocol === 'https:' ? tlsRequest : plainRequest;
    this.#request = start(provider.url, { method: 'POST', agent });
    this.#arming = new Arming(attempt, (why) => this.#request.destroy(new Error(why)));
  }

  /** `stale`: an idle connection turned out to be closed before anything was armed; a fresh one may be tried at once. */
  async run(): Promise<{ delivery: Delivery; stale: boolean }> {
    try {
      return { delivery: await this.#converse(), stale: false };
    } catch (error) {
      const delivery = this.#verdict(error);
      return { delivery, stale: delivery.kind === 'sender_failed' && this.#request.reusedSocket && !this.#arming.over };
    } finally {
      reached('reply.read');
      this.#arming.end();
      this.#request.on('error', () => {});
    }
  }

  async #converse(): Promise<Delivery> {
    const body = this.#provider.bodyOf(this.#mail);
    const answered = once<IncomingMessage>(this.#request, 'response');
    answered.catch(() => {});
    await connected(this.#request);
    reached('connected');
    const doubt = doubtfulIn(this.#mail);
    if (doubt !== undefined) {
      this.#request.destroy();
      return { kind: 'content_refused', code: null, reply: `${doubt} ${WOULD_BE_DECODED}`, beforeMail: true };
    }
    reached('t2.asked');
    if (!(await this.#arming.ask(sha256(body), () => this.#request.destroyed))) {
      this.#request.destroy();
      return { kind: 'not_armed', code: null, reply: 'the mail was not released' };
    }
    for (const [name, value] of Object.entries(this.#provider.headersOf(this.#mail))) this.#request.setHeader(name, value);
    this.#request.setHeader('content-length', body.length);
    const rest = Math.max(0, body.length - AT_ONCE);
    // Who answers before the end does not want it.
    const early = rest === 0 ? undefined : await Promise.race([flushed(this.#request, body.subarray(0, rest)), answered]);
    reached('body.begun');
    if (this.#arming.over) {
      this.#request.destroy();
      throw new Error('the time limit passed');
    }
    if (early === undefined) this.#request.end(body.subarray(rest));
    reached('body.ended');
    const response = early ?? (await answered);
    const { text, complete } = await bodyOf(response);
    if (early !== undefined) this.#request.destroy();
    return this.#provider.read({ status: response.statusCode ?? 0, headers: response.headers, body: text, complete, now: Date.now() });
  }

  #verdict(error: unknown): Delivery {
    const reply = shortReply(connectionTrouble(messageOf(error)));
    const { state } = this.#arming;
    if (state === 'armed') return { kind: 'ambiguous', code: null, reply };
    if (state !== 'not yet' || this.#attempt.cut.aborted) return { kind: 'not_armed', code: null, reply };
    return { kind: 'sender_failed', code: null, reply, beforeMail: true };
  }
}

const WOULD_BE_DECODED =
  'looks like an encoded word (=?utf-8?B?…?=), which the reader of a mail sent through this provider may see decoded; mend the lead, or send it by SMTP';

/**
 * A provider writes the headers itself. None says whether it encodes such a text once more or passes it on, as nodemailer and SES do, for
 * the reader to decode: what would be read is not known, so nothing is sent.
 */
function doubtfulIn({ parts }: FrozenMail): string | undefined {
  const { subject, to, from, replyTo, attachments } = parts();
  if (beginsEncodedWord(subject)) return 'its subject';
  if ([to, from, replyTo].some((mailbox) => beginsEncodedWord(mailbox?.name ?? ''))) return 'a name beside its addresses';
  return attachments.some(({ name }) => beginsEncodedWord(name)) ? 'the name of a file' : undefined;
}

/** Resolves when the request has a connection that is open and, with TLS, trusted; nothing has been written then. */
function connected(request: ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('socket', (socket: Socket & { secureConnecting?: boolean }) => {
      const event = socket.secureConnecting === undefined ? 'connect' : 'secureConnect';
      const waiting = socket.connecting || socket.secureConnecting === true;
      if (!waiting) resolve();
      else socket.once(event, () => resolve());
    });
  });
}

/** Resolves when the system has taken these bytes, or nobody will. */
function flushed(request: ClientRequest, bytes: Buffer): Promise<undefined> {
  return new Promise((resolve) => request.write(bytes, () => resolve(undefined)));
}

function once<T>(request: ClientRequest, event: 'response'): Promise<T> {
  return new Promise((resolve, reject) => {
    request.once(event, (value) => resolve(value as T));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the connection was closed')));
  });
}

/** An answer that is cut is still an answer: its status line may say enough. */
function bodyOf(response: IncomingMessage): Promise<{ text: string; complete: boolean }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (complete: boolean) => resolve({ text: Buffer.concat(chunks).toString('utf8'), complete });
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LONGEST_REPLY) chunks.push(chunk);
      else {
        end(false);
        response.destroy();
      }
    });
    response.on('end', () => end(response.complete));
    response.on('error', () => end(false));
    response.on('close', () => end(response.complete));
  });
}
