import { describeHolder, type Holder, holderOf } from './holder.ts';
import { isBusy } from './load.ts';

/** Every statement tries again for so long. Our own commits are short, so another of our programs never keeps it waiting that long; a foreign one may. */
export const PATIENCE_MS = 60_000;
/** Before that a wait is nobody's business. */
const SAID_AFTER_MS = 5_000;
const SAID_EVERY_MS = 30_000;
/** Once the process has to leave. */
const HURRIED_MS = 1_000;
/** What SQLite itself waits within one try. The process hears nothing meanwhile, no signal and no server. */
export const NATIVE_WAIT_MS = 5;
const LONGEST_PAUSE_MS = 40;

/** Who is told of long waits. */
export interface WaitListener {
  waits(sentence: string): void;
  /** The database was free again after so many milliseconds; told only of a wait that was told. */
  over(ms: number): void;
}

/**
 * How long statements wait while other programs hold the database. SQLite's own waiting sleeps longer and longer
 * and stops the whole process: of twenty workers some were passed over for seconds. Here everybody asks again
 * after a short pause of random length, and the process goes on with whatever else it does.
 */
export class Patience {
  listener: WaitListener | undefined;
  readonly #path: string;
  #most: number;

  constructor(path: string, most = PATIENCE_MS) {
    this.#path = path;
    this.#most = most;
  }

  /** From now on nothing waits long: the process has to leave. */
  hurry(): void {
    this.#most = Math.min(this.#most, HURRIED_MS);
  }

  /** Runs a step that changes nothing when it meets a database that is held, and again until it does not. */
  async until<T>(step: () => T): Promise<T> {
    try {
      return step();
    } catch (error) {
      if (!isBusy(error)) throw error;
      return this.#again(step, error);
    }
  }

  async #again<T>(step: () => T, met: unknown): Promise<T> {
    const began = performance.now();
    let error = met;
    let said = 0;
    for (let pause = 2; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      const waited = performance.now() - began;
      if (waited >= this.#most) throw named(error, this.#path, waited);
      if (waited >= SAID_AFTER_MS + said * SAID_EVERY_MS) {
        said++;
        this.listener?.waits(describeHolder(holderOf(this.#path)));
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(pause * (0.5 + Math.random()), Math.max(1, this.#most - waited))));
      try {
        const done = step();
        if (said > 0) this.listener?.over(performance.now() - began);
        return done;
      } catch (thrown) {
        if (!isBusy(thrown)) throw thrown;
        error = thrown;
      }
    }
  }
}

/** What an error says of a wait that was in vain. */
export interface Waited {
  readonly holder: Holder;
  readonly waitedMs: number;
}

function named(error: unknown, path: string, waitedMs: number): unknown {
  return Object.assign(error as object, { holder: holderOf(path), waitedMs } satisfies Waited);
}
