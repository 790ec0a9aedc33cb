import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { AccessTokens } from '../domain/accessToken.ts';
import { connectionTrouble } from '../domain/connectionTrouble.ts';
import type { Delivery, Progress } from '../domain/delivery.ts';
import { messageOf } from '../domain/errors.ts';
import { reached } from '../domain/milestone.ts';
import { bodyOf, connected, leave, looked, write } from '../http/connections.ts';
import { agentFor, type HttpTarget, inClear, openRequest } from '../http/request.ts';
import { Arming } from './arming.ts';
import type { HttpReply } from './httpReplies.ts';
import type { DeliveryAttempt, FrozenMail, Mailer } from './mailer.ts';
import { sha256 } from './mime.ts';
import { ProviderClock } from './providerClock.ts';
import { shortReply } from './replies.ts';
import { TokenAccess } from './tokenAccess.ts';

/** What differs between providers that take a mail as one request. */
export interface HttpProvider extends HttpTarget {
  readonly name: string;
  /** The same bytes for the same mail and date. Where a request may be repeated the date is no part of them. */
  bodyOf(mail: FrozenMail, date: Date): Buffer;
  headersOf(mail: FrozenMail): Readonly<Record<string, string>>;
  /** Why it cannot be given this mail, asked before anything is sent; `beforeMail` where the reason is this one lead's. */
  unfit(mail: FrozenMail, body: Buffer): Pick<Delivery, 'reply' | 'beforeMail'> | undefined;
  read(reply: HttpReply): Delivery;
  /** Whose tokens each request carries; without them `headersOf` says who asks. */
  readonly tokens?: AccessTokens;
  /** What a person does when it refuses a token that is new. */
  readonly mend?: string | undefined;
  readonly account?: Mailer['account'];
  /** Where its clock is asked for, without a key: of providers that take a request again for as long as they know its key. */
  readonly clockUrl?: URL;
}

/** The end of a long request that is held back: what every kernel takes at once. Of a short one it is the last byte. */
const LONG_END = 16 * 1024;
/** Interim answers (1xx) that a request is worth. */
const MOST_INTERIM = 100;
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/**
 * Sends over HTTPS with the arm between the open, encrypted connection and the first byte of the
 * request: a name that does not resolve, a refused connection or a wrong certificate is certainly
 * not a mail. `ca`: certificate authorities to trust instead of the system's (PEM).
 */
export function httpMailer(provider: HttpProvider, { ca }: { ca?: string } = {}): Mailer {
  const agent = agentFor(provider.url, ca);
  const { clockUrl, insecure } = provider;
  const clock = new ProviderClock(clockUrl === undefined ? undefined : { url: clockUrl, insecure }, ca);
  const access = provider.tokens === undefined ? undefined : new TokenAccess(provider.tokens, provider.mend);
  return {
    provider: provider.name,
    account: provider.account,
    ...(provider.clockUrl === undefined ? {} : { providerTime: () => clock.ask() }),
    async deliver(mail, attempt) {
      const clear = inClear(provider);
      if (clear !== undefined) return { kind: 'sender_failed', code: null, reply: clear, progress: 'nothing', beforeMail: true };
      if (!attempt.cut.aborted) await clock.keep();
      const allowed = await access?.next(attempt);
      if (allowed?.ok === false) return allowed.delivery;
      const way = { provider, agent, clock, token: allowed?.token };
      const first = await new Exchange(way, mail, attempt).run();
      const { delivery } = first.stale ? await new Exchange(way, mail, attempt).run() : first;
      return allowed === undefined || access === undefined ? delivery : access.judge(allowed.token, delivery, attempt);
    },
    close: async () => agent.destroy(),
  };
}

interface Way {
  readonly provider: HttpProvider;
  readonly agent: Agent;
  readonly clock: ProviderClock;
  /** For this one mail. */
  readonly token: string | undefined;
}

/** One mail in one request. Whether it was armed, and how far it got, decides what an error means. */
class Exchange {
  readonly #way: Way;
  readonly #mail: FrozenMail;
  readonly #attempt: DeliveryAttempt;
  readonly #request: ClientRequest;
  readonly #arming: Arming;
  readonly #hear = (bytes: Buffer) => this.#heard(bytes);
  #progress: Progress = 'nothing';
  /** The answer, or a piece of it, was there before the system had the request's last byte. */
  #early = false;
  #lastHeard: Buffer | undefined;
  #interim = 0;
  #broken: Error | undefined;

  constructor(way: Way, mail: FrozenMail, attempt: DeliveryAttempt) {
    this.#way = way;
    this.#mail = mail;
    this.#attempt = attempt;
    const { provider, agent } = way;
    this.#request = openRequest(provider, { method: 'POST', agent });
    this.#request.on('error', (error) => (this.#broken ??= error));
    this.#request.on('information', () => this.#heardInterim());
    this.#request.on('response', () => (this.#early ||= this.#progress !== 'end'));
    this.#arming = new Arming(attempt, (why) => this.#request.destroy(new Error(why)));
  }

  /** `stale`: an idle connection turned out to be of no use before anything was armed; a fresh one may be tried at once. */
  async run(): Promise<{ delivery: Delivery; stale: boolean }> {
    const answered = answerTo(this.#request);
    answered.catch(() => {});
    let socket: Socket | undefined;
    try {
      socket = await connected(this.#request, this.#hear);
      const delivery = await this.#converse(socket, answered);
      return { delivery: { ...delivery, progress: this.#progress }, stale: false };
    } catch (error) {
      const delivery = this.#verdict(error);
      const stale = delivery.kind === 'sender_failed' && this.#request.reusedSocket && !this.#arming.over;
      return { delivery, stale };
    } finally {
      reached('reply.read');
      this.#arming.end();
      if (socket !== undefined) leave(socket, this.#hear);
    }
  }

  async #converse(socket: Socket, answered: Promise<IncomingMessage>): Promise<Delivery> {
    const { provider, clock } = this.#way;
    const body = provider.bodyOf(this.#mail, this.#attempt.date);
    reached('connected');
    const unfit = provider.unfit(this.#mail, body);
    if (unfit !== undefined) {
      this.#request.destroy();
      return { kind: 'content_refused', code: null, ...unfit };
    }
    if (this.#request.reusedSocket) await looked();
    if (this.#broken !== undefined) throw this.#broken;
    reached('t2.asked');
    const ended = () => this.#request.destroyed || this.#broken !== undefined;
    if (!(await this.#arming.ask(sha256(body), ended, clock.now))) this.#stop('the mail was not released');
    for (const [name, value] of this.#headers()) this.#request.setHeader(name, value);
    this.#request.setHeader('content-length', body.length);
    await looked(1);
    const early = await this.#write(body, answered);
    reached('body.ended');
    const response = early ?? (await answered);
    clock.note(response.headers);
    const { text, complete } = await bodyOf(response);
    // A second answer, or anything else behind the first, makes Node drop a connection that nobody has closed: who knows which one is ours.
    const dropped = socket.destroyed && !socket.readableEnded && this.#request.shouldKeepAlive;
    const alone = this.#broken === undefined && !dropped;
    if (early !== undefined) this.#request.destroy();
    const { statusCode: status = 0, headers } = response;
    const said = { status, headers, body: this.#withoutToken(text), complete: complete && alone };
    return provider.read({ ...said, early: this.#early, now: clock.now ?? Date.now() });
  }

  #headers(): [string, string][] {
    const { provider, token } = this.#way;
    const headers = Object.entries(provider.headersOf(this.#mail));
    return token === undefined ? headers : [...headers, ['authorization', `Bearer ${token}`]];
  }

  /** A server may repeat what it was sent. */
  #withoutToken(text: string): string {
    const { token } = this.#way;
    return token === undefined ? text : text.replaceAll(token, '[redacted]');
  }

  /**
   * The end goes out when the system has all before it, nobody has answered, and there is time left: who answers
   * without it has not read the request. Resolves with an answer that came before it.
   */
  async #write(body: Buffer, answered: Promise<IncomingMessage>): Promise<IncomingMessage | undefined> {
    if (this.#broken !== undefined || this.#arming.over) this.#stop('the time limit passed');
    const end = body.length > 2 * LONG_END ? -LONG_END : -1;
    this.#progress = 'part';
    const begun = write(this.#request, body.subarray(0, end), () => (this.#progress = 'all')).then(() => looked());
    const early = await Promise.race([begun, answered]);
    reached('body.begun');
    // Nobody looks at the clock while a socket drains.
    if (this.#arming.over) this.#stop('the time limit passed');
    if (early !== undefined) return early;
    void write(this.#request, body.subarray(end), () => (this.#progress = 'end'));
    this.#request.end();
    return undefined;
  }

  /** Bytes that nobody asked for are no answer to a request that has not begun. */
  #heard(bytes: Buffer): void {
    if (this.#progress === 'nothing') {
      this.#broken ??= new Error('the server answered before it was asked');
      this.#request.destroy();
    } else if (this.#progress !== 'end') {
      this.#early = true;
      this.#lastHeard = bytes;
    }
  }

  /** An interim answer is none, so one that came early says nothing, if nothing came behind it. */
  #heardInterim(): void {
    if (++this.#interim > MOST_INTERIM) this.#request.destroy(new Error('the server gave interim answers and no other'));
    else if (this.#lastHeard?.subarray(-END_OF_HEAD.length).equals(END_OF_HEAD) === true) this.#early = false;
    this.#lastHeard = undefined;
  }

  #stop(why: string): never {
    this.#request.destroy();
    throw this.#broken ?? new Error(why);
  }

  #verdict(error: unknown): Delivery {
    const told = { code: null, reply: shortReply(connectionTrouble(messageOf(error))), progress: this.#progress };
    if (this.#progress !== 'nothing') return { kind: 'ambiguous', ...told };
    const { state } = this.#arming;
    if (this.#attempt.cut.aborted || state === 'refused') return { kind: 'not_armed', ...told };
    // That a connection from before is gone says nothing of the sender, and the next attempt opens another one.
    const ours = this.#broken === undefined || this.#arming.over || this.#request.reusedSocket;
    if (state !== 'not yet' && ours) return { kind: 'not_armed', ...told };
    return { kind: 'sender_failed', ...told, beforeMail: true };
  }
}

/** The final answer's head. */
function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    request.once('close', () => reject(new Error('the connection was closed')));
  });
}
