import { type Agent, type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Delivery } from '../domain/delivery.ts';
import { messageOf } from '../domain/errors.ts';
import { reached } from '../domain/milestone.ts';
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
}

/** Idle connections are dropped before any server would: one that closes under a request leaves its mail uncertain. */
const IDLE_LIMIT = 1_000;
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
  #arming: 'not yet' | 'asking' | 'refused' | 'armed' = 'not yet';
  #expired = false;
  #timer: NodeJS.Timeout;

  constructor(provider: HttpProvider, agent: Agent, mail: FrozenMail, attempt: DeliveryAttempt) {
    this.#provider = provider;
    this.#mail = mail;
    this.#attempt = attempt;
    const start = provider.url.protocol === 'https:' ? tlsRequest : plainRequest;
    this.#request = start(provider.url, { method: 'POST', agent });
    this.#timer = this.#cutAfter(attempt.limits.unarmed);
  }

  /** `stale`: an idle connection turned out to be closed before anything was armed; a fresh one may be tried at once. */
  async run(): Promise<{ delivery: Delivery; stale: boolean }> {
    const { cut } = this.#attempt;
    const onCut = () => this.#request.destroy(new Error('the worker is stopping'));
    cut.addEventListener('abort', onCut, { once: true });
    if (cut.aborted) onCut();
    try {
      return { delivery: await this.#converse(), stale: false };
    } catch (error) {
      const delivery = this.#verdict(error);
      return { delivery, stale: delivery.kind === 'sender_failed' && this.#request.reusedSocket && !cut.aborted && !this.#expired };
    } finally {
      reached('reply.read');
      clearTimeout(this.#timer);
      cut.removeEventListener('abort', onCut);
      this.#request.on('error', () => {});
    }
  }

  async #converse(): Promise<Delivery> {
    const body = this.#provider.bodyOf(this.#mail);
    const answered = once<IncomingMessage>(this.#request, 'response');
    answered.catch(() => {});
    await connected(this.#request);
    reached('connected');
    reached('t2.asked');
    if (!(await this.#arm(sha256(body)))) {
      this.#request.destroy();
      return { kind: 'not_armed', code: null, reply: 'the mail was not released' };
    }
    for (const [name, value] of Object.entries(this.#provider.headersOf(this.#mail))) this.#request.setHeader(name, value);
    this.#request.setHeader('content-length', body.length);
    reached('body.begun');
    this.#request.end(body);
    reached('body.ended');
    const response = await answered;
    const { text, complete } = await bodyOf(response);
    return this.#provider.read({ status: response.statusCode ?? 0, headers: response.headers, body: text, complete, now: Date.now() });
  }

  async #arm(digest: string): Promise<boolean> {
    if (this.#over()) return false;
    this.#arming = 'asking';
    const granted = await this.#attempt.arm(digest).catch((error: unknown) => {
      this.#arming = 'refused';
      throw error;
    });
    this.#arming = granted ? 'armed' : 'refused';
    if (!granted || this.#over()) return false;
    clearTimeout(this.#timer);
    this.#timer = this.#cutAfter(this.#attempt.limits.armed);
    return true;
  }

  #over(): boolean {
    return this.#expired || this.#attempt.cut.aborted || this.#request.destroyed;
  }

  #cutAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#expired = true;
      this.#request.destroy(new Error('the time limit passed'));
    }, ms);
  }

  #verdict(error: unknown): Delivery {
    const reply = shortReply(messageOf(error));
    if (this.#arming === 'armed') return { kind: 'ambiguous', code: null, reply };
    if (this.#arming !== 'not yet' || this.#attempt.cut.aborted) return { kind: 'not_armed', code: null, reply };
    return { kind: 'sender_failed', code: null, reply, beforeMail: true };
  }
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
