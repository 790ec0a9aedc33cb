import type { Campaign } from '../domain/campaign.ts';
import { watchEndsAt } from '../domain/hold.ts';
import { localDay } from '../domain/localDay.ts';
import {
  type Gap,
  type JobPace,
  jobGates,
  type LimitPace,
  limitGates,
  openingOf,
  type SenderPace,
  type ShutGate,
  senderGates,
} from '../domain/pace.ts';
import { periodEnd, usagePeriod } from '../domain/usage.ts';
import { capToday, type WarmUp } from '../domain/warmUp.ts';
import type { JobRow } from '../store/schema.ts';
import type { PaceFacts } from './paceFacts.ts';

/** A sender's pace as configured. Milliseconds; null where nothing limits it. */
export interface SenderSettings {
  readonly name: string;
  readonly gap: Gap | null;
  readonly dailyCap: number | null;
  readonly warmUp: WarmUp | null;
}

export interface Limits {
  readonly emailsPerMonth: number | null;
  readonly sendPerHour: number | null;
  /** Mails in 24 hours to one company's domain. */
  readonly perCompanyDay: number | null;
  /** Milliseconds between two mails to one domain. */
  readonly domainGap: number | null;
}

export interface PaceSettings {
  readonly senders: ReadonlyMap<string, SenderSettings>;
  readonly limits: Limits;
  /** Whose calendar days are counted. */
  readonly timezone: string;
}

/** `asOf`: a drain asks what was due when it started, so slots that it fills itself stay shut for it. */
export interface Moment {
  readonly now: number;
  readonly asOf: number | undefined;
}

export type GateAnswer =
  | { readonly open: true; readonly sender: SenderSettings; readonly failures: number }
  | { readonly open: false; readonly gates: readonly ShutGate[]; readonly opensAt: number | null };

/** Gathers the facts and lets `domain/pace.ts` decide. The first sender in order whose gates are open sends. */
export async function askGates(
  facts: PaceFacts,
  job: JobRow,
  campaign: Pick<Campaign, 'window' | 'canary' | 'senders' | 'rotate'>,
  settings: PaceSettings,
  moment: Moment,
): Promise<GateAnswer> {
  const pace = await jobPace(facts, job, campaign);
  const common = [
    ...atBoth(moment, (now) => jobGates(pace, now)),
    ...limitGates(await limitPace(facts, settings.limits, moment.now), moment.now),
  ];
  let soonest: { gates: ShutGate[]; opensAt: number | null } | undefined;
  for (const name of campaign.rotate ? await byRoom(facts, campaign.senders, settings, moment.now) : campaign.senders) {
    const sender = settings.senders.get(name);
    if (sender === undefined) continue;
    const { failures, ...sends } = await senderPace(facts, sender, settings.timezone, moment.now);
    const gates = [...common, ...atBoth(moment, (now) => senderGates(sends, now))];
    if (gates.length === 0) return { open: true, sender, failures };
    const opensAt = openingOf(gates, moment.now);
    if (soonest === undefined || (opensAt ?? Infinity) < (soonest.opensAt ?? Infinity)) soonest = { gates, opensAt };
  }
  return { open: false, ...(soonest ?? { gates: common, opensAt: null }) };
}

/** The sender with the most left of today's cap first; without caps the one that sent least today. */
async function byRoom(facts: PaceFacts, names: readonly string[], { senders, timezone }: PaceSettings, now: number): Promise<string[]> {
  const rooms: { name: string; room: number; sent: number }[] = [];
  const { date } = localDay(timezone, now);
  for (const name of names) {
    const sent = await facts.sentOn(name, date);
    const sender = senders.get(name);
    const cap = sender === undefined ? null : (await capNow(facts, sender, timezone, now)).cap;
    rooms.push({ name, sent, room: (cap ?? Infinity) - sent });
  }
  return rooms.sort((a, b) => (a.room === b.room ? a.sent - b.sent : b.room - a.room)).map(({ name }) => name);
}

export async function jobPace(facts: PaceFacts, job: JobRow, { window, canary }: Pick<Campaign, 'window' | 'canary'>): Promise<JobPace> {
  const watched = canary !== null && job.canary_at !== null && job.canary_passed_at === null;
  return {
    mode: job.send_mode,
    rate: job.send_rate,
    importing: job.imported_at === null,
    paused: job.paused_at !== null ? (job.pause_reason ?? 'by hand') : job.cancelled_at === null ? null : 'by hand',
    scheduledFor: job.scheduled_for,
    nextSlotAt: job.next_slot_at,
    window: window?.ofRecipient === true ? null : window,
    canaryEndsAt: watched ? watchEndsAt(job, canary, await facts.mailsOut(job.id)) : null,
  };
}

function atBoth({ now, asOf }: Moment, gatesAt: (now: number) => ShutGate[]): ShutGate[] {
  const gates = gatesAt(now);
  return gates.length > 0 || asOf === undefined ? gates : gatesAt(asOf);
}

export async function senderPace(
  facts: PaceFacts,
  sender: SenderSettings,
  zone: string,
  now: number,
): Promise<SenderPace & { readonly failures: number }> {
  const state = await facts.senderNow(sender.name);
  const { cap, risesAt } = await capNow(facts, sender, zone, now);
  return {
    name: sender.name,
    gap: sender.gap,
    capFilledBy: cap === null ? null : await facts.capFilledBy(sender.name, cap, now),
    capRisesAt: risesAt,
    nextSendAt: state.next_send_at,
    restUntil: state.rest_until,
    stopped: state.stopped_at !== null,
    failures: state.failures,
  };
}

/** Today's cap, and when the next day raises it. */
export async function capNow(
  facts: PaceFacts,
  { name, dailyCap, warmUp }: SenderSettings,
  zone: string,
  now: number,
): Promise<{ cap: number | null; risesAt: number | null }> {
  if (warmUp === null) return { cap: dailyCap, risesAt: null };
  const today = localDay(zone, now);
  const days = await facts.activeDays(name, today.date);
  const cap = capToday(dailyCap, warmUp, days.earlier);
  const tomorrow = capToday(dailyCap, warmUp, days.earlier + (days.today ? 1 : 0));
  return { cap, risesAt: (tomorrow ?? 0) > (cap ?? 0) ? today.end : null };
}

export async function limitPace(facts: PaceFacts, limits: Limits, now: number): Promise<LimitPace> {
  const used = limits.emailsPerMonth === null ? 0 : await facts.usageIn(usagePeriod(now));
  return {
    hourFilledBy: limits.sendPerHour === null ? null : await facts.hourFilledBy(limits.sendPerHour, now),
    monthFull: limits.emailsPerMonth !== null && used >= limits.emailsPerMonth,
    monthEndsAt: periodEnd(now),
  };
}
