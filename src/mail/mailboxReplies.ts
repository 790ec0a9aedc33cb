import type { Delivery } from '../domain/delivery.ts';
import { HOUR } from '../domain/duration.ts';
import { accepted, ambiguous, byStatus, doubtOf, type HttpReply, isJson, LONGEST_REST, restAsked } from './httpReplies.ts';
import { jsonOf } from './jsonBody.ts';
import { shortReply } from './replies.ts';

/** A mailbox's limit for a day counts any 24 hours: some room comes back within these, and nobody says how much. */
const DAILY_REST = 4 * HOUR;

/**
 * Gmail, users.messages.send: 200 with the message's id; errors are `{ error: { message, errors: [{ reason }] } }`, and limits are told
 * as 403 and as 429 (developers.google.com/workspace/gmail/api/guides/handle-errors). Its 200 says that the message is in Sent.
 */
export function readGmail(reply: HttpReply): Delivery {
  const { status, body } = reply;
  const { id } = jsonOf(body);
  const { reasons, message } = googleError(body);
  const text = shortReply(`${status} ${[reasons[0], message].filter((part) => part !== undefined).join(': ') || asText(id) || body}`);
  const doubt = doubtOf(reply);
  if (doubt !== undefined) return ambiguous(reply, `${text} (${doubt})`);
  if (status >= 200 && status < 300) return accepted(reply, status === 200 && asText(id) !== undefined && isJson(reply), text);
  const limit = reasons.find((reason) => GMAIL_LIMITS.has(reason));
  if ((status === 403 && limit !== undefined) || status === 429) {
    const mostly = /\bmail sending\b/i.test(message ?? '') ? DAILY_REST : GMAIL_LIMITS.get(limit ?? '');
    return throttled(reply, text, restAsked(reply) ?? timeIn(message ?? '', reply.now) ?? mostly ?? undefined);
  }
  // "Mail service not enabled": this account has no Gmail, whatever the mail is.
  if (status === 400 && reasons.includes('failedPrecondition'))
    return { kind: 'sender_refused', code: status, reply: text, stopsSender: true };
  return byStatus(reply, text);
}

/** How long a limit lasts where the answer does not say it, in ms; null: a moment, so the sender's usual rest. */
const GMAIL_LIMITS: ReadonlyMap<string, number | null> = new Map([
  ['dailyLimitExceeded', DAILY_REST],
  ['quotaExceeded', HOUR],
  ['userRateLimitExceeded', null],
  ['rateLimitExceeded', null],
  ['concurrentLimitExceeded', null],
  // As Google's newer APIs say it (cloud.google.com/apis/design/errors).
  ['RATE_LIMIT_EXCEEDED', null],
  ['RESOURCE_EXHAUSTED', null],
]);

/**
 * Microsoft Graph, sendMail: 202 with nothing; errors are `{ error: { code, message } }`
 * (learn.microsoft.com/graph/api/user-sendmail, learn.microsoft.com/graph/errors). Any other 2xx is no acceptance: mails that were
 * too large have been answered with 200 and not sent (github.com/microsoftgraph/microsoft-graph-docs/issues/13979).
 */
export function readGraph(reply: HttpReply): Delivery {
  const { status, body } = reply;
  const { code, message } = graphError(body);
  const text = shortReply(`${status} ${[code, message].filter((part) => part !== undefined).join(': ') || body}`);
  const doubt = doubtOf(reply);
  if (doubt !== undefined) return ambiguous(reply, `${text} (${doubt})`);
  if (status >= 200 && status < 300) return accepted(reply, status === 202 && (body === '' || isJson(reply)), text);
  // What another status leaves open its words do not settle.
  if (![400, 403, 404, 429].includes(status)) return byStatus(reply, text);
  const told = { code: status, reply: text };
  switch (code) {
    case 'ErrorExceededMessageLimit':
    case 'ErrorExceededMaxRecipientLimit':
      return throttled(reply, text, restAsked(reply) ?? DAILY_REST);
    case 'ErrorExceededHourlyMessageLimit':
      return throttled(reply, text, restAsked(reply) ?? HOUR);
    // Concurrent requests to one mailbox, or too many in ten minutes.
    case 'ApplicationThrottled':
    case 'TooManyRequests':
      return throttled(reply, text, restAsked(reply));
    // From is not of this mailbox; the account is held until its owner has verified it; the mailbox is full.
    case 'ErrorSendAsDenied':
    case 'ErrorMessageSubmissionBlocked':
    case 'ErrorAccountSuspend':
    case 'ErrorQuotaExceeded':
    // It is no mailbox of Exchange Online, whatever the mail is.
    case 'MailboxNotEnabledForRESTAPI':
      return { kind: 'sender_refused', ...told, stopsSender: true };
    case 'ErrorInvalidRecipients':
      return { kind: NOT_RESOLVED.test(message ?? '') ? 'recipient_refused' : 'content_refused', ...told };
    default:
      return byStatus(reply, text);
  }
}

/** It names the one address that there is. "At least one recipient is not valid" alone is also said of a mail in which it found none. */
const NOT_RESOLVED = /\bRecipient '[^']{1,400}' is not resolved\b/;

function throttled({ status }: HttpReply, reply: string, restMs: number | undefined): Delivery {
  return { kind: 'throttled', code: status, reply, ...(restMs === undefined ? {} : { restMs }) };
}

/** "User-rate limit exceeded.  Retry after 2026-12-01T10:00:00.000Z": Gmail sends no Retry-After beside it. */
function timeIn(message: string, now: number): number | undefined {
  const [, time] = /\bRetry after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)/i.exec(message) ?? [];
  const ms = Date.parse(time ?? '') - now;
  return ms > 0 ? Math.min(LONGEST_REST, ms) : undefined;
}

/** Google's reasons for a refusal, the old form (`errors`) and the new one (`details`), and its sentence. */
export function googleError(body: string): { readonly reasons: readonly string[]; readonly message: string | undefined } {
  const { message, errors, details, status } = inside(body);
  const reasons = [errors, details].flatMap((list) =>
    (Array.isArray(list) ? (list as unknown[]) : []).map((entry) => fieldOf(entry, 'reason')),
  );
  return { reasons: [...reasons, asText(status)].filter((reason) => reason !== undefined), message: asText(message) };
}

export function graphError(body: string): { readonly code: string | undefined; readonly message: string | undefined } {
  const { code, message } = inside(body);
  return { code: asText(code), message: asText(message) };
}

function inside(body: string): Record<string, unknown> {
  const { error } = jsonOf(body);
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
}

function fieldOf(entry: unknown, name: string): string | undefined {
  return typeof entry === 'object' && entry !== null ? asText((entry as Record<string, unknown>)[name]) : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
