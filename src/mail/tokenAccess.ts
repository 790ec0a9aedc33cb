import type { AccessToken, AccessTokens } from '../domain/accessToken.ts';
import type { Delivery } from '../domain/delivery.ts';
import { messageOf } from '../domain/errors.ts';
import type { DeliveryAttempt } from './mailer.ts';
import { shortReply } from './replies.ts';

/** What a token may consist of (RFC 6750 §2.1): nothing else fits into a header. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/** A token for the request at hand, or what its mail's try comes to without one. */
export type Access = { readonly ok: true; readonly token: string } | { readonly ok: false; readonly delivery: Delivery };

/** Longer than a token server is waited for, and far shorter than an armed mail's time. */
const REPLACED_WITHIN_MS = 30_000;

/**
 * The access tokens of one sender, and what its provider says to them. One that is refused although it seemed to be valid
 * is replaced at once, for the next try, in this process or another; a fresh one that is refused too is a matter for a person.
 */
export class TokenAccess {
  readonly #tokens: AccessTokens;
  readonly #mend: string;
  /** The last one that was refused. */
  #refused: string | undefined;
  /** What came in its place. */
  #fresh: string | undefined;

  /** `mend`: `log in again: outreach login main`. */
  constructor(tokens: AccessTokens, mend?: string) {
    this.#tokens = tokens;
    this.#mend = mend === undefined ? '' : `; ${mend}`;
  }

  /** Asked before there is a connection, so that nothing waits on the wire for a server of another service. */
  async next(attempt: DeliveryAttempt): Promise<Access> {
    const access = await inTime(this.#ask(), attempt.limits.unarmed, attempt.cut);
    if (attempt.cut.aborted) return without({ kind: 'not_armed', code: null, reply: 'the worker is stopping' });
    if (access === undefined)
      return without({ kind: 'sender_failed', code: null, reply: 'no access token came in time', beforeMail: true });
    if (!access.ok) return without(refusal(access.reply, access.lasting));
    if (!TOKEN.test(access.token)) return without(refusal('the access token holds characters that no token has', true));
    return { ok: true, token: access.token };
  }

  /** What the answer to a request with this token means. Who refuses a token has not read the mail behind it. */
  async judge(token: string, delivery: Delivery, { cut }: DeliveryAttempt): Promise<Delivery> {
    const { kind, code, reply, progress } = delivery;
    if (code !== 401 || kind !== 'sender_refused') {
      if (code !== null && this.#fresh === token) this.#fresh = undefined;
      return delivery;
    }
    if (this.#fresh === token) return { ...delivery, reply: `${reply} (a new access token is refused, too${this.#mend})` };
    this.#refused = token;
    const other = await inTime(this.#instead(token), REPLACED_WITHIN_MS, cut);
    if (other?.ok === false && other.lasting) return { ...delivery, reply: shortReply(`${reply}; ${other.reply}`) };
    const told = { code, reply: `${reply} (the next try has another access token)`, beforeMail: true };
    return { kind: 'sender_failed', ...told, ...(progress === undefined ? {} : { progress }) };
  }

  async #ask(): Promise<AccessToken> {
    try {
      const access = await this.#tokens.current();
      return access.ok && access.token === this.#refused ? await this.#instead(access.token) : access;
    } catch (error) {
      return { ok: false, reply: messageOf(error), lasting: false };
    }
  }

  async #instead(token: string): Promise<AccessToken> {
    try {
      const other = await this.#tokens.instead(token);
      if (other.ok) this.#fresh = other.token;
      return other;
    } catch (error) {
      return { ok: false, reply: messageOf(error), lasting: false };
    }
  }
}

function refusal(reply: string, lasting: boolean): Delivery {
  const told = { code: null, reply: shortReply(reply), beforeMail: true };
  return lasting ? { kind: 'sender_refused', ...told, stopsSender: true } : { kind: 'sender_failed', ...told };
}

function without(delivery: Delivery): Access {
  return { ok: false, delivery: { ...delivery, progress: 'nothing' } };
}

/** Undefined when the time is over before, or the worker leaves; what comes later serves the next attempt. */
async function inTime<T>(work: Promise<T>, limitMs: number, cut: AbortSignal): Promise<T | undefined> {
  let end = () => {};
  const over = new Promise<undefined>((resolve) => {
    const leave = () => resolve(undefined);
    const timer = setTimeout(leave, limitMs);
    cut.addEventListener('abort', leave, { once: true });
    if (cut.aborted) leave();
    end = () => {
      clearTimeout(timer);
      cut.removeEventListener('abort', leave);
    };
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    end();
  }
}
