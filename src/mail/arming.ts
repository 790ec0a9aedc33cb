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

  /** `cut` ends the conversation: a time limit has passed, or the worker has no time left. */
  constructor(attempt: DeliveryAttempt, cut: (why: string) => void) {
    this.#attempt = attempt;
    this.#cut = cut;
    this.#timer = this.#cutAfter(attempt.limits.unarmed);
    attempt.cut.addEventListener('abort', this.#onStop, { once: true });
    if (attempt.cut.aborted) this.#onStop();
  }

  /** Nothing may follow: the conversation is cut. */
  get over(): boolean {
    return this.expired || this.#attempt.cut.aborted;
  }

  /** `ended`: the conversation has come to an end of its own meanwhile. True when the mail with this SHA-256 may go. */
  async ask(sha256: string, ended: () => boolean): Promise<boolean> {
    if (this.over || ended()) return false;
    this.state = 'asking';
    const granted = await this.#attempt.arm(sha256).catch((error: unknown) => {
      this.state = 'refused';
      throw error;
    });
    this.state = granted ? 'armed' : 'refused';
    if (!granted || this.over || ended()) return false;
    clearTimeout(this.#timer);
    this.#timer = this.#cutAfter(this.#attempt.limits.armed);
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
