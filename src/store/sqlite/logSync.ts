import { closeSync, fdatasync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Brings the write-ahead log to the disk, as SQLite does at the end of every commit with
 * `synchronous=FULL`, but beside the event loop: what is committed meanwhile shares the next sync. A
 * commit is durable when the log that holds it is (https://sqlite.org/wal.html, "Checkpointing").
 */
export class LogSync {
  readonly #path: string;
  #descriptor: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `path` is the database's. */
  constructor(path: string) {
    this.#path = `${path}-wal`;
  }

  /** Resolves when everything that was committed before the call is on the disk. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#begin();
    // One that is under way may have begun before the last commit: only the next one is sure to cover it.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#begin();
      });
    return this.#next;
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => undefined);
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #begin(): Promise<void> {
    const running = this.#syncOnce().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #syncOnce(): Promise<void> {
    const descriptor = this.#open();
    if (descriptor === undefined) return;
    await new Promise<void>((resolve, reject) => fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error))));
  }

  /** Undefined while there is no log: nothing was written yet. SQLite keeps the file as long as it is open. */
  #open(): number | undefined {
    if (this.#descriptor !== undefined) return this.#descriptor;
    try {
      this.#descriptor = openSync(this.#path, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    // Its name must last too. Windows has no such thing as syncing a folder.
    if (process.platform !== 'win32') {
      const folder = openSync(dirname(this.#path), 'r');
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    }
    return this.#descriptor;
  }
}
