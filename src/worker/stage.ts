import type { OutreachError } from '../domain/errors.ts';
import type { Hold } from '../store/messages.ts';
import { storageError } from '../store/troubles.ts';
import type { Board } from './board.ts';

/** The part of pino's logger (https://getpino.io) that the worker uses. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Tally {
  generated: number;
  /** Leads that could not be written to; they wait in review. */
  held: number;
  accepted: number;
  failed: number;
  uncertain: number;
  /** Put back to be tried later. */
  deferred: number;
}

/**
 * What the lanes of a worker work on. What the database says the worker holds, and is not here, no lane will
 * finish: its step failed.
 */
class Hands {
  readonly #holds = new Set<string>();

  take({ id, token }: Pick<Hold, 'id' | 'token'>): void {
    this.#holds.add(`${id}.${token}`);
  }

  release({ id, token }: Pick<Hold, 'id' | 'token'>): void {
    this.#holds.delete(`${id}.${token}`);
  }

  hold({ id, token }: Pick<Hold, 'id' | 'token'>): boolean {
    return this.#holds.has(`${id}.${token}`);
  }
}

/** How long work rests after the disk or the database refused. */
const TROUBLE_PAUSE_MS = 1_000;

interface StageEvents {
  /** The worker ends with an error. */
  failed(): void;
  /** Trouble is over: what waited for it to pass may look again. */
  recovered(): void;
}

/** What the stages of one worker share: when to stop, what to count, and how to bear a disk that refuses. */
export class Stage {
  readonly tally: Tally = { generated: 0, held: 0, accepted: 0, failed: 0, uncertain: 0, deferred: 0 };
  readonly hands = new Hands();
  readonly stopping: AbortSignal;
  readonly log: Log;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #idle = new Set<string>();
  #trouble: string | undefined;
  /** How often trouble was noted. */
  #noted = 0;
  #failure: unknown;
  readonly #events: StageEvents;

  constructor(stopping: AbortSignal, log: Log, sleep: (ms: number) => Promise<void>, events: StageEvents) {
    this.stopping = stopping;
    this.log = log;
    this.#sleep = sleep;
    this.#events = events;
  }

  /** An error that is nobody's weather: the worker ends with it. */
  get failure(): unknown {
    return this.#failure;
  }

  get troubled(): boolean {
    return this.#trouble !== undefined;
  }

  /** True while each of these lanes waits for work. */
  allIdle(lanes: readonly string[]): boolean {
    return lanes.every((lane) => this.#idle.has(lane));
  }

  /** Waits for work that came after round `since` of the bell; stopping rings too. */
  async idle(lane: string, board: Board, since = board.work.round): Promise<void> {
    if (this.stopping.aborted) return;
    this.#idle.add(lane);
    board.news.ring();
    await board.work.after(since);
    this.#idle.delete(lane);
  }

  /** Runs one step; false when it failed. Trouble with the disk rests the lane and is said once; any other error ends the worker. */
  async guard(step: () => Promise<void>): Promise<boolean> {
    const noted = this.#noted;
    try {
      await step();
      // A mail that was given back because the disk refused is no sign that it works.
      if (this.#noted !== noted) return true;
      if (this.#trouble === undefined) return true;
      this.log.info({ was: this.#trouble }, 'the database works again');
      this.#trouble = undefined;
      this.#events.recovered();
      return true;
    } catch (error) {
      const trouble = storageError(error);
      if (trouble === undefined) {
        this.fail(error);
        return false;
      }
      this.noteTrouble(trouble);
      if (!this.stopping.aborted) await this.#sleep(TROUBLE_PAUSE_MS);
      return false;
    }
  }

  /** Ends the worker with this error; the other lanes finish what they have on the wire. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#events.failed();
  }

  noteTrouble(trouble: Error): void {
    this.#noted++;
    if (this.#trouble === trouble.message) return;
    this.#trouble = trouble.message;
    this.log.error({ trouble: trouble.message, hint: (trouble as OutreachError).hint }, 'nothing is claimed while this lasts');
  }
}
