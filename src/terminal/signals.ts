import { closeSync, openSync } from 'node:fs';

interface Wishes {
  /** Once: a second signal leaves at once. */
  stop(): void;
  reload(): void;
}

/**
 * What SIGTERM, SIGINT and SIGHUP ask of a program that runs on. SIGHUP says "read your settings again",
 * unless it says what it once did: that the terminal is gone. It would end a process that has no listener,
 * so one that comes before `listen` is kept; SIGTERM and SIGINT end a program that has not begun.
 */
export class Signals {
  readonly #onTerminal = process.stdin.isTTY === true || process.stderr.isTTY === true;
  #wishes: Wishes | undefined;
  #stops = 0;
  #reload = false;
  readonly #onStop = () => {
    // What was held is taken over by the next worker.
    if (++this.#stops > 1) process.exit(130);
    this.#wishes?.stop();
  };
  readonly #onHangUp = () => {
    if (this.#terminalIsGone()) return this.#leaveQuietly();
    this.#reload = true;
    this.#wishes?.reload();
  };

  constructor() {
    process.on('SIGHUP', this.#onHangUp);
  }

  get stopped(): boolean {
    return this.#stops > 0;
  }

  listen(wishes: Wishes): void {
    this.#wishes = wishes;
    process.on('SIGINT', this.#onStop).on('SIGTERM', this.#onStop);
    if (this.stopped) wishes.stop();
    else if (this.#reload) wishes.reload();
  }

  forget(): void {
    process.off('SIGINT', this.#onStop).off('SIGTERM', this.#onStop).off('SIGHUP', this.#onHangUp);
  }

  /** Windows sends it when the console is closed, and ends the process soon after. */
  #terminalIsGone(): boolean {
    if (process.platform === 'win32') return true;
    if (!this.#onTerminal) return false;
    try {
      closeSync(openSync('/dev/tty', 'r'));
      return false;
    } catch {
      return true;
    }
  }

  /** Nobody reads what is said from here on, and saying it to a terminal that is gone would be an error (EIO). */
  #leaveQuietly(): void {
    for (const stream of [process.stdout, process.stderr]) {
      if (stream.isTTY !== true) continue;
      stream.removeAllListeners('error').on('error', () => {});
      // The log writes to the descriptor itself; the lowest free number is the one that was just closed.
      closeSync(stream.fd);
      openSync('/dev/null', 'w');
    }
    this.#onStop();
  }
}
