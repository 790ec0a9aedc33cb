import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { type CampaignSource, GENERATORS } from '../domain/campaign.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import { DAY } from '../domain/duration.ts';
import { reached } from '../domain/milestone.ts';
import type { DraftDependencies } from '../pipeline/draftMessage.ts';
import type { SendDependencies } from '../pipeline/sendMessage.ts';
import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/database.ts';
import { takeLivenessLock } from '../store/sqlite/lock.ts';
import { storageError } from '../store/troubles.ts';
import { forgetOldWorkers, registerWorker } from '../store/workers.ts';
import { Board } from './board.ts';
import { type DraftChoice, draftStage } from './draftStage.ts';
import { allWritten, nothingLeft, summarise, type WorkerEnd } from './end.ts';
import { boardEvents, GateNews } from './gateNews.ts';
import { leave, type Unreturned } from './leave.ts';
import { sendLane } from './sendStage.ts';
import { type Log, Stage, type Tally } from './stage.ts';
import { Upkeep, type UpkeepParts } from './upkeep.ts';

/** When a worker ends by itself. */
export type WorkerMode =
  | { readonly kind: 'forever' }
  /** What is due at the start, and no more. */
  | { readonly kind: 'drain' }
  /** Until this moment (epoch ms). */
  | { readonly kind: 'for'; readonly until: number }
  | { readonly kind: 'until_done' };

export interface WorkerOptions {
  readonly mode: WorkerMode;
  readonly only: 'generate' | 'send' | undefined;
  /** Mails on the wire at the same time. */
  readonly concurrency: number;
  /** When the first worker of its process began, where it follows another one (epoch ms). */
  readonly since?: number;
  /** What to draft, of all that waits; everything when undefined. */
  readonly choice?: DraftChoice;
}

export interface WorkerParts extends UpkeepParts {
  readonly store: Store;
  readonly queue: Queue;
  readonly campaigns: CampaignSource;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly log: Log;
  /** The drafting of one worker; no call is begun after `stopping`, and those on their way are broken off at `cut`. */
  drafting(worker: string, leaving: { readonly stopping: AbortSignal; readonly cut: AbortSignal }): DraftDependencies;
  closeMailers(): Promise<void>;
}

/** However quiet the database is, campaign files are compared this often. */
const LOOK_EVERY_MS = 15_000;

const WORKERS_KEPT_FOR = 30 * DAY;

/** One worker from start to end: lock, register, recover, run the stages, drain. */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  readonly #id = `${Date.now().toString(36)}-${randomBytes(6).toString('hex')}`;
  readonly #stop = new AbortController();
  readonly #cut = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #stage: Stage;
  readonly #board: Board;
  #startedAt = 0;
  #quotaOnly = false;
  #begun = false;
  /** When to cut, and when to give up; undefined before a stop. */
  #limits: NodeJS.Timeout[] | undefined;
  /** Mails whose reply could not be written down; counted as uncertain already. */
  readonly #unrecorded = new Set<number>();

  constructor(parts: WorkerParts, options: WorkerOptions) {
    // Every mail and every call on its way listens to them.
    setMaxListeners(0, this.#stop.signal, this.#cut.signal, this.#giveUp.signal);
    this.#parts = parts;
    this.#options = options;
    this.#stage = new Stage(this.#stop.signal, parts.log, parts.sleep, {
      failed: () => this.stop(),
      // Of a commit whose answer was lost nobody has been told.
      recovered: () => parts.queue.announce(),
    });
    this.#board = new Board(parts.store, parts.campaigns, parts.sending.limits, parts.now, boardEvents(parts.log), options.choice?.jobIds);
  }

  get tally(): Readonly<Tally> {
    return this.#stage.tally;
  }

  /** Epoch ms; undefined before it has begun. */
  get startedAt(): number | undefined {
    return this.#startedAt === 0 ? undefined : this.#startedAt;
  }

  /** Claim no more, and take as long as it takes to finish what is on the wire: a slow server must not make a mail uncertain. */
  retire(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#board.work.ring();
  }

  /** Finish the mails on the wire, claim no more. What is not done in time is cut. */
  stop(): void {
    if (this.#limits !== undefined) return;
    const giveUp = () => {
      this.#giveUp.abort();
      this.#parts.store.hurry();
    };
    this.#limits = [setTimeout(() => this.#cut.abort(), DEADLINES.drain), setTimeout(giveUp, DEADLINES.drain + 2_000)];
    for (const limit of this.#limits) limit.unref();
    if (!this.#begun) this.#parts.store.hurry();
    this.retire();
  }

  async run(): Promise<WorkerEnd> {
    const { store, guard } = this.#parts;
    const leaving = { stopping: this.#stop.signal, cut: this.#cut.signal };
    const upkeep = new Upkeep(this.#parts, this.#stage, { ...leaving, worker: this.#id, sends: this.#sends });
    // Before anything is claimed or recovered: what an older copy knows is not what happened.
    if (this.#sends) await this.#unlessStopped(() => guard.admit());
    store.foldLog();
    const lock = takeLivenessLock(store.locks, this.#id);
    reached('worker.locked');
    let unreturned: Unreturned | undefined;
    try {
      await this.#unlessStopped(() => this.#begin(upkeep));
      this.#begun = true;
      const loops = [...this.#lanes(), this.#supervise(upkeep), upkeep.rescueRegularly(), upkeep.replayRegularly()];
      await Promise.all(loops.map((loop) => loop.catch((error: unknown) => this.#stage.fail(error))));
    } finally {
      await this.#parts.closeMailers();
      unreturned = await this.#leave();
      lock.release();
    }
    if (this.#stage.failure !== undefined) throw this.#stage.failure;
    return this.#end(unreturned);
  }

  /** A stop that comes while others hold the database ends a worker that has not begun: that is no failure. */
  async #unlessStopped(step: () => Promise<void>): Promise<void> {
    try {
      if (!this.#stop.signal.aborted) await step();
    } catch (error) {
      if (!this.#stop.signal.aborted || storageError(error) === undefined) throw error;
    }
  }

  async #begin(upkeep: Upkeep): Promise<void> {
    const { store, now, replayAccounts } = this.#parts;
    this.#startedAt = now();
    const { mode, since = this.#startedAt } = this.#options;
    const self = { id: this.#id, host: hostname(), pid: process.pid, mode: mode.kind, started_at: since };
    await store.write(async (tx) => {
      await registerWorker(tx, self, replayAccounts);
      await forgetOldWorkers(tx, this.#startedAt - WORKERS_KEPT_FOR);
    });
    reached('worker.registered');
    await upkeep.rescue();
    await this.#board.refresh();
  }

  async #leave(): Promise<Unreturned | undefined> {
    const { store, now, log, sleep } = this.#parts;
    // However it came to its end: the time limits of a stop hold for this, too.
    this.stop();
    const returned: Parameters<typeof leave>[0]['returned'] = ({ ids, ...given }) => {
      log.warn(given, 'gave back what was still held');
      this.#stage.tally.uncertain += Math.max(0, given.uncertain - ids.filter((id) => this.#unrecorded.has(id)).length);
    };
    const unreturned = await leave({ store, worker: this.#id, now, sleep, giveUp: this.#giveUp.signal, returned }, this.#stage);
    for (const limit of this.#limits ?? []) clearTimeout(limit);
    if (unreturned !== undefined) log.error(unreturned, 'mails could not be given back');
    return unreturned;
  }

  get #sends(): boolean {
    return this.#options.only !== 'generate';
  }

  #laneNames(): string[] {
    const { only, concurrency } = this.#options;
    const send = only === 'generate' ? [] : Array.from({ length: concurrency }, (_, index) => `send ${index + 1}`);
    return only === 'send' ? send : [...GENERATORS, ...send];
  }

  #lanes(): Promise<void>[] {
    const { mode, choice } = this.#options;
    const drafting = this.#parts.drafting(this.#id, { stopping: this.#stop.signal, cut: this.#cut.signal });
    const sending: SendDependencies = {
      ...this.#parts.sending,
      guard: this.#parts.guard,
      worker: this.#id,
      cut: this.#cut.signal,
      giveUp: this.#giveUp.signal,
      trouble: (error) => this.#stage.noteTrouble(error),
      fail: (error) => this.#stage.fail(error),
      unrecorded: ({ jobId, hold, mail, sender }, { reply }) => {
        this.#stage.tally.uncertain++;
        this.#unrecorded.add(hold.id);
        const fields = { job: jobId, message: hold.id, to: mail.envelope.to, sender, reply };
        this.#parts.log.error(fields, 'the reply could not be written down: this mail is uncertain');
      },
    };
    const asOf = mode.kind === 'drain' ? this.#startedAt : undefined;
    const news = new GateNews(this.#stage.log);
    return this.#laneNames().map((lane) => {
      const generator = GENERATORS.find((known) => known === lane);
      return generator === undefined
        ? sendLane(lane, this.#stage, this.#board, sending, news, asOf)
        : draftStage(lane, generator, this.#stage, this.#board, drafting, choice);
    });
  }

  /** Looks again whenever something may have changed, and notices when there is nothing left to do. */
  async #supervise(upkeep: Upkeep): Promise<void> {
    const never = { version: '', at: 0 };
    let looked = never;
    while (!this.#stop.signal.aborted) {
      const seen = this.#board.news.round;
      const went = await this.#stage.guard(async () => {
        const now = this.#parts.now();
        const version = this.#parts.queue.version();
        // Beside other workers it changes with every mail of theirs.
        const changed = version !== looked.version && now >= looked.at + DEADLINES.looksApart;
        if (changed || now >= Math.min(this.#nextOpening(), looked.at + LOOK_EVERY_MS) || now < looked.at) {
          await this.#board.refresh();
          looked = { version, at: now };
        }
        const current = version === looked.version || this.#options.mode.kind === 'for';
        if (current && (await this.#finished(upkeep))) this.stop();
      });
      if (!went) looked = never;
      else if (!this.#stop.signal.aborted) await this.#waitForChange(seen, looked);
    }
  }

  async #waitForChange(seen: number, looked: { version: string; at: number }): Promise<void> {
    const { mode } = this.#options;
    const version = this.#parts.queue.version();
    const soonest = looked.at + DEADLINES.looksApart;
    const early = version !== looked.version && this.#parts.now() < soonest;
    const look = Math.min(this.#nextOpening(), looked.at + LOOK_EVERY_MS, early ? soonest : Infinity);
    const until = Math.min(look, mode.kind === 'for' ? mode.until : Infinity);
    const woken = new AbortController();
    const onStop = () => woken.abort();
    this.#stop.signal.addEventListener('abort', onStop, { once: true });
    const changed = this.#parts.queue.wait(early ? version : looked.version, until, woken.signal);
    await Promise.race([changed, this.#board.news.after(seen)]);
    woken.abort();
    this.#stop.signal.removeEventListener('abort', onStop);
  }

  /** When a shut gate opens by itself. For a drain none does: what opens after its start is not its business. */
  #nextOpening(): number {
    return this.#options.mode.kind === 'drain' ? Infinity : (this.#board.nextOpening() ?? Infinity);
  }

  async #finished(upkeep: Upkeep): Promise<boolean> {
    const { mode } = this.#options;
    if (mode.kind === 'forever') return false;
    if (mode.kind === 'for') return this.#parts.now() >= mode.until;
    if (this.#stage.troubled || !this.#stage.allIdle(this.#laneNames())) return false;
    if (await upkeep.giveBackForgotten()) return false;
    if (this.#options.only !== 'send' && !this.#limitReached() && this.#board.nextToDraft() !== undefined) return false;
    if (this.#options.only !== 'generate' && this.#board.sends) return false;
    if (mode.kind === 'drain' || this.#limitReached()) return true;
    const { store } = this.#parts;
    if (this.#options.only === 'generate') return allWritten(store, this.#board, this.#options.choice);
    const left = await nothingLeft(store, this.#board);
    this.#quotaOnly = left.quotaOnly;
    return left.done;
  }

  async #end(unreturned: Unreturned | undefined): Promise<WorkerEnd> {
    const { mode } = this.#options;
    return summarise(this.#parts.store, this.#board, {
      unreturned,
      tally: this.#stage.tally,
      quotaOnly: this.#quotaOnly,
      mode,
      startedAt: this.#startedAt,
    });
  }

  #limitReached(): boolean {
    const { generated, held } = this.#stage.tally;
    return generated + held >= (this.#options.choice?.limit ?? Infinity);
  }
}
