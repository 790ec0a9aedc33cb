import type { DeliveryAttempt } from './mailer.ts';

/**
 * One mail's way over the line that cannot be crossed twice: asked for at the last moment before its
 * first byte, with a time limit before and another one after. What an error means depends on `state` alone.
 */
export class Arming {
  /** `asking` while the arm's commit is on its way: nothing is on the wire then, whatever the server says. */
  state: 'not yet' | 'asking' | 'refused' | 'armed' = 'not yet';
  expired = false;
  readonly #attempt: DeliveryAttempt;
  readonly #cut: (why: string) => void;
  readonly #onStop = () => this.#cut('the worker is stopping');
  #timer: NodeJS.Timeout;
  #limit: { readonly wall: number; readonly uptime: number };

  /** `cut` ends the conversation: a time limit has passed, or the worker has no time left. */
  constructor(attempt: DeliveryAttempt, cut: (why: string) => void) {
    this.#attempt = attempt;
    this.#cut = cut;
    this.#limit = limitIn(attempt.limits.unarmed);
    this.#timer = this.#cutAfter(attempt.limits.unarmed);
    attempt.cut.addEventListener('abort', this.#onStop, { once: true });
    if (attempt.cut.aborted) this.#onStop();
  }

  /** Nothing may follow: the conversation is cut. A process that was frozen has seen no timer, so the clocks are asked, too. */
  get over(): boolean {
    if (Date.now() >= this.#limit.wall || performance.now() >= this.#limit.uptime) this.expired = true;
    return this.expired || this.#attempt.cut.aborted;
  }

  /** `ended`: the conversation has come to an end of its own meanwhile; `providerTime`: the provider's clock, where it is known. True when the mail with this SHA-256 may go. */
  async ask(sha256: string, ended: () => boolean, providerTime?: number): Promise<boolean> {
    if (this.over || ended()) return false;
    this.state = 'asking';
    // From before the commit, whose own limit begins in it: others must not give the mail up while it may still go.
    const armed = limitIn(this.#attempt.limits.armed);
    const granted = await this.#attempt.arm(sha256, providerTime).catch((error: unknown) => {
      this.state = 'refused';
      throw error;
    });
    this.state = granted ? 'armed' : 'refused';
    if (!granted || this.expired) return false;
    this.#limit = armed;
    if (this.over || ended()) return false;
    clearTimeout(this.#timer);
    this.#timer = this.#cutAfter(armed.wall - Date.now());
    return true;
  }

  /** The conversation is over, however it went. */
  end(): void {
    clearTimeout(this.#timer);
    this.#attempt.cut.removeEventListener('abort', this.#onStop);
  }

  #cutAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.expired = true;
      this.#cut('the time limit passed');
    }, ms);
  }
}

/** A clock on the wall may be set, and that of the machine stands while it sleeps: whichever comes first. */
function limitIn(ms: number): { wall: number; uptime: number } {
  return { wall: Date.now() + ms, uptime: performance.now() + ms };
}
