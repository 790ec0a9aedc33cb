import { createHash } from 'node:crypto';
import { domainOf, parseAddress } from './address.ts';

/**
 * What Gmail counts complaints by (support.google.com/mail/answer/6254652): three fields of ours and
 * a sender of 5 to 15 characters that stays the same over all mails. No field tells the recipient.
 */
export function feedbackId(campaign: string, jobId: number, from: string): string {
  return `${clean(campaign, 40)}:job-${jobId}:outreach:${senderId(from)}`;
}

/** The domain of From, cut and marked where it is too long, filled up where it is too short. */
function senderId(from: string): string {
  const parsed = parseAddress(from);
  const domain = parsed.ok ? domainOf(parsed.address.email) : '';
  const name = clean(domain, 255);
  if (name.length <= 15) return name.padEnd(5, '-0000');
  return `${name.slice(0, 8)}-${createHash('sha256').update(domain).digest('hex').slice(0, 6)}`;
}

function clean(value: string, longest: number): string {
  return (
    value
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^-+|(?<!-)-+$/g, '')
      .slice(0, longest) || 'campaign'
  );
}
