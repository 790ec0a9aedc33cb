import { forTerminal } from '../domain/text.ts';
import { type ColumnFields, REJECT_COLUMNS } from './columns.ts';
import { type Role, roleOf } from './consentHeaders.ts';
import { answerOf, elementsOf, isCount, type Status, type Surest, statusOf } from './consentValues.ts';
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

export interface Survey {
  /** The first cell that is not understood, `ignored` columns left out. */
  unclear(ignored: ReadonlySet<number>): Unclear | undefined;
  consent(ignored: ReadonlySet<number>): Consent;
}

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
  const found = file.header.flatMap((name, index) => {
    const role = own.has(name.trim()) || columns?.[index] === 'email' ? undefined : roleOf(name);
    return role === undefined ? [] : [new Column(forTerminal(name).slice(0, LONGEST_TITLE), index, role)];
  });
  const isLead = (row: CsvRow) => columns === undefined || readLead(row, columns).kind === 'lead';
  if (found.length > 0) for await (const row of file.rows()) for (const column of found) column.look(row, isLead);
  const read = (ignored: ReadonlySet<number>) => found.filter(({ index, speaks }) => speaks && !ignored.has(index));
  return {
    unclear(ignored) {
      const firsts = read(ignored).flatMap(({ unclear }) => (unclear === undefined ? [] : [unclear]));
      return firsts.sort((one, other) => one.line - other.line)[0];
    },
    consent: (ignored) => consentOf(read(ignored)),
  };
}

function consentOf(columns: readonly Column[]): Consent {
  if (columns.length === 0) return NO_CONSENT;
  const flagged = columns.some(({ isFlag }) => isFlag);
  const readers = columns.map((column) => ({ column, read: remembered((cell) => column.verdict(cell, flagged)) }));
  return {
    columns: columns.map(({ name }) => name),
    markOf(row) {
      for (const { column, read } of readers) {
        const verdict = read(row.cells[column.index] ?? '');
        if (typeof verdict === 'object') return { refusal: verdict.refusal, column: column.name };
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
  unclear: Unclear | undefined;
  #filled = 0;
  #dates = 0;
  /** Of a status or tags: a word has said that the column is about consent; the plainest of them. */
  #trigger: Surest | undefined;
  readonly #kindOf = remembered((cell) => answerOf(cell).kind);
  readonly #triggerIn = remembered((cell) => this.#findTrigger(cell));

  constructor(name: string, index: number, role: Role) {
    this.name = name;
    this.index = index;
    this.#role = role;
  }

  /** Whether it says anything about mail, now that all of it was seen. */
  get speaks(): boolean {
    const role = this.#role;
    if (role.kind !== 'named') return this.#trigger !== undefined;
    return role.means === 'against' || (this.#filled > 0 && !(role.joined && this.#isDated));
  }

  /** A plain yes or no for mail, and no date. */
  get isFlag(): boolean {
    const role = this.#role;
    return role.kind === 'named' && role.means === 'for' && role.refusal !== 'invalid' && !this.#isDated;
  }

  /** Whether a yes in it is a person's consent. */
  get permits(): boolean {
    return this.#role.kind === 'named' ? this.#role.refusal !== 'invalid' : this.#trigger === 'sure';
  }

  get #isDated(): boolean {
    return this.#role.kind === 'named' && (this.#role.dated || this.#filled === this.#dates);
  }

  look(row: CsvRow, isLead: (row: CsvRow) => boolean): void {
    const cell = row.cells[this.index] ?? '';
    if (cell === '') return;
    if (this.#role.kind !== 'named') {
      const found = this.#trigger === 'sure' ? undefined : this.#triggerIn(cell);
      if (found !== undefined && (this.#trigger === undefined || found === 'sure')) this.#trigger = found;
      return;
    }
    const kind = this.#kindOf(cell);
    if (kind !== 'empty') this.#filled++;
    if (kind === 'date') this.#dates++;
    if (kind !== 'other' && kind !== 'soft') return;
    if (this.unclear !== undefined || this.#read(cell, false) !== undefined || !isLead(row)) return;
    this.unclear = { index: this.index, column: this.name, value: cell.trim(), line: row.line };
  }

  #findTrigger(cell: string): Surest | undefined {
    if (this.#role.kind === 'tags') return elementsOf(cell).some((element) => statusOf(element)?.surest === 'sure') ? 'sure' : undefined;
    const status = statusOf(cell);
    return status !== undefined && this.#role.kind === 'status' && isSure(status, this.#role.surest) ? status.surest : undefined;
  }

  /** `flagged`: another column holds a plain yes or no for mail. */
  verdict(cell: string, flagged: boolean): Verdict {
    return this.#read(cell, flagged) ?? 'unclear';
  }

  /** Undefined for what is not understood. */
  #read(cell: string, flagged: boolean): Verdict | undefined {
    const role = this.#role;
    if (role.kind === 'status') return verdictOf(statusOf(cell));
    if (role.kind === 'tags') {
      const word = elementsOf(cell)
        .map((element) => statusOf(element))
        .find((status) => status?.surest === 'sure' && status.refusal !== undefined);
      return verdictOf(word);
    }
    return role.means === 'against' ? readAgainst(cell, role) : this.#readFor(cell, role, flagged);
  }

  #readFor(cell: string, { refusal, joined }: Role & { kind: 'named' }, flagged: boolean): Verdict | undefined {
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
        return refusal === 'invalid' || (this.#isDated && (joined || flagged)) ? 'nothing' : { refusal };
      case 'status':
        return answer.refusal === undefined ? 'allowed' : { refusal: answer.refusal };
      case 'channels':
        return answer.mail ? 'allowed' : { refusal };
      default:
        // An address check has words of its own for what it cannot tell.
        return refusal === 'invalid' ? 'nothing' : undefined;
    }
  }
}

function readAgainst(cell: string, { refusal, tells }: Role & { kind: 'named' }): Verdict | undefined {
  const answer = answerOf(cell);
  switch (answer.kind) {
    case 'yes':
    case 'date':
      return { refusal };
    case 'no':
      return tells ? 'nothing' : 'allowed';
    case 'empty':
      return tells ? 'nothing' : 'allowed';
    case 'status':
      return answer.refusal === undefined ? 'allowed' : { refusal: answer.refusal };
    case 'channels':
      return answer.mail ? { refusal } : 'allowed';
    case 'soft':
      return 'nothing';
    default:
      return tells || isCount(cell) ? { refusal } : undefined;
  }
}

function verdictOf(status: Status | undefined): Verdict {
  if (status === undefined) return 'nothing';
  return status.refusal === undefined ? 'allowed' : { refusal: status.refusal };
}

function isSure({ surest }: Status, least: Surest): boolean {
  const order: readonly Surest[] = ['sure', 'likely', 'vague'];
  return order.indexOf(surest) <= order.indexOf(least);
}
