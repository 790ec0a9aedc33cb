import type { Delivery } from '../domain/delivery.ts';
import { redact } from '../domain/redact.ts';
import { type Envelope, kindOf, readRefusal } from '../domain/refusal.ts';
import type { SmtpPhase } from '../domain/refusalRules.ts';
import { oneLine } from '../domain/text.ts';

const BEFORE_MAIL: readonly SmtpPhase[] = ['connect', 'auth', 'mail'];

/**
 * What a complete SMTP reply means (RFC 5321 §4.2, enhanced codes RFC 3463). The phase matters as
 * much as the code: before MAIL nothing is known of the message; at RCPT a 550 speaks of the address,
 * unless the only one it names is the sender's.
 */
export function readReply(phase: SmtpPhase, code: number, text: string, envelope?: Envelope): Delivery {
  const reply = shortReply(text);
  // Neither an acceptance nor a refusal is what was asked for.
  if (code < 400 || code > 599) return { kind: phase === 'dot' ? 'ambiguous' : 'temporary', code, reply };
  const refusal = readRefusal(phase, code, text, envelope);
  const kind = kindOf(refusal);
  return {
    kind,
    code,
    reply: advised(reply, refusal.rule.advice),
    ...(BEFORE_MAIL.includes(phase) && kind !== 'content_refused' ? { beforeMail: true } : {}),
    ...(refusal.means === 'sender, stopped' ? { stopsSender: true } : {}),
    ...(refusal.means === 'policy' ? { ofRecipientPerhaps: true } : {}),
    ...(refusal.restMs === undefined ? {} : { restMs: refusal.restMs }),
  };
}

/** Behind a reply which was shortened already, so that what mends it is not cut off. */
function advised(reply: string, advice: string | undefined): string {
  return advice === undefined ? reply : `${reply} (${advice})`;
}

/** A server's words, for the log and the database: one line, and no secret that it may have echoed. */
export function shortReply(text: string): string {
  return redact(oneLine(text)).slice(0, 500);
}
