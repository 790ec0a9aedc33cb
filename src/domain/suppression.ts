import { domainToASCII } from 'node:url';
import { parseAddress } from './address.ts';
import { unguarded } from './formula.ts';
import { withoutInvisible } from './invisible.ts';

/** Whom a suppression names: one person's address, or everybody at a domain. */
export type Who =
  | { readonly ok: true; readonly kind: 'address' | 'domain'; readonly key: string }
  | { readonly ok: false; readonly reason: string };

/** Host names of RFC 1123 §2.1 with at least two labels: a lone word is more likely a slip than a domain. */
const DOMAIN = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads `a@b.example`, `@b.example` or `b.example`, as a person types it or a provider exports it. Who is meant is who is seen: a
 * character that nobody sees must not keep a wish from counting.
 */
export function parseWho(text: string): Who {
  const bare = unguarded(withoutInvisible(text).trim());
  const domain = domainOfWhole(bare);
  if (domain !== undefined) return { ok: true, kind: 'domain', key: `@${domain}` };
  const check = parseAddress(bare);
  return check.ok ? { ok: true, kind: 'address', key: check.address.key } : { ok: false, reason: check.reason };
}

function domainOfWhole(text: string): string | undefined {
  const name = text.startsWith('@') ? text.slice(1) : text;
  if (name.includes('@') || /\s/.test(name)) return undefined;
  const ascii = domainToASCII(name.replace(/\.$/, '')).toLowerCase();
  return DOMAIN.test(ascii) ? ascii : undefined;
}
