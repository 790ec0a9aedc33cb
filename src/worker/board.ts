import type { Campaign, CampaignSource, Generator } from '../domain/campaign.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import type { ShutGate } from '../domain/pace.ts';
import type { Rest } from '../pipeline/draftMessage.ts';
import type { Limits } from '../pipeline/gates.ts';
import { holdUnapproved } from '../pipeline/holdUnapproved.ts';
import { isCurrent, refreshCampaign } from '../pipeline/refreshCampaign.ts';
import { refreshPace } from '../pipeline/refreshPace.ts';
import type { Store } from '../store/database.ts';
import { openJobs } from '../store/jobs.ts';
import { Notice } from './notice.ts';

/** What this worker knows of one open job until the next look at the database. */
export interface BoardJob {
  readonly id: number;
  paused: boolean;
  drip: boolean;
  campaign: Campaign;
  /** Set when the last claim found nothing that may leave; cleared by the next look. */
  shut: { readonly opensAt: number | null; readonly gates: readonly ShutGate[] } | undefined;
  /** Set when the last look found nothing to draft. */
  drafted: boolean;
  /** Set while nobody can write for this job. */
  rest: Rest | undefined;
  /** Rises whenever the job may have work again: an answer from before that is not believed. */
  round: number;
  /** Mails that lanes got from it, as fair shares count them; and how many lanes ask it just now. */
  turns: number;
  asked: number;
}

export interface BoardEvents {
  voided(campaign: string, messages: number): void;
  /** Ready mails that a stricter `review` holds now. */
  unapproved(campaign: string, messages: number): void;
  held(jobId: number, reason: string): void;
  resting(jobId: number, resting: Rest): void;
}

/**
 * The open jobs, looked at once a pass: campaigns are compared with their files, and jobs whose
 * campaign cannot be read are held back with the reason. Lanes take jobs from it in turn.
 */
export class Board {
  readonly #store: Store;
  readonly #campaigns: CampaignSource;
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #events: BoardEvents;
  readonly #only: readonly number[] | undefined;
  #jobs: BoardJob[] = [];
  /** Whose turn to draft it is. */
  #turn = 0;
  /** The turns of the job that gave the last mail, before it did. */
  #turns = 0;
  /** Rings when there may be work: lanes listen. */
  readonly work = new Notice();
  /** Rings when a lane has found out something: the supervisor listens. */
  readonly news = new Notice();
  readonly held = new Map<number, string>();
  /** The content of each campaign that this worker has brought in line with the database. */
  readonly #settled = new Map<string, string>();
  /** The same of its pace. */
  readonly #paced = new Map<string, string>();

  /** `only`: the jobs this worker was asked to see to; all of them when undefined. */
  constructor(store: Store, campaigns: CampaignSource, limits: Limits, now: () => number, events: BoardEvents, only?: readonly number[]) {
    this.#only = only;
    this.#store = store;
    this.#campaigns = campaigns;
    this.#limits = limits;
    this.#now = now;
    this.#events = events;
  }

  get jobs(): readonly BoardJob[] {
    return this.#jobs;
  }

  /** A fresh look at the database and the campaign files; wakes whoever waits for work. */
  async refresh(): Promise<void> {
    const rows = (await openJobs(this.#store.db)).filter(({ id }) => this.#only === undefined || this.#only.includes(id));
    const jobs: BoardJob[] = [];
    const held = new Map<number, string>();
    for (const row of rows) {
      try {
        const campaign = this.#campaigns.load(row.campaign);
        const siblings = rows.filter(({ campaign_id }) => campaign_id === row.campaign_id).map(({ id }) => id);
        await this.#settle(campaign, row.id, siblings);
        jobs.push(this.#entry(row.id, { paused: row.paused_at !== null, drip: row.send_mode === 'drip', campaign }));
      } catch (error) {
        if (!isCampaignError(error)) throw error;
        const reason = messageOf(error);
        held.set(row.id, reason);
        if (this.held.get(row.id) !== reason) this.#events.held(row.id, reason);
      }
    }
    this.held.clear();
    for (const [id, reason] of held) this.held.set(id, reason);
    this.#jobs = jobs;
    this.work.ring();
  }

  /** Whether any job may have a mail to send, as far as lanes have asked. */
  get sends(): boolean {
    return this.#jobs.some(maySend);
  }

  /**
   * Of the jobs that may have a mail to send the one that has had the fewest turns, so that jobs share alike what their
   * senders let out, whoever asks when. A job whose pace held it back is next when it may, but has no turns saved up.
   * Whoever asks it says what came of it with `answered`.
   */
  nextToSend(): BoardJob | undefined {
    const turnsOf = ({ turns, asked }: BoardJob) => Math.max(turns, this.#turns) + asked;
    let next: BoardJob | undefined;
    for (const job of this.#jobs) if (maySend(job) && (next === undefined || turnsOf(job) < turnsOf(next))) next = job;
    if (next !== undefined) next.asked++;
    return next;
  }

  answered(job: BoardJob, { mail }: { mail: boolean }): void {
    job.asked--;
    if (!mail) return;
    this.#turns = Math.max(job.turns, this.#turns);
    job.turns = this.#turns + 1;
  }

  nextToDraft(generator?: Generator): BoardJob | undefined {
    const now = this.#now();
    const wanted = ({ paused, drafted, rest, campaign }: BoardJob) =>
      !paused && !drafted && (rest?.until ?? 0) <= now && (generator === undefined || campaign.generator === generator);
    for (let step = 0; step < this.#jobs.length; step++) {
      const job = this.#jobs[(this.#turn + step) % this.#jobs.length];
      if (job === undefined || !wanted(job)) continue;
      this.#turn = (this.#turn + step + 1) % this.#jobs.length;
      return job;
    }
    return undefined;
  }

  /** Nobody can write for this job until then; said once as long as the reason is the same. */
  rest(job: BoardJob, resting: Rest): void {
    if (job.rest?.reason !== resting.reason) this.#events.resting(job.id, resting);
    job.rest = resting;
    job.drafted = false;
    this.news.ring();
  }

  /** A claim begun in `round` found nothing that may leave. */
  shut(job: BoardJob, round: number, shut: BoardJob['shut']): void {
    if (job.round === round) job.shut = shut;
    this.news.ring();
  }

  /** The job may have a mail to send again: a new draft, or one that came back. */
  reopen(job: BoardJob): void {
    const wasShut = job.shut !== undefined;
    reset(job, { drafting: false });
    if (wasShut) this.work.ring();
  }

  /** A place came back (ledger, cap, a sender's health), and any job may be waiting for it. */
  reopenAll(): void {
    for (const job of this.#jobs) reset(job, { drafting: false });
    this.work.ring();
  }

  /** Messages of this job are pending again. */
  redraft(job: BoardJob): void {
    reset(job, { drafting: true });
    this.work.ring();
  }

  /** When the first shut job opens by itself, or a resting writer writes again; null when none does. */
  nextOpening(): number | null {
    const openings = this.#jobs.flatMap(({ shut, rest, paused }) => [
      ...(shut?.opensAt == null ? [] : [shut.opensAt]),
      ...(rest === undefined || paused ? [] : [rest.until]),
    ]);
    return openings.length === 0 ? null : Math.min(...openings);
  }

  /**
   * Brings the database in line with the campaign as this worker reads it, once for each content it
   * reads. If the database then moves on without this worker's files having changed, somebody else
   * reads other settings: holding the job ends what would be an endless quarrel.
   */
  async #settle(campaign: Campaign, jobId: number, jobIds: readonly number[]): Promise<void> {
    const settled = this.#settled.get(campaign.name) === campaign.contentHash;
    if (settled && !(await isCurrent(this.#store, campaign))) {
      throw new OutreachError(
        'config',
        `campaign ${campaign.name}: another program reads other settings than this worker did at its start`,
        {
          hint: 'Start this worker again.',
        },
      );
    }
    const voided = await refreshCampaign(this.#store, campaign, jobIds, this.#now);
    if (voided > 0) this.#events.voided(campaign.name, voided);
    const unapproved = await holdUnapproved(this.#store, campaign, [jobId], this.#now);
    if (unapproved > 0) this.#events.unapproved(campaign.name, unapproved);
    this.#paced.set(campaign.name, await refreshPace(this.#store, campaign, this.#limits, jobIds, this.#paced.get(campaign.name)));
    this.#settled.set(campaign.name, campaign.contentHash);
  }

  /** The same object for a job across looks, so that lanes and board never speak of different ones. */
  #entry(id: number, facts: Pick<BoardJob, 'paused' | 'drip' | 'campaign'>): BoardJob {
    const known = this.#jobs.find((job) => job.id === id) ?? {
      id,
      round: 0,
      turns: 0,
      asked: 0,
      shut: undefined,
      drafted: false,
      rest: undefined,
      ...facts,
    };
    reset(known, { drafting: true });
    if (known.rest !== undefined && known.rest.until <= this.#now()) known.rest = undefined;
    return Object.assign(known, facts);
  }
}

function maySend({ paused, shut }: BoardJob): boolean {
  return !paused && shut === undefined;
}

function reset(job: BoardJob, { drafting }: { drafting: boolean }): void {
  job.shut = undefined;
  job.round++;
  if (drafting) job.drafted = false;
}

function isCampaignError(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === 'config' || code === 'usage';
}
