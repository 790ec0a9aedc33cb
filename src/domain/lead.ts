import { withoutInvisible } from './invisible.ts';

/** One lead's fields: well-known names first, any other column under its cleaned name. Empty cells are left out. */
export type LeadFields = Readonly<Record<string, string>>;

/** What is not said again stays. */
export function mergedFields(before: LeadFields, said: LeadFields): LeadFields {
  return { ...before, ...said };
}

/** Whatever the order of the columns they came from. */
export function sameFields(one: LeadFields, other: LeadFields): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** Field names that mean the same in every workspace. */
export const KNOWN_FIELDS = [
  'email',
  'first_name',
  'last_name',
  'name',
  'company',
  'title',
  'website',
  'phone',
  'city',
  'country',
  'timezone',
] as const;
export type KnownField = (typeof KNOWN_FIELDS)[number];

/** What may allow writing to a person who did not ask (GDPR art. 6 (1) a, b and f). */
export const LEGAL_BASES = ['consent', 'legitimate-interest', 'contract'] as const;
export type LegalBasis = (typeof LEGAL_BASES)[number];

/** Where leads are from, as the person says who imports them, and what allows to write to them. */
export interface Origin {
  readonly source: string | null;
  readonly basis: LegalBasis | null;
}

/**
 * What a mail, a prompt or the name of a file may be made of: the fields without characters that nobody sees. A cell that held nothing
 * else is empty, so it is left out, and a default takes its place. What is stored, exported and compared stays as it was imported.
 */
export function withoutInvisibleText(fields: LeadFields): LeadFields {
  const cleaned = Object.entries(fields).map(([name, value]) => [name, withoutInvisible(value).trim()] as const);
  return Object.fromEntries(cleaned.filter(([, value]) => value !== ''));
}

/** The name shown beside an address: what the CSV says, or first and last name. */
export function displayName(fields: LeadFields): string | undefined {
  const joined = [fields.first_name, fields.last_name].filter((part) => part !== undefined).join(' ');
  return joined === '' ? fields.name : joined;
}
