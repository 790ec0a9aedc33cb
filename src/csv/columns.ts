import { parseAddress } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { withoutInvisible } from '../domain/invisible.ts';
import { KNOWN_FIELDS, type KnownField } from '../domain/lead.ts';
import { didYouMean, forTerminal } from '../domain/text.ts';
import { bare, USUAL_NAMES } from '../domain/usualNames.ts';

/** Columns that our own rejects file adds. The surplus of a row that had too many cells must be put in its place before it comes back. */
export const REJECT_COLUMNS = ['rejected_line', 'rejected_reason', 'rejected_surplus'] as const;

/** For each column of the file the field it fills, or null when it is ignored. */
export type ColumnFields = readonly (string | null)[];

/**
 * Maps a header row to fields: `--map` first, then well-known names in any case and spacing, then
 * every other column under its cleaned name. Throws when no column is known to hold addresses, and
 * names those of `holding`: the columns in whose first rows some were found.
 */
export function mapColumns(
  header: readonly string[],
  asked: ReadonlyMap<string, string>,
  file: string,
  holding: ReadonlySet<number> = new Set(),
): ColumnFields {
  const fields: (string | null | undefined)[] = header.map((name) =>
    isRejectColumn(name) ? (name.trim() === 'rejected_surplus' ? 'rejected_surplus' : null) : undefined,
  );
  for (const [field, column] of asked) fields[columnNamed(header, column, `--map ${field}=${column}`, file)] = field;
  const places = placesOf(header);
  for (const field of KNOWN_FIELDS) {
    if (fields.includes(field)) continue;
    const index = likeliestColumn(places, fields, field);
    if (index !== undefined) fields[index] = field;
  }
  const taken = new Set<string | null | undefined>(fields);
  const next = new Map<string, number>();
  const named = fields.map((field, index) => (field === undefined ? unused(cleanName(header[index] ?? '', index), taken, next) : field));
  if (!named.includes('email')) throw noAddresses(header, file, holding);
  return named;
}

/** The columns as the file calls them, with the fields they fill. */
export function titlesOf(header: readonly string[], columns: ColumnFields): ReadonlyMap<string, string> {
  return new Map(columns.flatMap((field, index) => (field === null ? [] : [[header[index] ?? '', field] as const])));
}

/** The columns whose names say that they hold addresses; more than one is a choice that a person should see. */
export function addressColumns(header: readonly string[]): string[] {
  return header.filter((name) => USUAL_NAMES.email.includes(bare(name)));
}

function noAddresses(header: readonly string[], file: string, holding: ReadonlySet<number>): OutreachError {
  if (header.some((cell) => parseAddress(cell).ok)) {
    return new OutreachError('input', `${file}:1: the first line looks like a lead, not like the names of the columns`, {
      hint: 'Put a header line above it, such as email,first_name,company',
    });
  }
  const names = header.map((name) => forTerminal(name));
  const [first, ...others] = names.filter((_, index) => holding.has(index)).map((name) => `"${name}"`);
  if (first === undefined) {
    return new OutreachError('input', `${file}:1: no column holds addresses; the columns are ${names.join(', ')}`, {
      hint: 'Name it: --map email="Column"',
    });
  }
  const held = others.length === 0 ? `column ${first} holds` : `columns ${[first, ...others].join(', ')} hold`;
  return new OutreachError('input', `${file}:1: no column is named email, but ${held} addresses`, {
    hint: `Choose it: --map email=${first}. If line 1 is a lead, put a header line above it, such as email,first_name,company`,
  });
}

/** `Job Title (EN)` → `job_title_en`: letters without accents, digits and underscores, as templates can say it. */
function cleanName(name: string, index: number): string {
  const clean = withoutInvisible(name)
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|(?<!_)_+$/g, '');
  if (clean === '') return `column_${index + 1}`;
  return /^\p{N}/u.test(clean) ? `column_${clean}` : clean;
}

/** Where the column stands that a flag names, as it is written or near to it. Throws OutreachError, with the likeliest one, when there is none. */
export function columnNamed(header: readonly string[], column: string, flag: string, file: string): number {
  const exact = header.findIndex((name) => name.trim() === column.trim());
  const index = exact >= 0 ? exact : header.findIndex((name) => bare(name) === bare(column) && bare(column) !== '');
  if (index >= 0) return index;
  const near = didYouMean(column, header);
  throw new OutreachError(
    'usage',
    `${flag}: ${file} has no such column${near === undefined ? '' : `; did you mean "${forTerminal(near)}"?`}`,
    {
      hint: `Columns: ${header.map((name) => forTerminal(name)).join(', ')}`,
    },
  );
}

/** Where each name stands, in letters and digits. */
function placesOf(header: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [index, name] of header.entries()) {
    const known = places.get(bare(name));
    if (known === undefined) places.set(bare(name), [index]);
    else known.push(index);
  }
  return places;
}

function likeliestColumn(places: ReadonlyMap<string, readonly number[]>, taken: readonly unknown[], field: KnownField): number | undefined {
  for (const known of USUAL_NAMES[field]) {
    const index = places.get(known)?.find((at) => taken[at] === undefined);
    if (index !== undefined) return index;
  }
  return undefined;
}

/** Takes the name, or the first of name_2, name_3, … that is free; `next` keeps thousands of columns of one name from being tried anew. */
function unused(name: string, taken: Set<string | null | undefined>, next: Map<string, number>): string {
  let free = name;
  for (let n = next.get(name) ?? 2; taken.has(free); n++) {
    free = `${name}_${n}`;
    next.set(name, n + 1);
  }
  taken.add(free);
  return free;
}

function isRejectColumn(name: string): boolean {
  return (REJECT_COLUMNS as readonly string[]).includes(name.trim());
}
