import type { Delivery, DeliveryKind } from '../domain/delivery.ts';
import { oneLine } from '../domain/text.ts';

/** Where in the conversation a reply came. `dot` is the final one, after the mail's last line. */
export type SmtpPhase = 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'dot';

/**
 * What a complete SMTP reply means (RFC 5321 §4.2, enhanced codes RFC 3463). The phase matters as
 * much as the code: before MAIL nothing is known of the message; at RCPT a 550 speaks of the address.
 */
export function readReply(phase: SmtpPhase, code: number, text: string): Delivery {
  const kind = kindOf(phase, code, text);
  const beforeMail = BEFORE_MAIL.includes(phase) && kind !== 'content_refused';
  return { kind, code, reply: shortReply(text), ...(beforeMail ? { beforeMail } : {}) };
}

export function shortReply(text: string): string {
  return oneLine(text).slice(0, 500);
}

const BEFORE_MAIL: readonly SmtpPhase[] = ['connect', 'auth', 'mail'];

const POLICY_WORDS =
  /\b(relay|relaying|spam|spammer|block|blocked|blacklist|blocklist|banned|policy|reputation|spf|dkim|dmarc|authentica\w*)\b/i;

function kindOf(phase: SmtpPhase, code: number, text: string): DeliveryKind {
  if (code >= 400 && code < 500) return BEFORE_MAIL.includes(phase) ? 'sender_failed' : 'temporary';
  if (code < 500 || code > 599) return phase === 'dot' ? 'ambiguous' : 'temporary';
  const enhanced = /\b5\.(\d{1,3})\.(\d{1,3})\b/.exec(text);
  const subject = Number(enhanced?.[1] ?? 0);
  const detail = Number(enhanced?.[2] ?? 0);
  if (phase === 'connect') return 'sender_failed';
  // 5.7: security or policy, RFC 3463 §3.8. It speaks of who sends, so other mails would meet it too.
  if (phase === 'auth' || code === 530 || code === 535 || subject === 7) return 'sender_refused';
  // Bad sequence or syntax (500–504) means the conversation went wrong, not the mail.
  if (code < 510) return phase === 'mail' ? 'sender_failed' : 'temporary';
  // 5.3.4 and a bare 552: too big for the system, RFC 3463 §3.4.
  if (subject === 3 && detail === 4) return 'content_refused';
  if (phase === 'mail') return code === 552 ? 'content_refused' : 'sender_refused';
  if (subject === 1 && detail !== 7 && detail !== 8) return 'recipient_refused';
  if (subject === 2) return detail === 2 ? 'temporary' : detail === 3 ? 'content_refused' : 'recipient_refused';
  if (phase === 'rcpt' && enhanced === null && [550, 551, 553].includes(code)) {
    return POLICY_WORDS.test(text) ? 'sender_refused' : 'recipient_refused';
  }
  return 'content_refused';
}
