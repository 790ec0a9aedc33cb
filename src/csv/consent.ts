import { forTerminal } from '../domain/text.ts';
import { bare } from '../domain/usualNames.ts';
import { type ColumnFields, REJECT_COLUMNS } from './columns.ts';
import { Column, type Counted, remembered, type Unclear } from './consentColumn.ts';
import { roleOf } from './consentHeaders.ts';
import type { Refusal } from './consentWords.ts';
import { readLead } from './leads.ts';
import type { CsvFile, CsvRow } from './readRows.ts';

export type { Counted, Unclear } from './consentColumn.ts';
export type { Refusal } from './consentWords.ts';

/** What a row says against mail to its person, and the column in which it does. */
interface Mark {
  readonly refusal: Refusal;
  readonly column: string;
}

/** How a file says who may be mailed. */
export interface Consent {
  /** The columns that are read for it. */
  readonly columns: readonly string[];
  /** The first thing that the row says against mail; undefined where it says nothing against it. */
  markOf(row: CsvRow): Mark | undefined;
  /** The row says in so many words that its person may be mailed, and nothing against it. Being active or valid is no such word. */
  isAllowed(row: CsvRow): boolean;
}

/** How often a column says what. */
interface Shares {
  readonly yes: number;
  readonly no: number;
  /** Says nothing either way. */
  readonly nothing: number;
  /** Not understood. */
  readonly unclear: number;
  /** The first of the values that are not understood. */
  readonly values: readonly string[];
}

export interface Survey {
  /** The first cell that is not understood; columns that are `ignored` or `counted` are left out. */
  unclear(ignored: ReadonlySet<number>, counted?: ReadonlyMap<number, Counted>): Unclear | undefined;
  /** Reads the file again, and counts what this column says of its leads. */
  shares(index: number): Promise<Shares>;
  consent(ignored: ReadonlySet<number>, counted?: ReadonlyMap<number, Counted>): Consent;
}

const MOST_SHOWN = 5;

/** It stands in the reason of every person it speaks against. */
const LONGEST_TITLE = 100;

/** A file without a word about consent. */
export const NO_CONSENT: Consent = { columns: [], markOf: () => undefined, isAllowed: () => false };

/**
 * Reads the whole file once more if a column may be about consent: a word in row 5,000 says what the rows before it mean, and
 * nothing is stored of a file that is not understood. `columns` tells which rows are leads; without it every row counts.
 */
export async function surveyConsent(file: CsvFile, columns: ColumnFields | undefined): Promise<Survey> {
  const own = new Set<string>(REJECT_COLUMNS);
  const names = new Set(file.header.map(bare));
  const found = file.header.flatMap((name, index) => {
    const passed = own.has(name.trim()) || columns?.[index] === 'email' || isAboutPost(bare(name), names);
    const role = passed ? undefined : roleOf(name);
    return role === undefined ? [] : [new Column(forTerminal(name).slice(0, LONGEST_TITLE), index, role)];
  });
  const isLead = (row: CsvRow) => columns === undefined || readLead(row, columns, file.delimiter).kind === 'lead';
  if (found.length > 0) for await (const row of file.rows()) for (const column of found) column.look(row, isLead);
  const read = (ignored: ReadonlySet<number>) => found.filter(({ index, speaks }) => speaks && !ignored.has(index));
  return {
    unclear(ignored, counted = new Map()) {
      const firsts = read(ignored).flatMap(({ index, unclear }) => (unclear === undefined || counted.has(index) ? [] : [unclear]));
      return firsts.sort((one, other) => one.line - other.line)[0];
    },
    async shares(index) {
      const column = found.find((one) => one.index === index);
      return column === undefined ? NO_SHARES : sharesOf(file, column, isLead);
    },
    consent: (ignored, counted = new Map()) => consentOf(read(ignored), counted),
  };
}

const NO_SHARES: Shares = { yes: 0, no: 0, nothing: 0, unclear: 0, values: [] };

async function sharesOf(file: CsvFile, column: Column, isLead: (row: CsvRow) => boolean): Promise<Shares> {
  const shares = { ...NO_SHARES };
  const values = new Set<string>();
  const read = remembered((cell) => column.verdict(cell, false));
  for await (const row of file.rows()) {
    if (!isLead(row)) continue;
    const cell = row.cells[column.index] ?? '';
    const verdict = read(cell);
    if (typeof verdict === 'object') shares.no++;
    else if (verdict === 'allowed') shares.yes++;
    else shares[verdict]++;
    if (verdict === 'unclear' && values.size < MOST_SHOWN) values.add(cell.trim());
  }
  return { ...shares, values: [...values] };
}

/** "Do not allow Mails" beside "Do not allow Emails". */
function isAboutPost(name: string, names: ReadonlySet<string>): boolean {
  return !name.includes('email') && /mails?$/.test(name) && names.has(name.replace(/mail(s?)$/, 'email$1'));
}

function consentOf(columns: readonly Column[], counted: ReadonlyMap<number, Counted>): Consent {
  if (columns.length === 0) return NO_CONSENT;
  const flagged = columns.some(({ isFlag }) => isFlag);
  const readers = columns.map((column) => ({
    column,
    read: remembered((cell) => column.settled(column.verdict(cell, flagged), counted.get(column.index))),
  }));
  /** A no that is only the empty cell beside a date stands back where another column says yes. */
  const isOverruled = (row: CsvRow, column: Column) =>
    column.isUndated(row.cells[column.index] ?? '') &&
    readers.some((one) => one.column !== column && one.column.permits && one.read(row.cells[one.column.index] ?? '') === 'allowed');
  return {
    columns: columns.map(({ name }) => name),
    markOf(row) {
      for (const { column, read } of readers) {
        const verdict = read(row.cells[column.index] ?? '');
        if (typeof verdict === 'object' && !isOverruled(row, column)) return { refusal: verdict.refusal, column: column.name };
      }
      return undefined;
    },
    isAllowed(row) {
      const verdicts = readers.map(({ column, read }) => [column, read(row.cells[column.index] ?? '')] as const);
      if (verdicts.some(([, verdict]) => typeof verdict === 'object' || verdict === 'unclear')) return false;
      return verdicts.some(([column, verdict]) => verdict === 'allowed' && column.permits);
    },
  };
}
