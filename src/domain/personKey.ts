import { createHmac } from 'node:crypto';

/**
 * What remains of a person who was forgotten: enough to know them again in next year's CSV, and
 * nothing to anybody without the workspace's key. `emailKey` is the address in lower case.
 */
export function forgottenKey(key: Buffer, emailKey: string): string {
  return `${FORGOTTEN}${createHmac('sha256', key).update(`forgotten\0${emailKey}`).digest('hex')}`;
}

/** What the keys of forgotten people begin with; no address does, for want of an @. */
export const FORGOTTEN = 'hmac:';

/** Who a mail's unsubscribe link speaks for: the message, and 144 bits of an HMAC over it that nobody can guess. */
export function unsubscribeToken(key: Buffer, messageId: number): string {
  return `${messageId}.${createHmac('sha256', key).update(`unsubscribe\0${messageId}`).digest('base64url').slice(0, 24)}`;
}

/** The address of a click, with the token of whom it is for. */
export function withToken(url: string, token: string): string {
  const address = new URL(url);
  return `${url}${address.search === '' ? (url.endsWith('?') ? '' : '?') : '&'}t=${encodeURIComponent(token)}`;
}
