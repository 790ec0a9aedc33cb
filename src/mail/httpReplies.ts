import type { Delivery } from '../domain/delivery.ts';
import { DAY, HOUR } from '../domain/duration.ts';
import { saysAddressIsInvalid } from '../domain/invalidAddress.ts';
import { jsonOf } from './jsonBody.ts';
import { shortReply } from './replies.ts';

/** A provider's answer, as far as it came. Header names are in lower case. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The answer came to its end, and nothing came with it that is not of it. */
  readonly complete: boolean;
  /** Its first byte was there before the system had the request's last byte. */
  readonly early: boolean;
  /** The provider's clock, or ours. */
  readonly now: number;
}

/** The most that a provider's Retry-After is obeyed for one rest. */
export const LONGEST_REST = DAY;

/**
 * SendGrid, POST /v3/mail/send: 202 with an empty body is an accepted mail
 * (twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors).
 */
export function readSendgrid(reply: HttpReply): Delivery {
  const { status, body } = reply;
  const errors = errorsOf(body);
  const messages = errors.map(({ message }) => message);
  const text = shortReply(`${status} ${messages.join('; ') || body || one(reply, 'x-message-id') || ''}`);
  const doubt = doubtOf(reply);
  if (doubt !== undefined) return ambiguous(reply, `${text} (${doubt})`);
  // 200 is how its sandbox takes a mail that it does not send, or somebody in between.
  if (status >= 200 && status < 300) return accepted(reply, status === 202 && (body === '' || isJson(reply)), text);
  // Field and words together tell an address that is none from a mail or a request that is wrong.
  if (status === 400 && errors.some(({ field, message }) => RECIPIENT.test(field) && saysAddressIsInvalid(message)))
    return { kind: 'recipient_refused', code: status, reply: text };
  // "Maximum credits exceeded": the plan's quota, told as 401.
  if (status === 401 && /credits exceeded/i.test(body)) return { kind: 'throttled', code: status, reply: text, restMs: HOUR };
  // 403: the sender identity is not verified, or a block that passes after repeated bad requests.
  if (status === 403 && /temporar/i.test(body)) return { kind: 'sender_refused', code: status, reply: text };
  return byStatus(reply, text);
}

/** `personalizations.0.to`, `personalizations.0.to.0.email`; not `…to_name` nor `…cc`. */
const RECIPIENT = /^personalizations(?:\.\d+|\[\d+\])?\.to(?![\w-])/;

/**
 * Resend, POST /emails: 200 with the mail's id; errors are `{ statusCode, name, message }`
 * (resend.com/docs/api-reference/errors). Replays under one Idempotency-Key are safe for 24 h.
 */
export function readResend(reply: HttpReply): Delivery {
  const { status, body } = reply;
  const { name, message, id } = fieldsOf(body);
  const text = shortReply(`${status} ${[name, message, id].filter((part) => part !== undefined).join(': ') || body}`);
  const doubt = doubtOf(reply);
  if (doubt !== undefined) return ambiguous(reply, `${text} (${doubt})`);
  if (status >= 200 && status < 300) return accepted(reply, id !== undefined && isJson(reply), text);
  // Its words say more than the status where that is a refusal, and change nothing of what another status leaves open.
  switch (status >= 400 && status < 500 ? name : undefined) {
    // Another request with this key runs, or ran with other bytes: one of them may have been accepted.
    case 'concurrent_idempotent_requests':
    case 'invalid_idempotent_request':
      return { kind: 'ambiguous', code: status, reply: text };
    case 'daily_quota_exceeded':
    case 'monthly_quota_exceeded':
      return { kind: 'throttled', code: status, reply: text, restMs: restAsked(reply) ?? HOUR };
    case 'validation_error':
    case 'invalid_parameter':
      if ((status === 400 || status === 422) && NAMES_TO.test(message ?? '') && saysAddressIsInvalid(message ?? ''))
        return { kind: 'recipient_refused', code: status, reply: text };
      return byStatus(reply, text);
    default:
      return byStatus(reply, text);
  }
}

const NAMES_TO = /[`'"]to[`'"]|(?<![\w-])to (?:field|parameter|address)\b/i;

/**
 * What keeps an answer from being one, whatever it says. The system had not even taken the whole request when an early
 * 2xx was on its way: who said so has not read the mail. An early refusal is one: nobody need read what they refuse (RFC 9110 §10.1.1, §15.5).
 */
export function doubtOf({ status, complete, early }: HttpReply): string | undefined {
  if (!complete) return 'the answer was cut, or came with another one';
  if (early && status >= 200 && status < 300) return 'the answer came before the whole request was written';
  return undefined;
}

/** Whatever an answer says that is none. */
export function ambiguous({ status }: HttpReply, reply: string): Delivery {
  return { kind: 'ambiguous', code: status, reply };
}

/** `readable`: it has the form that the provider gives to an acceptance. */
export function accepted(reply: HttpReply, readable: boolean, text: string): Delivery {
  if (!readable) return ambiguous(reply, `${text} (not the answer of a provider that took the mail)`);
  return { kind: 'accepted', code: reply.status, reply: text };
}

/** What these APIs answer with. One that does not say what it is may be that too; a page is from somebody in between. */
export function isJson(reply: HttpReply): boolean {
  return /\bjson\b/i.test(one(reply, 'content-type') ?? 'json');
}

/** What a status means where the provider's words say nothing more (RFC 9110 §15). */
export function byStatus(reply: HttpReply, text: string): Delivery {
  const { status } = reply;
  const told = { code: status, reply: text };
  switch (status) {
    case 401:
    case 402:
    case 403:
    // 404, 405, 451: this address, method or region is not where mails are taken.
    case 404:
    case 405:
    case 451:
      return { kind: 'sender_refused', ...told, stopsSender: true };
    // The same request is to be made elsewhere, so nothing was done with it here (RFC 9110 §15.4.8, §15.4.9).
    case 307:
    case 308:
      return { kind: 'sender_refused', ...told, reply: `${text}: a redirect${placeOf(reply)}, which is not followed`, stopsSender: true };
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
      // 400, 413, 422 and kin: this mail is refused. From 500 on it may have been accepted before something went wrong;
      // 301, 302 and 303 send whoever posted on to what came of it (RFC 9110 §15.4.2 to §15.4.4).
      return { kind: status >= 400 && status < 500 ? 'content_refused' : 'ambiguous', ...told };
  }
}

/** ` to https://other.example`, without the path: it may hold a key. */
function placeOf(reply: HttpReply): string {
  const place = one(reply, 'location') ?? '';
  return URL.canParse(place) ? ` to ${new URL(place).origin}` : '';
}

/** Retry-After (RFC 9110 §10.2.3), else the provider's own reset: seconds (`ratelimit-reset`) or an epoch (`x-ratelimit-reset`). */
export function restAsked(reply: HttpReply): number | undefined {
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

function errorsOf(body: string): { field: string; message: string }[] {
  const { errors } = jsonOf(body);
  if (!Array.isArray(errors)) return [];
  return errors.flatMap((error: unknown) => {
    const { field, message } = (error ?? {}) as { field?: unknown; message?: unknown };
    return typeof message === 'string' ? [{ field: typeof field === 'string' ? field : '', message }] : [];
  });
}

function fieldsOf(body: string): { name: string | undefined; message: string | undefined; id: string | undefined } {
  const { name, message, id } = jsonOf(body);
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  return { name: text(name), message: text(message), id: text(id) };
}
