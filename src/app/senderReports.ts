import { asApplication, authOf, type GrantKind } from '../config/senderAuth.ts';
import { judgeSender } from '../domain/senderHealth.ts';
import { capNow } from '../pipeline/gates.ts';
import { factsIn } from '../pipeline/paceFacts.ts';
import { firstDay } from '../pipeline/watchSender.ts';
import { attemptsInDay } from '../store/attempts.ts';
import { recordSince } from '../store/senderDays.ts';
import { senderNow } from '../store/senders.ts';
import type { App } from './app.ts';

/** How a sender is; times are ISO 8601 UTC. The fields are part of the program's contract. */
export interface SenderReport {
  readonly name: string;
  readonly type: string;
  readonly from: string;
  /** How it logs in to its mailbox; null without a login, and with an API key. */
  readonly auth: 'oauth' | 'password' | null;
  /** Who allowed it, where it logs in with a token; else null. */
  readonly grant: GrantKind | null;
  readonly sent_24h: number;
  readonly daily_cap: number | null;
  /** What warm-up lets out today; the daily cap without one. */
  readonly cap_today: number | null;
  readonly next_send_at: string | null;
  readonly rest_until: string | null;
  /** Since when it waits for `outreach senders resume`; null while it may send. */
  readonly stopped_at: string | null;
  /** Why it rests or was stopped. */
  readonly reason: string | null;
  /** Bounces or complaints that come near to stopping it. */
  readonly warning: string | null;
}

/** `sentInDay`: whoever keeps count already need not have it counted again. */
export function senderReports(app: App, now: number, sentInDay?: (name: string) => number): Promise<SenderReport[]> {
  return Promise.all(app.config.senders.map(({ name }) => senderReport(app, name, now, sentInDay?.(name))));
}

async function senderReport(app: App, name: string, now: number, sent: number | undefined): Promise<SenderReport> {
  const { db } = await app.openStore();
  const sender = app.config.senders.find((candidate) => candidate.name === name);
  const row = await senderNow(db, name);
  const settings = app.pace.senders.get(name);
  const auth = sender === undefined ? null : (authOf(sender) ?? null);
  return {
    name,
    type: sender?.type ?? '',
    from: sender?.from ?? '',
    auth,
    grant: sender === undefined || auth !== 'oauth' ? null : asApplication(sender) ? 'application' : 'person',
    sent_24h: sent ?? (await attemptsInDay(db, name, now)),
    daily_cap: settings?.dailyCap ?? null,
    cap_today: settings === undefined ? null : (await capNow(factsIn(db), settings, app.pace.timezone, now)).cap,
    next_send_at: row.next_send_at > now ? iso(row.next_send_at) : null,
    rest_until: row.rest_until > now ? iso(row.rest_until) : null,
    stopped_at: row.stopped_at === null ? null : iso(row.stopped_at),
    reason: row.rest_until > now || row.stopped_at !== null ? row.reason : null,
    warning: row.stopped_at === null ? judgeSender(await recordSince(db, name, firstDay(now))).reason : null,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
