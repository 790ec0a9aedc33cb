import { DEADLINES } from '../domain/deadlines.ts';
import { giveBackForgotten, type Recovered, recoverMessages, sumOfRecovered } from '../pipeline/recoverMessages.ts';
import { replayMessage } from '../pipeline/replayMessage.ts';
import type { SendDependencies } from '../pipeline/sendMessage.ts';
import { sweepCancelled } from '../pipeline/steerJob.ts';
import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/database.ts';
import { cancelledWithOpenMessages } from '../store/jobs.ts';
import type { SendGuard } from '../store/sendGuard.ts';
import { isAlive } from '../store/sqlite/lock.ts';
import type { Log, Stage } from './stage.ts';

export interface UpkeepParts {
  readonly store: Store;
  readonly queue: Queue;
  readonly guard: SendGuard;
  readonly now: () => number;
  readonly log: Log;
  readonly sending: Omit<SendDependencies, 'worker' | 'cut' | 'giveUp' | 'trouble' | 'fail' | 'unrecorded' | 'guard'>;
  /** Senders whose provider answers a repeated request with what became of the first, with the account that is asked there. */
  readonly replayAccounts: ReadonlyMap<string, string>;
}

interface OwnWorker {
  readonly worker: string;
  readonly sends: boolean;
  readonly stopping: AbortSignal;
  readonly cut: AbortSignal;
}

/** What a worker does beside its lanes, for everybody's mails: takes over what dead ones held, and asks after uncertain ones. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #stage: Stage;
  readonly #own: OwnWorker;

  constructor(parts: UpkeepParts, stage: Stage, own: OwnWorker) {
    this.#parts = parts;
    this.#stage = stage;
    this.#own = own;
  }

  async rescueRegularly(): Promise<void> {
    while (!this.#own.stopping.aborted) {
      await this.#pause(DEADLINES.rescueEvery);
      if (this.#own.stopping.aborted) return;
      await this.#stage.guard(async () => {
        // A backup that was put back meanwhile.
        if (this.#own.sends) await this.#parts.guard.recheck();
        await this.rescue();
      });
    }
  }

  /** Asks providers that answer it what became of uncertain mails. */
  async replayRegularly(): Promise<void> {
    const { replayAccounts: accounts, sending, log } = this.#parts;
    if (accounts.size === 0 || !this.#own.sends) return;
    while (!this.#own.stopping.aborted) {
      await this.#stage.guard(async () => {
        for (;;) {
          const asked = this.#own.stopping.aborted ? undefined : await replayMessage({ ...sending, accounts, cut: this.#own.cut });
          if (asked === undefined) return;
          log.info(
            { message: asked.messageId, state: asked.state, reply: asked.reply },
            'asked the provider what became of an uncertain mail',
          );
        }
      });
      await this.#pause(DEADLINES.rescueEvery);
    }
  }

  /** Sleeps, but not past a stop. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#own.stopping.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#own.stopping.addEventListener('abort', end, { once: true });
    });
  }

  /** Takes over what others can no longer finish, and gives back what no lane of this worker will. */
  async rescue(): Promise<void> {
    const { store, now, guard } = this.#parts;
    const isOurs = this.#own.sends || (await guard.find()) === undefined;
    const recovered = await recoverMessages(store, (id) => id === this.#own.worker || isAlive(store.locks, id), now, isOurs);
    this.#note(recovered, 'took over what a dead or late worker held');
    await this.giveBackForgotten();
    for (const job of await cancelledWithOpenMessages(store.db)) await sweepCancelled(store, job, now);
  }

  /** True when there was any: it waits to be taken again. */
  async giveBackForgotten(): Promise<boolean> {
    const { store, now } = this.#parts;
    const given = await giveBackForgotten(store, this.#own.worker, (row) => this.#stage.hands.hold(row), now);
    this.#note(given, 'gave back what a failed step had left');
    return sumOfRecovered(given) > 0;
  }

  #note(recovered: Recovered, what: string): void {
    if (sumOfRecovered(recovered) === 0) return;
    const { pending, ready, uncertain } = recovered;
    this.#parts.log.warn({ pending, ready, uncertain }, what);
    this.#stage.tally.uncertain += uncertain;
    this.#parts.queue.announce();
  }
}
