import type { IncomingHttpHeaders } from 'node:http';
import { uptime } from 'node:os';
import { HOUR, MINUTE } from '../domain/duration.ts';
import { ask } from '../http/client.ts';
import type { HttpTarget } from '../http/request.ts';

/** How long an answer's time is used for the arms that follow; and how long a provider that did not tell is left alone. */
const GOOD_FOR = HOUR;
const ASKED_AGAIN_AFTER = MINUTE;
/** A mail waits for this before its arm, once an hour at most. */
const ASKED_FOR = 2_000;
/** No provider lives outside of these years: a clock that says so is not set. */
const SANE = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2100, 0, 1) };

/**
 * A provider's clock, as the Date headers of its answers tell it. How long it keeps an idempotency key is counted by
 * that clock; the one of this machine may be set, and stands still while the machine is off.
 */
export class ProviderClock {
  readonly #target: HttpTarget | undefined;
  readonly #ca: string | undefined;
  #told: { readonly time: number; readonly at: number } | undefined;
  #asking: Promise<unknown> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `target`: what may be asked there without a key; without it only the answers to mails tell the time. */
  constructor(target: HttpTarget | undefined, ca?: string) {
    this.#target = target;
    this.#ca = ca;
  }

  /** Every answer tells the time, one that refuses too. */
  note(headers: IncomingHttpHeaders): void {
    const time = timeIn(headers);
    if (time !== undefined) this.#told = { time, at: performance.now() };
  }

  /**
   * What the clock says now, epoch ms; undefined before any answer. Too early rather than too late: a machine that
   * sleeps does not count on (CLOCK_MONOTONIC), and a key whose first use seems earlier is given up earlier.
   */
  get now(): number | undefined {
    return this.#told === undefined ? undefined : Math.round(this.#told.time + performance.now() - this.#told.at);
  }

  /** Asks for the time if none is known that is less than an hour old. That it stays unknown does no harm to a mail. */
  async keep(): Promise<void> {
    if (this.#target === undefined) return;
    if (this.#told !== undefined && performance.now() - this.#told.at < GOOD_FOR) return;
    if (this.#asking === undefined && performance.now() - this.#askedAt < ASKED_AGAIN_AFTER) return;
    this.#askedAt = performance.now();
    this.#asking ??= this.ask().finally(() => (this.#asking = undefined));
    await this.#asking;
  }

  /**
   * Asks for the time now. What comes back tells it from then on, counted from before the question by whichever clock
   * of this machine went furthest, as one of them may be set and another stand still: too late rather than too early.
   */
  async ask(): Promise<(() => number) | undefined> {
    const elapsed = stopwatch();
    const headers = this.#target === undefined ? undefined : await headersFrom(this.#target, this.#ca);
    if (headers === undefined) return undefined;
    this.note(headers);
    const time = timeIn(headers);
    return time === undefined ? undefined : () => time + elapsed();
  }
}

/** A Date header in the one form that HTTP allows to be written (IMF-fixdate, RFC 9110 §5.6.7), of an answer that no cache kept. */
function timeIn({ date, age }: IncomingHttpHeaders): number | undefined {
  const time = Date.parse(date ?? '');
  const sane = time >= SANE.from && time < SANE.to;
  return sane && new Date(time).toUTCString() === date && Number(age ?? 0) === 0 ? time : undefined;
}

/** Milliseconds since it was called. The system's uptime goes on while the machine sleeps, and nobody sets it. */
function stopwatch(): () => number {
  const clocks = [() => Date.now(), () => performance.now(), () => uptime() * 1_000];
  const start = clocks.map((clock) => clock());
  return () => Math.max(...clocks.map((clock, index) => clock() - (start[index] ?? 0)));
}

/** The head of any answer; undefined when none comes in time. */
async function headersFrom(target: HttpTarget, ca: string | undefined): Promise<IncomingHttpHeaders | undefined> {
  try {
    const request = { ...target, method: 'HEAD', headers: { 'cache-control': 'no-cache' }, ca } as const;
    return (await ask(request, { connect: ASKED_FOR, headers: ASKED_FOR, whole: ASKED_FOR, bytes: 0 })).headers;
  } catch {
    return undefined;
  }
}
