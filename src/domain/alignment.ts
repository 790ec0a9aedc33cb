import { domainOf, parseAddress } from './address.ts';

/**
 * How a signing domain stands to the From it signs for (DMARC, RFC 7489 §3.1.1, relaxed): `aligned`
 * when one is the other or above it; `siblings` when both hang below one name, which is aligned
 * only if that name is one organisation's and not a registry's such as co.uk.
 */
export function alignment(domain: string, from: string): 'aligned' | 'siblings' | 'other' {
  const sender = parseAddress(from);
  if (!sender.ok) return 'other';
  const [signing, sending] = [domain.toLowerCase(), domainOf(sender.address.email)];
  if (`.${signing}`.endsWith(`.${sending}`) || `.${sending}`.endsWith(`.${signing}`)) return 'aligned';
  const parent = (name: string) => name.split('.').slice(-2).join('.');
  return parent(signing) === parent(sending) ? 'siblings' : 'other';
}
