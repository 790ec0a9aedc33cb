import type { LeadFields } from './lead.ts';
import { KNOWN_FIELDS } from './lead.ts';
import { bodyText } from './text.ts';
import { bare, usualField } from './usualNames.ts';

/** What a model is given of one lead, and what it is not. */
export interface LeadData {
  /** One line. */
  readonly json: string;
  readonly sent: readonly string[];
  /** Addresses and telephone numbers that the brief does not name, and what is beyond the limit. */
  readonly withheld: readonly string[];
}

/** Nobody writes a better mail from more text, and somebody pays for it. */
const MOST_BYTES = 8_192;
const LONGEST_CELL = 2_000;

/** The lead's fields for a model: what a mail is usually written from first, and no way to reach the person unless the brief names it. */
export function leadData(lead: LeadFields, brief: string): LeadData {
  const fields: Record<string, string> = {};
  const withheld: string[] = [];
  let left = MOST_BYTES;
  for (const [name, value] of inOrder(lead)) {
    const text = shortened(bodyText(value), LONGEST_CELL);
    const bytes = Buffer.byteLength(JSON.stringify({ [name]: text }));
    if (isContact(name, value, lead) && !names(brief, name)) withheld.push(name);
    else if (bytes > left) withheld.push(name);
    else {
      fields[name] = text;
      left -= bytes;
    }
  }
  return { json: JSON.stringify(fields), sent: Object.keys(fields), withheld };
}

function inOrder(lead: LeadFields): [string, string][] {
  const known = KNOWN_FIELDS.filter((name) => lead[name] !== undefined);
  return [...known, ...Object.keys(lead).filter((name) => !(known as readonly string[]).includes(name))].map((name) => [
    name,
    lead[name] ?? '',
  ]);
}

/** Where the person is reached: by the column's name, or because it holds the lead's own address. */
function isContact(name: string, value: string, { email = '' }: LeadFields): boolean {
  const field = usualField(name);
  if (field === 'email' || field === 'phone' || CONTACT.test(bare(name))) return true;
  return email !== '' && value.trim().toLowerCase() === email.toLowerCase();
}

const CONTACT =
  /(?:email|emailaddress|phone|phonenumber|telephone|telefon|telefono|mobile|mobil|movil|portable|handy|whatsapp|fax)\d{0,2}$/;

/** `{{ phone }}` in the brief asks for it. */
function names(brief: string, column: string): boolean {
  for (const [, name] of brief.matchAll(/\{\{-?\s{0,20}([\p{L}\p{N}_.-]{1,100})/gu)) if (name === column) return true;
  return false;
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
