import type { Delivery, DeliveryKind } from '../domain/delivery.ts';
import { HOUR } from '../domain/duration.ts';
import { redact } from '../domain/redact.ts';
import { oneLine } from '../domain/text.ts';

/** Where in the conversation a reply came. `dot` is the final one, after the mail's last line. */
export type SmtpPhase = 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'dot';

/**
 * What a complete SMTP reply means (RFC 5321 §4.2, enhanced codes RFC 3463). The phase matters as
 * much as the code: before MAIL nothing is known of the message; at RCPT a 550 speaks of the address.
 */
export function readReply(phase: SmtpPhase, code: number, text: string): Delivery {
  const rule = RULES.find((candidate) => fits(candidate, phase, code, text));
  const kind = rule?.kind ?? byClass(phase, code, text);
  const beforeMail = BEFORE_MAIL.includes(phase) && kind !== 'content_refused';
  return {
    kind,
    code,
    reply: shortReply(text),
    ...(beforeMail ? { beforeMail } : {}),
    ...(rule?.stops === true ? { stopsSender: true } : {}),
    ...(rule?.restMs === undefined ? {} : { restMs: rule.restMs }),
  };
}

/** A server's words, for the log and the database: one line, and no secret that it may have echoed. */
export function shortReply(text: string): string {
  return redact(oneLine(text)).slice(0, 500);
}

interface Rule {
  readonly kind: DeliveryKind;
  readonly codes?: readonly number[];
  /** Enhanced status codes, or the words that a provider is known by. */
  readonly text?: RegExp;
  readonly phases?: readonly SmtpPhase[];
  /** Only a person can mend it. */
  readonly stops?: boolean;
  readonly restMs?: number;
}

const BEFORE_MAIL: readonly SmtpPhase[] = ['connect', 'auth', 'mail'];
const PERMANENT = [500, 501, 502, 503, 504, 550, 551, 552, 553, 554, 556];

/**
 * What providers say in codes that RFC 5321 alone would misread; the first rule that fits decides.
 * Sources: Google, "Gmail SMTP errors and codes" (support.google.com/a/answer/3726730); Microsoft,
 * "Email non-delivery reports in Exchange Online"; Yahoo Sender Hub, "SMTP error codes"; RFC 4954 §6.
 */
const RULES: readonly Rule[] = [
  // Wrong password, or a kind of login that the server does not take: trying on locks accounts (RFC 4954 §6).
  { phases: ['auth'], codes: [530, 534, 535, 538, 550, 553, 554], kind: 'sender_refused', stops: true },
  { codes: [530, 534, 535], kind: 'sender_refused', stops: true },
  // Microsoft: 5.1.8 bad outbound sender; 5.7.501–503, 5.7.708 and 5.7.750 account or tenant blocked.
  { codes: PERMANENT, text: /\b5\.(?:1\.8|7\.(?:50[1-3]|708|750))\b/, kind: 'sender_refused', stops: true },
  // One mailbox that gets too much (Gmail 450 4.2.1) speaks of the recipient, not of us.
  { codes: [450, 451, 452], text: /\b4\.2\.\d+\b/, kind: 'temporary', phases: ['rcpt', 'data', 'dot'] },
  // A day's allowance used up: Gmail 550 5.4.5, Microsoft's submission quota. Not a bounce, whatever the code says.
  {
    text: /\b5\.4\.5\b|daily (?:user )?sending (?:quota|limit)|SubmissionQuotaExceeded|(?:hourly|daily|monthly) (?:sending |message )?(?:quota|limit)/i,
    kind: 'throttled',
    restMs: HOUR,
  },
  // Too fast: Gmail 4.7.28 and "unusual rate", Microsoft 432 4.3.2 and 451 4.7.5xx–6xx, Yahoo TSS04.
  {
    codes: [421, 450, 451, 452, 454],
    text: /\b4\.7\.(?:28|[56]\d\d)\b|\[TSS?\d+\]|\bTSS?0\d\b|rate|too (?:many|fast|much)|throttl|slow down|limit exceeded|exceeded .*limit/i,
    kind: 'throttled',
    phases: ['mail', 'rcpt', 'data', 'dot'],
  },
  { codes: [432], kind: 'throttled', phases: ['mail', 'rcpt', 'data', 'dot'] },
  // Gmail 552 5.7.0: a blocked attachment, so the content and not the sender.
  { codes: [552], text: /\b5\.7\.0\b/, kind: 'content_refused' },
];

function fits({ codes, text, phases }: Rule, phase: SmtpPhase, code: number, reply: string): boolean {
  return (codes?.includes(code) ?? code >= 400) && (text?.test(reply) ?? true) && (phases?.includes(phase) ?? true);
}

const POLICY_WORDS =
  /\b(relay|relaying|spam|spammer|block|blocked|blacklist|blocklist|banned|policy|reputation|spf|dkim|dmarc|authentica\w*)\b/i;

/** Exim's "Sender verify failed", "sender rejected", "Access denied": said to RCPT, and of who sends. */
const SENDER_WORDS = /\b(?:sender|helo|ehlo|callout|access denied|not permitted to send)\b/i;

function byClass(phase: SmtpPhase, code: number, text: string): DeliveryKind {
  if (code >= 400 && code < 500) return BEFORE_MAIL.includes(phase) ? 'sender_failed' : 'temporary';
  if (code < 500 || code > 599) return phase === 'dot' ? 'ambiguous' : 'temporary';
  const enhanced = /\b5\.(\d{1,3})\.(\d{1,3})\b/.exec(text);
  const subject = Number(enhanced?.[1] ?? 0);
  const detail = Number(enhanced?.[2] ?? 0);
  if (phase === 'connect') return 'sender_failed';
  // 5.7: security or policy, RFC 3463 §3.8 (Gmail 5.7.26, Microsoft 5.7.515: unauthenticated). It speaks of who sends, so other mails would meet it too.
  if (phase === 'auth' || subject === 7) return 'sender_refused';
  // Bad sequence or syntax (500–504) means the conversation went wrong, not the mail.
  if (code < 510) return phase === 'mail' ? 'sender_failed' : 'temporary';
  // 5.3.4 and a bare 552: too big for the system, RFC 3463 §3.4.
  if (subject === 3 && detail === 4) return 'content_refused';
  if (phase === 'mail') return code === 552 ? 'content_refused' : 'sender_refused';
  // 5.1.7 and 5.1.8 speak of the sender's address, and 5.1.0 of either.
  if (subject === 1 && (detail === 7 || detail === 8 || (detail === 0 && SENDER_WORDS.test(text)))) return 'sender_refused';
  if (subject === 1) return 'recipient_refused';
  // 5.2.2: the mailbox is full, which passes; 5.2.3: the mail is too long for it.
  if (subject === 2) return detail === 2 ? 'temporary' : detail === 3 ? 'content_refused' : 'recipient_refused';
  if (phase === 'rcpt' && enhanced === null && [550, 551, 553].includes(code)) {
    return POLICY_WORDS.test(text) || SENDER_WORDS.test(text) ? 'sender_refused' : 'recipient_refused';
  }
  return 'content_refused';
}
