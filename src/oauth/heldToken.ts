import type { AccessToken, AccessTokens } from '../domain/accessToken.ts';
import { forgetSecret, redact } from '../domain/redact.ts';
import { oneLine } from '../domain/text.ts';

export interface Clocks {
  /** Wall clock, epoch ms; it may be wrong, and set at any moment. */
  readonly now: () => number;
  /** Monotonic, in ms. */
  readonly uptime: () => number;
}

/** A token, and since when this process has it by either clock. */
export interface Held {
  readonly token: string;
  readonly lifetimeMs: number;
  readonly wall: number;
  readonly uptime: number;
}

/** Refreshed so long before its end, or when a quarter of its time is left: mails on their way must not meet the end. */
const AHEAD_MS = 5 * 60_000;
const DEAD_FOR_MS = 10_000;
const OLD_TOKENS = 6;

/** The token at hand, and one request at a time for the next one, for all lanes of this process. `renew` is told which token was refused. */
export class HeldToken implements AccessTokens {
  readonly #clocks: Clocks;
  readonly #renew: (refused: string | undefined) => Promise<AccessToken>;
  #held: Held | undefined;
  #work: Promise<AccessToken> | undefined;
  /** What its server has just refused for good, and how: lanes side by side ask no second time. */
  #dead: { readonly shown: string; readonly reply: string; readonly until: number } | undefined;
  /** Tokens that were replaced, the latest last. */
  readonly #old: string[] = [];

  constructor(clocks: Clocks, renew: (refused: string | undefined) => Promise<AccessToken>) {
    this.#clocks = clocks;
    this.#renew = renew;
  }

  get token(): string | undefined {
    return this.#held?.token;
  }

  async current(): Promise<AccessToken> {
    const held = this.#held;
    if (held !== undefined && this.lasts(held)) return { ok: true, token: held.token };
    return this.#renewed(undefined);
  }

  async instead(token: string): Promise<AccessToken> {
    while (this.#work !== undefined) await this.#work;
    const held = this.#held;
    if (held !== undefined && held.token !== token && this.lasts(held)) return { ok: true, token: held.token };
    return this.#renewed(token);
  }

  /** Whether there is time for mails that set out with it. */
  lasts(held: Held): boolean {
    return this.#left(held) > Math.min(AHEAD_MS, held.lifetimeMs / 4);
  }

  hold(held: Held): AccessToken {
    this.#held = held;
    return { ok: true, token: held.token };
  }

  /** The token at hand, as long as it lasts, where another one cannot be had for the reason in `reply`. */
  still(refused: string | undefined, reply: string): AccessToken {
    const held = this.#held;
    if (held !== undefined && held.token !== refused && this.#left(held) > 0) return { ok: true, token: held.token };
    return { ok: false, lasting: false, reply: clean(reply) };
  }

  /** `shown` to its server was refused for good. */
  refuse(shown: string, reply: string): AccessToken {
    this.#dead = { shown, reply, until: this.#clocks.uptime() + DEAD_FOR_MS };
    return lasting(reply);
  }

  refusedLately(shown: string): AccessToken | undefined {
    const dead = this.#dead;
    return dead?.shown === shown && this.#clocks.uptime() < dead.until ? lasting(dead.reply) : undefined;
  }

  /** A reply to what is on its way may still repeat the tokens before, so the last few stay known as secrets. */
  replaced(tokens: readonly string[]): void {
    this.#old.push(...tokens);
    while (this.#old.length > OLD_TOKENS) forgetSecret(this.#old.shift() ?? '');
  }

  /** By whichever clock says that more time has gone by: the one on the wall may be set, the other stands while the machine sleeps. */
  #left({ lifetimeMs, wall, uptime }: Held): number {
    const { now, uptime: running } = this.#clocks;
    return lifetimeMs - Math.max(now() - wall, running() - uptime);
  }

  #renewed(refused: string | undefined): Promise<AccessToken> {
    this.#work ??= this.#renew(refused).finally(() => {
      this.#work = undefined;
    });
    return this.#work;
  }
}

/** No token until a person has done what `reply` says. */
export function lasting(reply: string): AccessToken {
  return { ok: false, lasting: true, reply: clean(reply) };
}

function clean(reply: string): string {
  return redact(oneLine(reply)).slice(0, 500);
}
