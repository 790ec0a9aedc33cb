/** A bell without loss: whoever remembers the last round it saw cannot miss one that rang in between. */
export class Notice {
  #round = 0;
  #waiting: (() => void)[] = [];

  get round(): number {
    return this.#round;
  }

  ring(): void {
    this.#round++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves at the next ring, or at once when one came after round `since`. */
  after(since: number): Promise<void> {
    if (since !== this.#round) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
