import type { LeadFields } from '../domain/lead.ts';
import { capFilledBy, domainFilledBy, domainTriedAt, hourFilledBy } from '../store/attempts.ts';
import { mailsOut } from '../store/jobs.ts';
import { prospectById } from '../store/prospects.ts';
import type { Db } from '../store/schema.ts';
import { activeDays, sentOn } from '../store/senderDays.ts';
import { senderNow } from '../store/senders.ts';
import { usageIn } from '../store/usage.ts';

/**
 * What gates are decided from. It stands in the database; a forecast keeps its own in memory, so that
 * the very same gates answer it. Times are epoch milliseconds, days ISO dates.
 */
export interface PaceFacts {
  senderNow(name: string): Promise<SenderState>;
  activeDays(sender: string, today: string): Promise<{ readonly earlier: number; readonly today: boolean }>;
  /** Mails tried on this day. */
  sentOn(sender: string, day: string): Promise<number>;
  /** When the attempt was made that fills the cap or limit; null while there is room. */
  capFilledBy(sender: string, cap: number, now: number): Promise<number | null>;
  hourFilledBy(limit: number, now: number): Promise<number | null>;
  domainFilledBy(domain: string, cap: number, now: number): Promise<number | null>;
  domainTriedAt(domain: string, now: number): Promise<number | null>;
  usageIn(period: string): Promise<number>;
  /** Mails of a job that left, are leaving or could not be delivered. */
  mailsOut(jobId: number): Promise<number>;
  /** What a lead says of its time zone. */
  zoneOf(prospectId: number): Promise<string | undefined>;
}

export interface SenderState {
  readonly next_send_at: number;
  readonly rest_until: number;
  readonly failures: number;
  readonly stopped_at: number | null;
}

export function factsIn(db: Db): PaceFacts {
  return {
    senderNow: (name) => senderNow(db, name),
    activeDays: (sender, today) => activeDays(db, sender, today),
    sentOn: (sender, day) => sentOn(db, sender, day),
    capFilledBy: (sender, cap, now) => capFilledBy(db, sender, cap, now),
    hourFilledBy: (limit, now) => hourFilledBy(db, limit, now),
    domainFilledBy: (domain, cap, now) => domainFilledBy(db, domain, cap, now),
    domainTriedAt: (domain, now) => domainTriedAt(db, domain, now),
    usageIn: (period) => usageIn(db, period),
    mailsOut: (jobId) => mailsOut(db, jobId),
    zoneOf: async (prospectId) => (JSON.parse((await prospectById(db, prospectId)).fields) as LeadFields).timezone,
  };
}
