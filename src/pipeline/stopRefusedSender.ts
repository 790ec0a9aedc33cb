import { domainOf } from '../domain/address.ts';
import type { Delivery, DeliveryKind } from '../domain/delivery.ts';
import { skeletonOf } from '../domain/refusal.ts';
import { domainsOf, isSendersFault, type RefusedAlike, refusedOnceMore } from '../domain/refusedAlike.ts';
import { hasEvent, noteEvent } from '../store/events.ts';
import { findMessage, moveByHand } from '../store/messages.ts';
import { endRefusedAlike, keepRefusedAlike, refusedAlike } from '../store/refusedAlike.ts';
import type { Tx } from '../store/schema.ts';
import { senderNow, setSender } from '../store/senders.ts';
import { liftBounces } from '../store/suppressions.ts';
import type { ClaimedMail } from './claimMessage.ts';

/** Refusals of a mail, whoever is at fault. One before MAIL, a throttle or a lost connection says nothing of this kind. */
const REFUSALS: readonly DeliveryKind[] = ['recipient_refused', 'content_refused', 'sender_refused'];

/** Notes a refusal in the row of those that its sender met in the same words; an acceptance ends the row. Null for any other end. */
export async function noteRefusedAlike(tx: Tx, { sender, hold, mail }: ClaimedMail, delivery: Delivery): Promise<RefusedAlike | null> {
  if (delivery.kind === 'accepted') await endRefusedAlike(tx, sender);
  if (!REFUSALS.includes(delivery.kind) || delivery.beforeMail === true) return null;
  const refusal = { skeleton: skeletonOf(delivery.code, delivery.reply), message: hold.id, domain: domainOf(mail.envelope.to) };
  const row = refusedOnceMore(await refusedAlike(tx, sender), refusal);
  await keepRefusedAlike(tx, sender, row);
  return row;
}

/** Whether a policy may still concern this recipient alone: no server of another domain has said the same. */
export function isOfRecipientAlone(row: RefusedAlike | null, delivery: Delivery): boolean {
  return delivery.ofRecipientPerhaps === true && row !== null && domainsOf(row) < 2;
}

/**
 * Stops the sender when the row shows that it is at fault. The mails in the row go back to ready, each once, and nobody
 * stays suppressed for it. The row stays until a person resumes the sender, so mails that were on the wire meanwhile and
 * are refused alike go back too. Returns why, once; null when the row shows nothing, or the sender was stopped before.
 */
export async function stopRefusedSender(
  tx: Tx,
  sender: string,
  row: RefusedAlike | null,
  delivery: Delivery,
  now: number,
): Promise<string | null> {
  if (row === null || !isSendersFault(row, delivery.kind === 'recipient_refused')) return null;
  const count = row.refusals.length;
  const reason = `${count} mails in a row to ${domainsOf(row)} domains were refused alike, so it is not the recipients: ${delivery.reply}`;
  for (const { message } of row.refusals) await takeBack(tx, message, now);
  const { stopped_at } = await senderNow(tx, sender);
  if (stopped_at !== null) return null;
  await setSender(tx, sender, { stopped_at: now, reason });
  return reason;
}

async function takeBack(tx: Tx, id: number, now: number): Promise<void> {
  const lifted = await liftBounces(tx, `message ${id}`);
  const row = await findMessage(tx, id);
  if (row?.state !== 'failed' || (await hasEvent(tx, id, 'taken back'))) return;
  await moveByHand(tx, [id], ['failed'], 'ready', { now, reason: null, dueAt: now, tries: 0 });
  const detail = `its sender was refused, not the recipient${lifted > 0 ? '; the suppression is lifted' : ''}`;
  await noteEvent(tx, id, 'taken back', now, detail);
}
