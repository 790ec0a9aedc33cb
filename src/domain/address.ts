import { domainToASCII } from 'node:url';
import validator from 'validator/lib/isEmail.js';
import { holdsInvisible, markInvisible } from './invisible.ts';
import { oneLine } from './text.ts';

export interface Address {
  /** As it will be mailed: local part as written, domain in ASCII (RFC 5891). */
  readonly email: string;
  /** What duplicates and suppressions compare: the whole address in lower case. */
  readonly key: string;
  /** The display name of `Name <a@b>`, if there was one. */
  readonly name: string | undefined;
}

export type AddressCheck = { readonly ok: true; readonly address: Address } | { readonly ok: false; readonly reason: string };

/** A local part and a domain with the @ between them. */
const LONGEST = 64 + 1 + 255;
const LIMITS = { allow_utf8_local_part: false, ignore_max_length: false, allow_ip_domain: false } as const;

/**
 * Reads one mailbox out of a CSV cell or a setting: `a@b.example` or `Name <a@b.example>`.
 * Several addresses in one cell are refused, never guessed at. Lengths follow RFC 5321 §4.5.3.1.
 */
export function parseAddress(cell: string): AddressCheck {
  const text = trimmed(trimmed(oneLine(cell)).replace(/^mailto:/i, ''));
  if (text === '') return { ok: false, reason: 'no address' };
  const { name, bare } = partsOf(text);
  // The IDNA mapping of a domain would leave them out, and mail another address than the one that stands in the file.
  if (holdsInvisible(bare)) return { ok: false, reason: `an address with characters that nobody sees: ${shorten(markInvisible(text))}` };
  if (/[<>]/.test(bare) || /[,;]/.test(bare) || (bare.match(/@/g) ?? []).length > 1 || /\s/.test(bare)) {
    return { ok: false, reason: `not one address: ${shorten(text)}` };
  }
  if (namesAnother(name ?? '', bare)) return { ok: false, reason: `not one address: ${shorten(text)}` };
  const at = bare.lastIndexOf('@');
  if (at < 1 || at === bare.length - 1) return { ok: false, reason: `not an address: ${shorten(text)}` };
  if (/[^\x20-\x7e]/.test(bare.slice(0, at))) {
    return {
      ok: false,
      reason: `letters before the @ that most mail servers refuse (only a–z, 0–9 and . _ % + - are safe): ${shorten(text)}`,
    };
  }
  if (bare.length > LONGEST) return { ok: false, reason: `not an address: ${shorten(text)}` };
  const domain = domainToASCII(bare.slice(at + 1).replace(/\.$/, ''));
  // "ana"@x and ana@x are one mailbox (RFC 5321 §4.1.2): quotes that nothing asks for would make two people of it.
  const local = bare.slice(0, at).replace(/^"([\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)"$/, '$1');
  const email = `${local}@${domain}`;
  if (domain === '' || !validator.default(email, LIMITS)) return { ok: false, reason: `not an address: ${shorten(text)}` };
  return { ok: true, address: { email, key: email.toLowerCase(), name: name === '' ? undefined : name } };
}

export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase();
}

/** How a whole domain stands in the list of suppressions. */
export function domainKey(key: string): string {
  return `@${domainOf(key)}`;
}

/** The display name, and what stands in angle brackets behind it; without them all of it is the address. */
function partsOf(text: string): { name: string | undefined; bare: string } {
  const open = text.indexOf('<');
  const one = open >= 0 && text.endsWith('>') && open === text.lastIndexOf('<') && text.indexOf('>') === text.length - 1;
  const name = trimmed(trimmed(text.slice(0, Math.max(0, open))).replace(/^"|"$/g, ''));
  return one && !name.includes('"') ? { name, bare: trimmed(text.slice(open + 1, -1)) } : { name: undefined, bare: text };
}

/** `ada@b.example <grace@b.example>`: nobody can tell whom it is for. */
function namesAnother(name: string, bare: string): boolean {
  return name.split(/[\s,;:"'()<>]+/).some((word) => {
    const [local = '', domain = '', ...more] = word.split('@');
    return local !== '' && domain.includes('.') && more.length === 0 && word.toLowerCase() !== bare.toLowerCase();
  });
}

/** What copying from a page or a workbook leaves around an address is none of it. */
function trimmed(text: string): string {
  return text.replace(/^[\s\u200b-\u200d]+|(?<![\s\u200b-\u200d])[\s\u200b-\u200d]+$/g, '');
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
