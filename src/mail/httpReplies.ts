import type { Delivery } from '../domain/delivery.ts';
import { DAY, HOUR } from '../domain/duration.ts';
import { jsonOf } from './jsonBody.ts';
import { shortReply } from './replies.ts';

/** A provider's answer, as far as it came. Header names are in lower case. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The answer came to its end; a cut one is not. */
  readonly complete: boolean;
  readonly now: number;
}

/** The most that a provider's Retry-After is obeyed for one rest. */
const LONGEST_REST = DAY;

/**
 * SendGrid, POST /v3/mail/send: 202 with an empty body is an accepted mail
 * (twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors).
 */
export function readSendgrid(reply: HttpReply): Delivery {
  const { status, body } = reply;
  const messages = errorTexts(body);
  const text = shortReply(`${status} ${messages.join('; ') || body || one(reply, 'x-message-id') || ''}`);
  // 200 is how its sandbox takes a mail that it does not send, or somebody in between.
  if (status >= 200 && status < 300) return accepted(reply, reply.complete && status === 202, text);
  // The field tells an address that is none from a mail that is wrong.
  if (status === 400 && /"field"\s*:\s*"personalizations\.\d+\.to\b/.test(body))
    return { kind: 'recipient_refused', code: status, reply: text };
  // "Maximum credits exceeded": the plan's quota, told as 401.
  if (status === 401 && /credits exceeded/i.test(body)) return { kind: 'throttled', code: status, reply: text, restMs: HOUR };
  // 403: the sender identity is not verified, or a block that passes after repeated bad requests.
  if (status === 403 && /temporar/i.test(body)) return { kind: 'sender_refused', code: status, reply: text };
  return byStatus(reply, text);
}

/**
 * Resend, POST /emails: 200 with the mail's id; errors are `{ statusCode, name, message }`
 * (resend.com/docs/api-reference/errors). Replays under one Idempotency-Key are safe for 24 h.
 */
export function readResend(reply: HttpReply): Delivery {
  const { status, body } = reply;
  const { name, message, id } = fieldsOf(body);
  const text = shortReply(`${status} ${[name, message, id].filter((part) => part !== undefined).join(': ') || body}`);
  if (status >= 200 && status < 300) return accepted(reply, reply.complete && id !== undefined, text);
  switch (name) {
    // Another request with this key runs, or ran with other bytes: one of them may have been accepted.
    case 'concurrent_idempotent_requests':
    case 'invalid_idempotent_request':
      return { kind: 'ambiguous', code: status, reply: text };
    case 'daily_quota_exceeded':
    case 'monthly_quota_exceeded':
      return { kind: 'throttled', code: status, reply: text, restMs: restAsked(reply) ?? HOUR };
    case 'validation_error':
    case 'invalid_parameter':
      if (/`to`|\bto\b field|recipient/i.test(message ?? '') && status !== 403)
        return { kind: 'recipient_refused', code: status, reply: text };
      return byStatus(reply, text);
    default:
      return byStatus(reply, text);
  }
}

function accepted({ status }: HttpReply, readable: boolean, text: string): Delivery {
  return {
    kind: readable ? 'accepted' : 'ambiguous',
    code: status,
    reply: readable ? text : `${text} (the answer was cut or could not be read)`,
  };
}

/** What a status means where the provider's words say nothing more (RFC 9110 §15). */
function byStatus(reply: HttpReply, text: string): Delivery {
  const { status } = reply;
  const told = { code: status, reply: text };
  switch (status) {
    case 401:
    case 402:
    case 403:
    // 404, 405, 451 and redirects: this address, method or region is not where mails are taken.
    case 404:
    case 405:
    case 451:
      return { kind: 'sender_refused', ...told, stopsSender: true };
    case 429: {
      const restMs = restAsked(reply);
      return { kind: 'throttled', ...told, ...(restMs === undefined ? {} : { restMs }) };
    }
    // The gateway waited for the rest of a request: nobody can know what it passed on.
    case 408:
    // A conflict with another request for the same mail.
    case 409:
      return { kind: 'ambiguous', ...told };
    case 425:
      return { kind: 'temporary', ...told };
    default:
      if (status >= 300 && status < 400) return { kind: 'sender_refused', ...told, stopsSender: true };
      // 400, 413, 422 and kin: this mail is refused. From 500 on the mail may have been accepted before it went wrong.
      return { kind: status >= 400 && status < 500 ? 'content_refused' : 'ambiguous', ...told };
  }
}

/** Retry-After (RFC 9110 §10.2.3), else the provider's own reset: seconds (`ratelimit-reset`) or an epoch (`x-ratelimit-reset`). */
function restAsked(reply: HttpReply): number | undefined {
  const asked = one(reply, 'retry-after');
  const ms =
    asked !== undefined
      ? /^\d+(\.\d+)?$/.test(asked)
        ? Number(asked) * 1_000
        : Date.parse(asked) - reply.now
      : fromReset(one(reply, 'ratelimit-reset') ?? one(reply, 'x-ratelimit-reset'), reply.now);
  return ms === undefined || !Number.isFinite(ms) || ms <= 0 ? undefined : Math.min(LONGEST_REST, Math.ceil(ms));
}

function fromReset(value: string | undefined, now: number): number | undefined {
  const seconds = Number(value);
  if (value === undefined || !Number.isFinite(seconds)) return undefined;
  return seconds > 1_000_000_000 ? seconds * 1_000 - now : seconds * 1_000;
}

function one({ headers }: HttpReply, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value)?.trim() || undefined;
}

function errorTexts(body: string): string[] {
  const { errors } = jsonOf(body);
  if (!Array.isArray(errors)) return [];
  return errors.flatMap((error: unknown) => {
    const message = (error as { message?: unknown } | null)?.message;
    return typeof message === 'string' ? [message] : [];
  });
}

function fieldsOf(body: string): { name: string | undefined; message: string | undefined; id: string | undefined } {
  const { name, message, id } = jsonOf(body);
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  return { name: text(name), message: text(message), id: text(id) };
}
