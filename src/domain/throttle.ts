/**
 * How many calls may run side by side: halved when the provider says "too many", and crept up by
 * one after as many successes as calls run at a time (additive increase, multiplicative decrease;
 * RFC 5681 §3.1). A burst of refusals halves once: only a call begun after the last change counts.
 */
export class Throttle {
  readonly #most: number;
  #width: number;
  #successes = 0;
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
    this.#width = most;
  }

  get width(): number {
    return this.#width;
  }

  slowed(startedAt: number, now: number): void {
    if (startedAt <= this.#changedAt) return;
    this.#width = Math.max(1, Math.floor(this.#width / 2));
    this.#successes = 0;
    this.#changedAt = now;
  }

  succeeded(): void {
    if (this.#width === this.#most || ++this.#successes < this.#width) return;
    this.#width++;
    this.#successes = 0;
  }
}
