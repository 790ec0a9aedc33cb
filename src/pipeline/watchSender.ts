import { DAY } from '../domain/duration.ts';
import { judgeSender, MOST_UNCERTAIN_IN_ROW } from '../domain/senderHealth.ts';
import type { Tx } from '../store/schema.ts';
import { countAgainst, recordSince } from '../store/senderDays.ts';
import { senderNow, setSender } from '../store/senders.ts';

const DAYS = 7;

/** One attempt of a sender, as far as its record counts it. */
interface CountedAttempt {
  readonly sender: string;
  readonly started_at: number;
  /** The sender's local date at its start. */
  readonly day: string;
}

/**
 * A mail came back for good, or its reader complained: too many of these stop the sender until a
 * person resumes it. Returns what there is to say of it, if anything.
 */
export async function noteAgainst(tx: Tx, attempt: CountedAttempt, what: 'bounced' | 'complained', now: number): Promise<string | null> {
  await countAgainst(tx, attempt.sender, attempt.day, what);
  const { verdict, reason } = judgeSender(await recordSince(tx, attempt.sender, firstDay(now)));
  if (verdict === 'stop') await stop(tx, attempt.sender, reason ?? what, now);
  return reason;
}

/** A conversation ended without a reply after the arm. So many in a row mean that something swallows mail: no more is risked. */
export async function noteSilence(tx: Tx, sender: string, now: number): Promise<string | null> {
  const uncertain_in_row = (await senderNow(tx, sender)).uncertain_in_row + 1;
  await setSender(tx, sender, { uncertain_in_row });
  if (uncertain_in_row < MOST_UNCERTAIN_IN_ROW) return null;
  const reason = `${uncertain_in_row} mails in a row ended without a reply, and may or may not have been accepted`;
  await stop(tx, sender, reason, now);
  return reason;
}

/** The first of the days that are watched: calendar days, so that a week's figures are seven rows. */
export function firstDay(now: number): string {
  return new Date(now - (DAYS - 1) * DAY).toISOString().slice(0, 10);
}

async function stop(tx: Tx, sender: string, reason: string, now: number): Promise<void> {
  const { stopped_at } = await senderNow(tx, sender);
  if (stopped_at === null) await setSender(tx, sender, { stopped_at: now, reason });
}
