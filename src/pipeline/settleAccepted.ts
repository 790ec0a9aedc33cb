import { usagePeriod } from '../domain/usage.ts';
import { hasAcceptance } from '../store/attempts.ts';
import { noteEvent } from '../store/events.ts';
import { moveByHand } from '../store/messages.ts';
import type { Tx } from '../store/schema.ts';
import { takeUsage } from '../store/usage.ts';

/**
 * A server's acceptance of any try stands above what a later try came to and above every verdict: the message is accepted,
 * though a person had it sent again before that was known. A try on its way settles this at its own end. Returns whether it did.
 */
export async function settleAccepted(tx: Tx, id: number, now: number): Promise<boolean> {
  if (!(await hasAcceptance(tx, id))) return false;
  const moved = await moveByHand(tx, [id], ['ready', 'uncertain', 'failed'], 'accepted', { now, reason: null });
  if (moved.length === 0) return false;
  await takeUsage(tx, id, usagePeriod(now), now);
  await noteEvent(tx, id, 'late reply', now, 'an earlier try was accepted');
  return true;
}
