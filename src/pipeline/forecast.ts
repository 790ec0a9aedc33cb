import type { Campaign } from '../domain/campaign.ts';
import { DAY } from '../domain/duration.ts';
import { holdOf } from '../domain/hold.ts';
import { localDay } from '../domain/localDay.ts';
import { nextSendAfter, type ShutGate, slotAfter } from '../domain/pace.ts';
import { usagePeriod } from '../domain/usage.ts';
import { mailsOut } from '../store/jobs.ts';
import { paceSnapshot, type WaitingMail, waitingMails } from '../store/outlook.ts';
import type { Db, JobRow } from '../store/schema.ts';
import { DueLine } from './dueLine.ts';
import { askGates, type PaceSettings } from './gates.ts';
import { RecipientLine, type RecipientRules, recipientRules } from './recipientGates.ts';
import { RememberedPace } from './rememberedPace.ts';

/**
 * What would leave when, if a worker ran all the time, every text were written in time, every mail
 * accepted and every gap of middle length: the claim's own gates, asked in memory. Nothing is written.
 */
export interface Forecast {
  readonly mails: readonly PlannedMail[];
  readonly jobs: readonly JobForecast[];
}

interface PlannedMail {
  readonly at: number;
  readonly jobId: number;
  readonly messageId: number;
  readonly sender: string;
}

interface JobForecast {
  readonly jobId: number;
  /** Mails that wait and will not have left by then. */
  readonly left: number;
  /** When the last one leaves; null when some are left. */
  readonly endsAt: number | null;
  /** Gates that only a person opens. */
  readonly held: readonly ShutGate[];
}

export interface ForecastSpan {
  readonly from: number;
  readonly until: number;
  /** A forecast of one mail ends with it. */
  readonly message?: number;
  /** Mails on their way that come back into the line: nothing of them was sent, and their worker is gone. */
  readonly returning?: readonly number[];
}

export async function forecast(
  db: Db,
  jobs: readonly { readonly job: JobRow; readonly campaign: Campaign }[],
  settings: PaceSettings,
  span: ForecastSpan,
): Promise<Forecast> {
  const out = new Map<number, number>();
  const zones = new Map<number, string | null>();
  const lanes: Lane[] = [];
  for (const { job, campaign } of jobs) {
    const waiting = await waitingMails(db, job.id, span.returning);
    for (const { prospect_id, zone } of waiting) if (zone !== null) zones.set(prospect_id, zone);
    out.set(job.id, await mailsOut(db, job.id));
    lanes.push(new Lane(job, campaign, recipientRules(campaign, settings.limits), new DueLine(waiting)));
  }
  const snapshot = await paceSnapshot(db, span.from - Math.max(DAY, settings.limits.domainGap ?? 0), span.from + DAY);
  const mails = await run(lanes, new RememberedPace(snapshot, out, zones), settings, span);
  return { mails, jobs: lanes.map((lane) => lane.result()) };
}

async function run(lanes: readonly Lane[], facts: RememberedPace, settings: PaceSettings, span: ForecastSpan): Promise<PlannedMail[]> {
  const mails: PlannedMail[] = [];
  let turn = 0;
  for (let now = span.from; now < span.until; ) {
    // In turn, as a worker shares its senders among jobs.
    const lane = [...lanes.slice(turn), ...lanes.slice(0, turn)].find(({ opensAt }) => opensAt <= now);
    if (lane === undefined) {
      now = Math.min(...lanes.map(({ opensAt }) => opensAt));
      continue;
    }
    const mail = await lane.claim(facts, settings, now);
    if (mail === undefined) continue;
    turn = (lanes.indexOf(lane) + 1) % lanes.length;
    mails.push(mail);
    if (mail.messageId === span.message) break;
  }
  return mails;
}

/** Due messages that one turn may put back before the others have theirs. */
const MOST_PASSED = 100;

/** One job on its way through a forecast. */
class Lane {
  opensAt = 0;
  #job: JobRow;
  #held: readonly ShutGate[] = [];
  #endsAt: number | null = null;
  readonly #campaign: Campaign;
  readonly #rules: RecipientRules | null;
  readonly #line: DueLine;

  constructor(job: JobRow, campaign: Campaign, rules: RecipientRules | null, line: DueLine) {
    this.#job = job;
    this.#campaign = campaign;
    this.#rules = rules;
    this.#line = line;
  }

  /** What T1 does: hold, gates, the next message whose recipient may be written to, and the places it takes. */
  async claim(facts: RememberedPace, settings: PaceSettings, now: number): Promise<PlannedMail | undefined> {
    await this.#hold(facts, now);
    const answer = await askGates(facts, this.#job, this.#campaign, settings, { now, asOf: undefined });
    if (!answer.open) {
      this.opensAt = answer.opensAt ?? Infinity;
      this.#held = answer.gates.filter(({ opensAt }) => opensAt === null);
      return undefined;
    }
    const message = await this.#nextDue(facts, now);
    if (message === undefined) return undefined;
    const job = this.#job;
    const { sender } = answer;
    facts.depart({
      jobId: job.id,
      sender: sender.name,
      domain: message.domain,
      at: now,
      day: localDay(settings.timezone, now).date,
      period: usagePeriod(now),
      nextSendAt: nextSendAfter(sender.gap, now, 0.5),
    });
    const slot = slotAfter({ mode: job.send_mode, rate: job.send_rate }, now);
    this.#job = { ...job, started_at: job.started_at ?? now, ...(job.send_mode === 'drip' ? { next_slot_at: slot } : {}) };
    this.#endsAt = this.#line.length === 0 ? now : null;
    return { at: now, jobId: job.id, messageId: message.id, sender: sender.name };
  }

  result(): JobForecast {
    const { length: left } = this.#line;
    return { jobId: this.#job.id, left, endsAt: this.#endsAt, held: left === 0 ? [] : this.#held };
  }

  /** A canary that is out is taken to come back clean. */
  async #hold(facts: RememberedPace, now: number): Promise<void> {
    switch (holdOf(this.#job, this.#campaign, await facts.mailsOut(this.#job.id), now)) {
      case 'overdue':
        if (this.#job.paused_at === null) this.#job = { ...this.#job, paused_at: now, pause_reason: 'overdue' };
        break;
      case 'watch':
        this.#job = { ...this.#job, canary_at: now };
        break;
      case 'judge':
        this.#job = { ...this.#job, canary_passed_at: now };
    }
  }

  async #nextDue(facts: RememberedPace, now: number): Promise<WaitingMail | undefined> {
    const recipients =
      this.#rules === null ? undefined : new RecipientLine(facts, this.#rules, async (_id, dueAt) => this.#line.putBack(dueAt));
    for (let passed = 0; passed <= MOST_PASSED; passed++) {
      const first = this.#line.first();
      if (first === undefined || first.due_at > now) {
        this.opensAt = first?.due_at ?? Infinity;
        return undefined;
      }
      if (recipients === undefined || (await recipients.lets(first, now))) return this.#line.take();
    }
    return undefined;
  }
}
