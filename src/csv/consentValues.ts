import { bare } from '../domain/usualNames.ts';
import { setOf } from './consentHeaders.ts';
import type { Refusal } from './consentWords.ts';
import * as words from './consentWords.ts';

/** What a cell of a column that names consent says, whatever the column asks. */
export type Answer =
  | { readonly kind: 'yes' | 'no' | 'empty' | 'date' }
  /** A word such as "unsubscribed" answers by itself, whichever way the column asks. */
  | { readonly kind: 'status'; readonly refusal: Refusal | undefined }
  /** The channels that it lists. */
  | { readonly kind: 'channels'; readonly mail: boolean }
  /** A delivery that was only put off. */
  | { readonly kind: 'soft' }
  /** Not understood. */
  | { readonly kind: 'other' };

/** How plainly a word is about consent. */
export type Surest = 'sure' | 'likely' | 'vague';

export interface Status {
  readonly refusal: Refusal | undefined;
  readonly surest: Surest;
}

const LONGEST_VALUE = 300;

export function answerOf(cell: string): Answer {
  const text = cell.slice(0, LONGEST_VALUE).trim();
  const ticked = text.length <= 2 && text !== '' ? tickOf(text) : undefined;
  if (ticked !== undefined) return { kind: ticked };
  const word = bare(text);
  if (word === '' || EMPTY.has(word) || NO_DATE.test(text)) return { kind: 'empty' };
  if (/^0+([.,]0+)?$/.test(text) || NO.has(word)) return { kind: 'no' };
  if (/^1([.,]0+)?$/.test(text) || YES.has(word)) return { kind: 'yes' };
  if (isDate(text)) return { kind: 'date' };
  if (SOFT.has(word)) return { kind: 'soft' };
  const status = statusOf(text);
  if (status !== undefined) return { kind: 'status', refusal: status.refusal };
  return channelsOf(text) ?? sentenceOf(text) ?? { kind: 'other' };
}

/** The word for a status that the cell begins with: "Unsubscribed (by admin)". */
export function statusOf(cell: string): Status | undefined {
  const text = cell.slice(0, LONGEST_VALUE);
  return STATUS.get(bare(text)) ?? STATUS.get(bare(text.split(/[([{,;:|]|\s[-–—]\s|\s\d/, 1)[0] ?? ''));
}

/** The words of a cell with several, such as tags. */
export function elementsOf(cell: string): string[] {
  return cell.slice(0, LONGEST_VALUE).split(/[,;|\n]|:::/);
}

/** How often something happened, as "3". */
export function isCount(cell: string): boolean {
  return /^\d{1,6}$/.test(cell.trim());
}

const [YES, NO, EMPTY, SOFT] = [setOf(words.YES), setOf(words.NO), setOf(words.EMPTY), setOf(words.SOFT)];
const [BEGINS_YES, BEGINS_NO, AGREES, NEGATES] = [
  setOf(words.BEGINS_YES),
  setOf(words.BEGINS_NO),
  setOf(words.AGREES),
  setOf(words.NEGATES),
];
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
  const isOther = (part: string) => OTHERS.whole.has(part) || OTHERS.within.some((word) => part.includes(word));
  return parts.every((part) => isMail(part) || isOther(part)) ? { kind: 'channels', mail: parts.some(isMail) } : undefined;
}

function sentenceOf(text: string): Answer | undefined {
  const tokens = text
    .split(/[^\p{L}\p{N}]+/u)
    .map(bare)
    .filter((token) => token !== '');
  const first = tokens[0] ?? '';
  if (tokens.length < 2) return undefined;
  if (BEGINS_NO.has(first)) return { kind: 'no' };
  if (tokens.some((token) => AGREES.has(token))) return { kind: tokens.some((token) => NEGATES.has(token)) ? 'no' : 'yes' };
  return BEGINS_YES.has(first) ? { kind: 'yes' } : undefined;
}
