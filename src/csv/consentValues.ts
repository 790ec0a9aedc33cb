import { bare } from '../domain/usualNames.ts';
import { setOf } from './consentHeaders.ts';
import type { Refusal } from './consentWords.ts';
import * as words from './consentWords.ts';
import { isOrderToRemove, isWish, namesContent } from './contentHeaders.ts';
import { matcherOf, polarityOf, wordsOf } from './polarity.ts';
import { OTHER_BASES, SALES as SALES_WORDS, STAGES as STAGE_WORDS } from './polarityWords.ts';

/** What a cell of a column that names consent says, whatever the column asks. */
export type Answer =
  | { readonly kind: 'yes' | 'empty' | 'date' }
  /** `plain`: nothing but a word for no. */
  | { readonly kind: 'no'; readonly plain: boolean }
  /** A word such as "unsubscribed" answers by itself, whichever way the column asks. */
  | { readonly kind: 'status'; readonly refusal: Refusal | undefined; readonly surest: Surest }
  /** The channels that it lists. */
  | { readonly kind: 'channels'; readonly mail: boolean }
  /** A delivery that was only put off, or another basis in law than consent. */
  | { readonly kind: 'soft' | 'basis' }
  /** Not understood. */
  | { readonly kind: 'other' };

/** How plainly a word is about consent. */
export type Surest = 'sure' | 'likely' | 'vague';

/** What one cell says: for mail, against it, nothing, or what is not understood. */
export type Verdict = 'allowed' | 'nothing' | 'unclear' | { readonly refusal: Refusal };

export interface Status {
  readonly refusal: Refusal | undefined;
  readonly surest: Surest;
}

const LONGEST_VALUE = 300;

export function answerOf(cell: string): Answer {
  const text = cell.slice(0, LONGEST_VALUE).trim();
  const ticked = text.length <= 2 && text !== '' ? tickOf(text) : undefined;
  if (ticked !== undefined) return ticked === 'yes' ? { kind: 'yes' } : NO_WORD;
  const word = bare(text);
  if (word === '' || EMPTY.has(word) || NO_DATE.test(text)) return { kind: 'empty' };
  if (/^0+([.,]0+)?$/.test(text) || NO.has(word)) return NO_WORD;
  if (/^1([.,]0+)?$/.test(text) || YES.has(word)) return { kind: 'yes' };
  if (isDate(text)) return { kind: 'date' };
  if (SOFT.has(word)) return { kind: 'soft' };
  if (BASES.some((basis) => word.startsWith(basis))) return { kind: 'basis' };
  const status = knownStatus(text);
  if (status !== undefined) return { kind: 'status', ...status };
  return channelsOf(text) ?? sentenceOf(text);
}

/** What a word or a phrase in a column of states says of its person. */
export function statusOf(cell: string): Status | undefined {
  const text = cell.slice(0, LONGEST_VALUE);
  if (BASES.some((basis) => bare(text).startsWith(basis))) return undefined;
  if (SMTP_REFUSAL.test(text.trim())) return { refusal: 'bounced', surest: 'sure' };
  const whole = knownStatus(text) ?? phraseOf(text);
  return whole?.surest === 'sure' ? whole : (surerOf(text) ?? whole);
}

/** "Not interested - remove": one of its clauses is a plain refusal, or two of them are refusals. */
function surerOf(text: string): Status | undefined {
  const clauses = text.split(CLAUSES).filter((clause) => clause.trim() !== '');
  if (clauses.length < 2) return undefined;
  const found = clauses.slice(0, MOST_CLAUSES).map((clause) => knownStatus(clause) ?? phraseOf(clause));
  const sure = found.find((status) => status?.surest === 'sure');
  if (sure !== undefined) return sure;
  const refusals = found.filter((status) => status?.refusal !== undefined && WISHES.has(status.refusal));
  return refusals.length > 1 ? { refusal: refusals[0]?.refusal, surest: 'sure' } : undefined;
}

const CLAUSES = /\s[-–—/]\s|[,;.:|()[\]]/;
const MOST_CLAUSES = 8;
/** What a person asks for, and not what was found of an address. */
const WISHES: ReadonlySet<Refusal> = new Set(['unsubscribed', 'do_not_contact', 'no_consent', 'complained']);

/** Says of a word in a column of states that it is of another kind: a stage of a sale, a number, the result of an address check. */
export function isStage(cell: string): boolean {
  const text = cell.slice(0, LONGEST_VALUE).trim();
  const word = bare(text);
  if (
    word === '' ||
    EMPTY.has(word) ||
    SOFT.has(word) ||
    wordsOf(text).some((token) => SOFT.has(token)) ||
    SMTP_DEFERRAL.test(text) ||
    isDate(text)
  )
    return true;
  if (BASES.some((basis) => word.startsWith(basis))) return true;
  return STAGES.has(word) || wordsOf(text).some((token) => STAGES.has(token));
}

/** The word that the cell begins with: "Unsubscribed (by admin)". */
function knownStatus(text: string): Status | undefined {
  const whole = STATUS.get(bare(text));
  if (whole !== undefined) return whole;
  const first = text.split(/[([{,;:|]|\s[-–—]\s|\s\d/, 1)[0] ?? '';
  const found = STATUS.get(bare(first));
  if (found === undefined || found.refusal !== undefined) return found;
  // "Subscribed (refused)", "Opt-in: no"
  const { negations, against, waits } = polarityOf(wordsOf(text.slice(first.length)), 'cell');
  return negations > 0 || against !== undefined || waits ? undefined : found;
}

const MOST_WORDS = 8;

function phraseOf(text: string): Status | undefined {
  const tokens = wordsOf(text);
  if (tokens.length === 0 || tokens.length > MOST_WORDS || tokens.some((token) => SOFT.has(token))) return undefined;
  const polarity = polarityOf(tokens, 'cell');
  const { negations, against, waits, wants, consent, list, subscription, mail, contact, orders, engagement, covered } = polarity;
  const about = consent || list || subscription;
  if (isOrderToRemove(tokens)) return { refusal: 'unsubscribed', surest: 'sure' };
  if (negations > 1 || (negations > 0 && against !== undefined)) return undefined;
  if (against !== undefined) {
    if (!against.plain && tokens.some((token) => SALES.has(token))) return undefined;
    const sure = (against.plain && tokens.length <= 3) || consent || list || isShortBounce(against.refusal, tokens);
    return { refusal: against.refusal, surest: sure ? 'sure' : 'vague' };
  }
  if (negations === 1) {
    if (about) return { refusal: 'no_consent', surest: 'sure' };
    if (orders && (mail || contact || tokens.length <= 4) && !engagement) return { refusal: 'do_not_contact', surest: 'sure' };
    if (isWish(tokens) && (mail || contact || namesContent(tokens))) return { refusal: 'do_not_contact', surest: 'sure' };
    return wants && !engagement ? { refusal: 'do_not_contact', surest: 'vague' } : undefined;
  }
  if (waits && !tokens.every((token) => STAGES.has(token))) return { refusal: 'unconfirmed', surest: about ? 'sure' : 'vague' };
  return about && covered && !subscription ? { refusal: undefined, surest: 'vague' } : undefined;
}

/** "Sender originated bounce": the last of few words. */
function isShortBounce(refusal: Refusal, tokens: readonly string[]): boolean {
  return refusal === 'bounced' && tokens.length <= 3 && /^bounced?$/.test(tokens.at(-1) ?? '');
}

/** The words of a cell with several, such as tags. */
export function elementsOf(cell: string): string[] {
  return cell.slice(0, LONGEST_VALUE).split(/[,;|\n]|:::/);
}

/** A word for another way than mail. */
export function isOtherChannel(token: string): boolean {
  return OTHERS.whole.has(token) || OTHERS.within.some((word) => token.includes(word));
}

/** How often something happened, as "3". */
export function isCount(cell: string): boolean {
  return /^\d{1,6}$/.test(cell.trim());
}

const [YES, NO, EMPTY, SOFT] = [setOf(words.YES), setOf(words.NO), setOf(words.EMPTY), setOf(words.SOFT)];
const [BEGINS_YES, AGREES] = [setOf(words.BEGINS_YES), setOf(words.AGREES)];
const BASES = [...setOf(OTHER_BASES)];
const STAGES = matcherOf(STAGE_WORDS);
const SALES = setOf(SALES_WORDS);
const NO_WORD = { kind: 'no', plain: true } as const;
/** How a mail server refuses for good: "550 5.1.1 …", "5.1.1". */
const SMTP_REFUSAL = /^5\d\d[ -]|^(?:5\d\d[ -])?5\.\d{1,3}\.\d{1,3}(?!\d)/;
const SMTP_DEFERRAL = /^4\d\d[ -]|^4\.\d{1,3}\.\d{1,3}(?!\d)/;
const MAIL = { within: [...setOf(words.MAIL_CHANNELS.within)], whole: setOf(words.MAIL_CHANNELS.whole) };
const OTHERS = { within: [...setOf(words.OTHER_CHANNELS.within)], whole: setOf(words.OTHER_CHANNELS.whole) };
const STATUS: ReadonlyMap<string, Status> = new Map(
  words.STATUS.flatMap(({ refusal, ...lists }) =>
    (['vague', 'likely', 'sure'] as const).flatMap((surest) =>
      [...setOf(lists[surest])].map((word) => [word, { refusal, surest }] as const),
    ),
  ),
);

/** What databases write where nothing happened. */
const NO_DATE = /^(?:0000|0001|1900-01-0[01]|1970-01-01|0?[01][./]0?1[./](?:0001|1900|1970))/;
const NUMBERS = [
  /^\d{4}-\d{1,2}-\d{1,2}/,
  /^\d{4}[./]\d{1,2}[./]\d{1,2}/,
  /^\d{1,2}[./-]\d{1,2}[./-](?:\d{2}|\d{4})(?!\d)/,
  /^(?:19|20)\d{6}(?:T?\d{4,6}Z?)?$/,
  // Seconds and milliseconds since 1970, and a spreadsheet's days since 1900.
  /^1\d{9}(?:\d{3})?$/,
  /^[34]\d{4}(?:\.\d+)?$/,
];
const MONTH =
  /(?:^|[^\p{L}])(?:jan|ene|gen|feb|fev|mar|mrt|mär|abr|apr|avr|mai|may|mag|mei|maj|jun|jui|giu|jul|lug|aug|ago|aou|sep|set|oct|okt|ott|out|nov|dec|dez|dic)\p{L}*/iu;

function isDate(text: string): boolean {
  if (NUMBERS.some((form) => form.test(text))) return true;
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '');
  return plain.length <= 60 && /(?:^|\D)(?:19|20)\d{2}(?!\d)/.test(plain) && /(?:^|\D)\d{1,2}(?!\d)/.test(plain) && MONTH.test(plain);
}

function tickOf(text: string): 'yes' | 'no' | undefined {
  const sign = [...text][0] ?? '';
  if (words.TICKS.yes.includes(sign)) return 'yes';
  return words.TICKS.no.includes(sign) ? 'no' : undefined;
}

/** `["email","sms"]`, "Email; Phone". */
function channelsOf(text: string): Answer | undefined {
  const parts = text
    .split(/[,;|/&+[\]{}"'\s]+/)
    .map(bare)
    .filter((part) => part !== '' && part !== 'and' && part !== 'und' && part !== 'y');
  if (parts.length === 0) return { kind: 'empty' };
  if (parts.length > 12) return undefined;
  const isMail = (part: string) => MAIL.whole.has(part) || MAIL.within.some((word) => part.includes(word));
  return parts.every((part) => isMail(part) || isOtherChannel(part)) ? { kind: 'channels', mail: parts.some(isMail) } : undefined;
}

/** "I do not agree", "No, thanks", "liegt nicht vor". A yes must not have a word in it that is not understood. */
function sentenceOf(text: string): Answer {
  const tokens = wordsOf(text);
  const { negations, against, vague, waits, wants, consent, list, subscription, mail, covered } = polarityOf(tokens, 'cell');
  const agrees = tokens.some((token) => AGREES.has(token));
  const begins = BEGINS_YES.has(tokens[0] ?? '');
  if (tokens.length === 0 || negations > 1 || (negations > 0 && (against !== undefined || begins))) return { kind: 'other' };
  if (against !== undefined) return begins ? { kind: 'other' } : { kind: 'status', refusal: against.refusal, surest: 'vague' };
  if (negations === 1) return { kind: 'no', plain: false };
  if (waits) return { kind: 'status', refusal: 'unconfirmed', surest: 'vague' };
  if (vague) return { kind: 'other' };
  const about = consent || list || subscription || (mail && wants);
  return (agrees && (!consent || covered)) || begins || (covered && about) ? { kind: 'yes' } : { kind: 'other' };
}
