import { readPair, readPreference, surestOf } from './consentChoices.ts';
import type { Role } from './consentHeaders.ts';
import { type Answer, answerOf, elementsOf, isCount, isStage, type Status, type Surest, statusOf, type Verdict } from './consentValues.ts';
import type { Refusal } from './consentWords.ts';
import type { CsvRow } from './readRows.ts';

/** A cell of a column that names consent, which is neither a yes nor a no. */
export interface Unclear {
  readonly index: number;
  readonly column: string;
  readonly value: string;
  readonly line: number;
}

/** What a person has said of the cells of a column that are not understood. */
export type Counted = 'yes' | 'no';

/** The cells of such columns are few and the same, so each value is read once; a file of other cells must not fill the memory. */
const MOST_VALUES = 200;
const LONGEST_VALUE = 300;

export function remembered<Result>(read: (cell: string) => Result): (cell: string) => Result {
  const known = new Map<string, Result>();
  return (cell) => {
    const before = known.get(cell);
    if (before !== undefined || known.has(cell)) return before as Result;
    const result = read(cell);
    if (known.size < MOST_VALUES && cell.length <= LONGEST_VALUE) known.set(cell, result);
    return result;
  };
}

/** How many cells of a column answer a question for consent, and how many say something else. */
class Answers {
  #plain = 0;
  #digits = 0;
  #counts = 0;
  #others = 0;

  look(cell: string, means: 'for' | 'against', share: 'half' | 'all'): void {
    const answer = answerOf(cell);
    if (answer.kind === 'empty') return;
    if (/^[01]$/.test(cell.trim())) this.#digits++;
    else if (isCount(cell)) this.#counts++;
    else if (isAnswer(answer, means, share)) this.#plain++;
    else this.#others++;
  }

  /** Beside 3 or 12, 0 and 1 are counts. */
  prevail(share: 'half' | 'all'): boolean {
    const answers = this.#plain + (this.#counts === 0 ? this.#digits : 0);
    const others = this.#others + (this.#counts === 0 ? 0 : this.#counts + this.#digits);
    return answers > 0 && (share === 'half' ? answers >= others : others === 0);
  }
}

/** "No budget" begins with a no and answers something else. */
function isAnswer(answer: Answer, means: 'for' | 'against', share: 'half' | 'all'): boolean {
  if (answer.kind === 'no') return answer.plain;
  if (answer.kind === 'date') return means === 'against';
  if (answer.kind === 'status') return share === 'half' || answer.surest === 'sure';
  return answer.kind === 'yes' || (answer.kind === 'channels' && means === 'for');
}

/** One column of the file that may say who is mailed: first it sees all of it, then it reads its cells. */
export class Column {
  readonly name: string;
  readonly index: number;
  readonly #role: Role;
  #unclear: Unclear | undefined;
  #filled = 0;
  #dates = 0;
  readonly #answers = new Answers();
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
    if (role.kind === 'doubtful' || role.kind === 'pair') return this.#filled > 0;
    if (role.kind !== 'named') return this.#trigger !== undefined;
    if (role.weak !== undefined && !this.#answers.prevail(role.weak)) return false;
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
    if (this.#role.kind === 'named' && this.#role.weak !== undefined) this.#answers.look(cell, this.#role.means, this.#role.weak);
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
    if (this.#role.kind === 'preference') return typeof readPreference(cell, this.#role) === 'object' ? 'sure' : undefined;
    if (this.#role.kind !== 'status') return undefined;
    const status = this.#role.open ? surestOf(cell) : statusOf(cell);
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
    if (role.kind === 'pair') return readPair(cell, role.refusal);
    if (role.kind === 'preference') return readPreference(cell, role);
    if (role.kind === 'status') {
      const status = role.open ? surestOf(cell) : statusOf(cell);
      return status === undefined && !role.open && !isStage(cell) ? undefined : verdictOf(status);
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
