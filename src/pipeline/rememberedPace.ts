import { DAY, HOUR } from '../domain/duration.ts';
import type { PaceSnapshot } from '../store/outlook.ts';
import type { PaceFacts, SenderState } from './paceFacts.ts';

/** A mail that leaves in a forecast. */
export interface Departure {
  readonly jobId: number;
  readonly sender: string;
  readonly domain: string;
  readonly at: number;
  /** The sender's local date. */
  readonly day: string;
  readonly period: string;
  /** When the sender's gap ends. */
  readonly nextSendAt: number;
}

const RESTED: SenderState = { next_send_at: 0, rest_until: 0, failures: 0, stopped_at: null };

/** The facts of a forecast: those of the database at its beginning, and what has left since in it. Asked in order of time only. */
export class RememberedPace implements PaceFacts {
  readonly #senders = new Map<string, SenderState>();
  readonly #days = new Map<string, Map<string, number>>();
  readonly #all: number[] = [];
  readonly #bySender = new Map<string, number[]>();
  readonly #byDomain = new Map<string, number[]>();
  readonly #usage = new Map<string, number>();
  readonly #out: Map<number, number>;
  readonly #zones: ReadonlyMap<number, string | null>;

  constructor(snapshot: PaceSnapshot, out: Map<number, number>, zones: ReadonlyMap<number, string | null>) {
    this.#out = out;
    this.#zones = zones;
    for (const { name, ...state } of snapshot.senders) this.#senders.set(name, state);
    for (const { sender, day, sent } of snapshot.days) of(this.#days, sender, () => new Map<string, number>()).set(day, sent);
    for (const { period, sent } of snapshot.usage) this.#usage.set(period, sent);
    for (const { sender, domain, started_at } of snapshot.attempts) this.#note(sender, domain, started_at);
  }

  depart({ jobId, sender, domain, at, day, period, nextSendAt }: Departure): void {
    this.#note(sender, domain, at);
    const days = of(this.#days, sender, () => new Map<string, number>());
    days.set(day, (days.get(day) ?? 0) + 1);
    this.#usage.set(period, (this.#usage.get(period) ?? 0) + 1);
    this.#out.set(jobId, (this.#out.get(jobId) ?? 0) + 1);
    this.#senders.set(sender, { ...RESTED, next_send_at: nextSendAt });
  }

  #note(sender: string, domain: string, at: number): void {
    this.#all.push(at);
    of(this.#bySender, sender, () => [] as number[]).push(at);
    of(this.#byDomain, domain, () => [] as number[]).push(at);
  }

  async senderNow(name: string): Promise<SenderState> {
    return this.#senders.get(name) ?? RESTED;
  }

  async activeDays(sender: string, today: string): Promise<{ earlier: number; today: boolean }> {
    const days = this.#days.get(sender);
    const onDay = days?.has(today) === true;
    // No day of a forecast lies after the one that it has reached.
    return { earlier: (days?.size ?? 0) - (onDay ? 1 : 0), today: onDay };
  }

  async sentOn(sender: string, day: string): Promise<number> {
    return this.#days.get(sender)?.get(day) ?? 0;
  }

  async capFilledBy(sender: string, cap: number, now: number): Promise<number | null> {
    return filledBy(this.#bySender.get(sender), cap, now - DAY);
  }

  async hourFilledBy(limit: number, now: number): Promise<number | null> {
    return filledBy(this.#all, limit, now - HOUR);
  }

  async domainFilledBy(domain: string, cap: number, now: number): Promise<number | null> {
    return filledBy(this.#byDomain.get(domain), cap, now - DAY);
  }

  async domainTriedAt(domain: string): Promise<number | null> {
    return this.#byDomain.get(domain)?.at(-1) ?? null;
  }

  async usageIn(period: string): Promise<number> {
    return this.#usage.get(period) ?? 0;
  }

  async mailsOut(jobId: number): Promise<number> {
    return this.#out.get(jobId) ?? 0;
  }

  async zoneOf(prospectId: number): Promise<string | undefined> {
    return this.#zones.get(prospectId) ?? undefined;
  }
}

function of<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}

/** The `cap`-th newest, if it is after `since`. */
function filledBy(times: readonly number[] | undefined, cap: number, since: number): number | null {
  const at = times?.[times.length - cap];
  return at !== undefined && at > since ? at : null;
}
