import { createHash } from 'node:crypto';
import { domainOf, parseAddress } from './address.ts';

/**
 * What Gmail counts complaints by (support.google.com/mail/answer/6254652): the campaign by a mark that tells a recipient
 * nothing, this program, and a sender of 5 to 15 characters that stays the same over all mails.
 */
export function feedbackId(mark: string, from: string): string {
  return `${mark}:outreach:${senderId(from)}`;
}

/** The domain of From, cut and marked where it is too long, filled up where it is too short. */
function senderId(from: string): string {
  const parsed = parseAddress(from);
  const domain = parsed.ok ? domainOf(parsed.address.email) : '';
  const name = domain.replace(/[^A-Za-z0-9-]+/g, '-').replace(/^-+|(?<!-)-+$/g, '');
  if (name.length <= 15) return name.padEnd(5, '-0000');
  return `${name.slice(0, 8)}-${createHash('sha256').update(domain).digest('hex').slice(0, 6)}`;
}
