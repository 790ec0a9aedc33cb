import { messageOf } from '../domain/errors.ts';
import type { WorkerEnd } from './end.ts';
import type { Log, Tally } from './stage.ts';
import { Worker, type WorkerOptions, type WorkerParts } from './worker.ts';

/**
 * Workers one after another in one process, over one store. At a reload a new one begins with the
 * settings as they are then, and the one before claims no more and finishes what it holds with the
 * settings that it was claimed with. To the database they are two workers like any others.
 */
export class Relay {
  readonly #open: () => Promise<WorkerParts>;
  readonly #options: WorkerOptions;
  readonly #log: Log;
  readonly #workers: Worker[] = [];
  readonly #ends: Promise<WorkerEnd>[] = [];
  #reading = false;
  #again = false;
  #over = false;

  /** `open` reads and checks the settings, and rejects with what is wrong with them. */
  constructor(open: () => Promise<WorkerParts>, options: WorkerOptions, log: Log) {
    this.#open = open;
    this.#options = options;
    this.#log = log;
  }

  /** Until the last worker has ended; what it left, and what all of them did. */
  async run(first: WorkerParts): Promise<WorkerEnd> {
    this.#begin(first);
    if (this.#again) this.reload();
    // A worker's successor stands in the list before it is told to retire.
    for (let index = 0; index < this.#ends.length; index++) await this.#ends[index]?.catch(() => {});
    this.#over = true;
    const ends = await Promise.all(this.#ends);
    const tally = ends.map((end) => end.tally).reduce(sumOf);
    const unreturned = ends.find((end) => end.unreturned !== undefined)?.unreturned;
    return { ...(ends.at(-1) as WorkerEnd), tally, unreturned };
  }

  /** Reads the settings again. If they do not hold, the worker goes on with those it has, and the log says why. */
  reload(): void {
    if (this.#options.mode.kind === 'drain') {
      this.#log.info({}, 'a drain ends with the settings it began with; the next one reads them');
      return;
    }
    this.#again = true;
    if (this.#workers.length > 0 && !this.#reading) void this.#readAgain();
  }

  /** All finish the mails on the wire and claim no more. */
  stop(): void {
    this.#over = true;
    for (const worker of this.#workers) worker.stop();
  }

  async #readAgain(): Promise<void> {
    this.#reading = true;
    while (this.#again && !this.#over) {
      this.#again = false;
      try {
        await this.#replace(await this.#open());
      } catch (error) {
        this.#log.error({}, `the settings stay as they were: ${messageOf(error)}`);
      }
    }
    this.#reading = false;
  }

  async #replace(parts: WorkerParts): Promise<void> {
    if (this.#over) return parts.closeMailers();
    const before = this.#workers.at(-1);
    this.#begin(parts);
    before?.retire();
    this.#log.info({}, 'settings read again; mails on the wire finish with those before');
  }

  #begin(parts: WorkerParts): void {
    const since = this.#workers[0]?.startedAt;
    const worker = new Worker(parts, { ...this.#options, ...(since === undefined ? {} : { since }) });
    const end = worker.run();
    // `run` throws it, once the others have finished what they hold.
    end.catch(() => this.stop());
    this.#workers.push(worker);
    if (this.#over) worker.stop();
    this.#ends.push(end);
  }
}

function sumOf(one: Readonly<Tally>, other: Readonly<Tally>): Tally {
  return {
    generated: one.generated + other.generated,
    held: one.held + other.held,
    accepted: one.accepted + other.accepted,
    failed: one.failed + other.failed,
    uncertain: one.uncertain + other.uncertain,
    deferred: one.deferred + other.deferred,
  };
}
