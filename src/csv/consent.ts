import { forTerminal } from '../domain/text.ts';
import { bare } from '../domain/usualNames.ts';
import { type ColumnFields, REJECT_COLUMNS } from './columns.ts';
import { type Role, roleOf } from './consentHeaders.ts';
import { type Answer, answerOf, elementsOf, isCount, isStage, type Status, type Surest, statusOf } from './consentValues.ts';
import type { Refusal } from './consentWords.ts';
import { readLead } from './leads.ts';
import type { CsvFile, CsvRow } from './readRows.ts';

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

/** A cell of a column that names consent, which is neither a yes nor a no. */
export interface Unclear {
  readonly index: number;
  readonly column: string;
  readonly value: string;
  readonly line: number;
}

/** What a person has said of the cells of a column that are not understood. */
export type Counted = 'yes' | 'no';

/** How often a column says what. */
export interface Shares {
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

/** The cells of such columns are few and the same, so each value is read once; a file of other cells must not fill the memory. */
const MOST_VALUES = 200;
const LONGEST_VALUE = 300;

function remembered<Result>(read: (cell: string) => Result): (cell: string) => Result {
  const known = new Map<string, Result>();
  return (cell) => {
    const before = known.get(cell);
    if (before !== undefined || known.has(cell)) return before as Result;
    const result = read(cell);
    if (known.size < MOST_VALUES && cell.length <= LONGEST_VALUE) known.set(cell, result);
    return result;
  };
}

/** What one cell says: for mail, against it, nothing, or what is not understood. */
type Verdict = 'allowed' | 'nothing' | 'unclear' | { readonly refusal: Refusal };

class Column {
  readonly name: string;
  readonly index: number;
  readonly #role: Role;
  #unclear: Unclear | undefined;
  #filled = 0;
  #dates = 0;
  /** Of a status or tags: a word has said that the column is about consent; the plainest of them. */
  #trigger: Surest | undefined;
  readonly #kindOf = remembered((cell) => answerOf(cell).kind);
  readonly #triggerIn = remembered((cell) => this.#findTrigger(cell));
  readonly #isUnclear = remembered((cell) => this.#read(cell, false) === undefined);

  constructor(name: string, index: number, role: Role) {
    this.name = name;
    this.index = index;
    this.#role = role;
  }

  /** Whether it says anything about mail, now that all of it was seen. */
  get speaks(): boolean {
    const role = this.#role;
    if (role.kind === 'doubtful') return this.#filled > 0;
    if (role.kind !== 'named') return this.#trigger !== undefined;
    return role.means === 'against' || (this.#filled > 0 && !(role.joined && this.#isDated));
  }

  /** A plain yes or no for mail, and no date. */
  get isFlag(): boolean {
    const role = this.#role;
    return role.kind === 'named' && role.means === 'for' && !OF_THE_ADDRESS.has(role.refusal) && !this.#isDated;
  }

  /** Whether a yes in it is a person's consent. */
  get permits(): boolean {
    return this.#role.kind === 'named' ? !OF_THE_ADDRESS.has(this.#role.refusal) : this.#trigger === 'sure';
  }

  get #isDated(): boolean {
    return this.#role.kind === 'named' && (this.#role.dated || this.#filled === this.#dates);
  }

  /** An empty cell where others have the date of a consent. */
  isUndated(cell: string): boolean {
    return this.#role.kind === 'named' && this.#role.means === 'for' && this.#isDated && this.#kindOf(cell) === 'empty';
  }

  look(row: CsvRow, isLead: (row: CsvRow) => boolean): void {
    const cell = row.cells[this.index] ?? '';
    if (cell === '') return;
    if (this.#role.kind !== 'named') {
      const found = this.#trigger === 'sure' ? undefined : this.#triggerIn(cell);
      if (found !== undefined && (this.#trigger === undefined || found === 'sure')) this.#trigger = found;
    }
    const kind = this.#kindOf(cell);
    if (kind !== 'empty') this.#filled++;
    if (kind === 'date') this.#dates++;
    if (this.#unclear !== undefined || !this.#isUnclear(cell) || !isLead(row)) return;
    this.#unclear = { index: this.index, column: this.name, value: cell.trim(), line: row.line };
  }

  /** The first cell that is not understood, where that matters: a column of states must be about consent beyond doubt. */
  get unclear(): Unclear | undefined {
    const role = this.#role;
    return role.kind !== 'status' || this.#trigger === 'sure' || role.surest === 'vague' ? this.#unclear : undefined;
  }

  /** With what a person has said of what is not understood. */
  settled(verdict: Verdict, counted: Counted | undefined): Verdict {
    if (verdict !== 'unclear' || counted === undefined) return verdict;
    return counted === 'yes' ? 'nothing' : { refusal: 'no_consent' };
  }

  #findTrigger(cell: string): Surest | undefined {
    if (this.#role.kind === 'tags') return elementsOf(cell).some((element) => statusOf(element)?.surest === 'sure') ? 'sure' : undefined;
    if (this.#role.kind !== 'status') return undefined;
    const status = statusOf(cell);
    return status !== undefined && isSure(status, this.#role.surest) ? status.surest : undefined;
  }

  /** `flagged`: another column holds a plain yes or no for mail. */
  verdict(cell: string, flagged: boolean): Verdict {
    return this.#read(cell, flagged) ?? 'unclear';
  }

  /** Undefined for what is not understood. */
  #read(cell: string, flagged: boolean): Verdict | undefined {
    const role = this.#role;
    if (role.kind === 'doubtful') return this.#kindOf(cell) === 'empty' ? 'nothing' : undefined;
    if (role.kind === 'status') {
      const status = statusOf(cell);
      return status === undefined && !isStage(cell) ? undefined : verdictOf(status);
    }
    if (role.kind === 'tags') {
      const word = elementsOf(cell)
        .map((element) => statusOf(element))
        .find((status) => status?.surest === 'sure' && status.refusal !== undefined);
      return verdictOf(word);
    }
    return role.means === 'against' ? readAgainst(cell, role) : this.#readFor(cell, role, flagged);
  }

  #readFor(cell: string, { refusal, joined, loose }: Role & { kind: 'named' }, flagged: boolean): Verdict | undefined {
    const answer = answerOf(cell);
    switch (answer.kind) {
      case 'yes':
        return 'allowed';
      case 'date':
        return joined ? 'nothing' : 'allowed';
      case 'no':
        return { refusal };
      case 'empty':
        // Where others have a date, who has none may be asked in another column, or came in by another way.
        return loose || (this.#isDated && (joined || flagged)) ? 'nothing' : { refusal };
      case 'status':
        return answer.refusal === undefined ? 'allowed' : { refusal: answer.refusal };
      case 'channels':
        return answer.mail ? 'allowed' : { refusal };
      case 'basis':
        return 'nothing';
      default:
        return loose ? 'nothing' : undefined;
    }
  }
}

/** The refusals of columns that tell of the address, and not of a wish. */
const OF_THE_ADDRESS: ReadonlySet<Refusal> = new Set(['invalid', 'inactive', 'unconfirmed']);

function readAgainst(cell: string, { refusal, tells, loose }: Role & { kind: 'named' }): Verdict | undefined {
  const answer = answerOf(cell);
  switch (answer.kind) {
    case 'yes':
    case 'date':
      return { refusal };
    case 'no':
      return answer.plain ? (tells ? 'nothing' : 'allowed') : withheld(cell, { refusal, tells, loose });
    case 'empty':
      return tells ? 'nothing' : 'allowed';
    case 'status':
      if (loose && answer.surest === 'vague') return 'nothing';
      if (answer.refusal !== undefined) return { refusal: answer.refusal };
      return allows(cell, answer) ? 'allowed' : withheld(cell, { refusal, tells, loose });
    case 'channels':
      return answer.mail ? { refusal } : 'allowed';
    case 'soft':
      return 'nothing';
    default:
      return withheld(cell, { refusal, tells, loose });
  }
}

/** What is no plain answer: the reason why, how often, or what is not understood. */
function withheld(
  cell: string,
  { refusal, tells, loose }: Pick<Role & { kind: 'named' }, 'refusal' | 'tells' | 'loose'>,
): Verdict | undefined {
  if (tells || isCount(cell)) return { refusal };
  return loose ? 'nothing' : undefined;
}

/** "Subscribed", "Allow": a yes to mail whatever the column asks; "confirmed" may be the opt-out. */
function allows(cell: string, { surest }: Answer & { kind: 'status' }): boolean {
  return surest === 'sure' || /^(?:allow(?:ed)?|erlaubt|send)$/i.test(cell.trim());
}

function verdictOf(status: Status | undefined): Verdict {
  if (status === undefined) return 'nothing';
  return status.refusal === undefined ? 'allowed' : { refusal: status.refusal };
}

function isSure({ surest }: Status, least: Surest): boolean {
  const order: readonly Surest[] = ['sure', 'likely', 'vague'];
  return order.indexOf(surest) <= order.indexOf(least);
}
