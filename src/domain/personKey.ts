import { createHmac, hkdfSync } from 'node:crypto';

/**
 * What remains of a person who was forgotten: enough to know them again in next year's CSV, and
 * nothing to anybody without the workspace's key. `emailKey` is the address in lower case.
 */
export function forgottenKey(key: Buffer, emailKey: string): string {
  return `${FORGOTTEN}${createHmac('sha256', key).update(`forgotten\0${emailKey}`).digest('hex')}`;
}

/** What the keys of forgotten people begin with; no address does, for want of an @. */
export const FORGOTTEN = 'hmac:';

/** Whom an opt-out speaks for: the mail's reference, a dot, and 144 bits that only this workspace's key makes. */
export function unsubscribeToken(key: Buffer, reference: string): string {
  return `${reference}.${createHmac('sha256', purposeKey(key, 'unsubscribe', 1))
    .update(reference)
    .digest('base64url')
    .slice(0, 24)}`;
}

/** What a recipient may see of a campaign: always the same for it, and nothing of its name. */
export function campaignMark(key: Buffer, campaign: string): string {
  return createHmac('sha256', purposeKey(key, 'campaign', 1))
    .update(campaign)
    .digest('hex')
    .slice(0, 12);
}

/**
 * A key of its own for each purpose (HKDF, RFC 5869), so that one tells nothing of another; a new version replaces one alone.
 * Hashes of forgotten people and of accounts, which stand in databases, are older than this and hang on the workspace's key itself.
 */
function purposeKey(key: Buffer, purpose: 'unsubscribe' | 'campaign', version: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `outreach ${purpose} v${version}`, 32));
}

/** The address of a click, with the token of whom it is for. */
export function withToken(url: string, token: string): string {
  const address = new URL(url);
  return `${url}${address.search === '' ? (url.endsWith('?') ? '' : '?') : '&'}t=${encodeURIComponent(token)}`;
}
