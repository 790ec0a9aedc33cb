import type { PauseReason } from '../domain/job.ts';
import type { GateName } from '../domain/pace.ts';
import type { Rest } from '../pipeline/draftMessage.ts';
import type { BoardEvents, BoardJob } from './board.ts';
import type { Log } from './stage.ts';

/** Pace gates that open and shut with every mail are no news. */
const EVERYDAY: readonly GateName[] = ['drip', 'sender gap'];

/** Gates that nobody shut by hand, and only a person opens. */
const PAUSED_BY_ITSELF: readonly GateName[] = ['overdue', 'canary', 'restored'] satisfies PauseReason[];

/** Says once what a job waits for, and again only when that changes. */
export class GateNews {
  readonly #log: Log;
  readonly #said = new Map<number, string>();
  #probes = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Behind a probe its sender looks as if it rested for as long as a mail may take: that ends in a moment, one way or the other. */
  async whileProbing<T>(send: () => Promise<T>): Promise<T> {
    this.#probes++;
    try {
      return await send();
    } finally {
      this.#probes--;
    }
  }

  say({ id, shut }: BoardJob): void {
    const names = (shut?.gates ?? []).map(({ gate }) => gate);
    if (this.#probes > 0 && names.includes('sender resting')) return;
    const gates = names.join(', ');
    if (this.#said.get(id) === gates) return;
    this.#said.set(id, gates);
    if (names.every((name) => EVERYDAY.includes(name))) return;
    const opensAt = shut?.opensAt ?? null;
    if (opensAt === null && names.some((name) => PAUSED_BY_ITSELF.includes(name))) {
      this.#log.warn({ job: id, reason: gates }, `paused until a person looks at it: outreach resume ${id}`);
      return;
    }
    this.#log.info({ job: id, gates, ...(opensAt === null ? {} : { opens_at: new Date(opensAt).toISOString() }) }, 'waiting');
  }
}

/** What the board notices about campaigns and jobs, as lines of the log. */
export function boardEvents(log: Log): BoardEvents {
  return {
    unapproved: (campaign, messages) => log.info({ campaign, messages }, 'review is stricter now: ready mails wait for approval'),
    voided: (campaign, messages) => log.info({ campaign, messages }, 'campaign changed: its drafts and approvals are void'),
    held: (job, reason) => log.error({ job, reason }, 'job held back until its campaign can be read'),
    resting: (job, rest) => sayResting(log, job, rest),
  };
}

/** Why nobody writes for a job just now. */
function sayResting(log: Log, job: number, { why, reason, until }: Rest): void {
  const fields = { job, reason, until: new Date(until).toISOString() };
  if (why === 'provider') log.warn(fields, 'no AI provider can write now; the leads wait');
  else
    log.error(
      fields,
      why === 'budget' ? 'the budget is reached; nothing more is written' : 'no AI provider will write until you mend this',
    );
}
