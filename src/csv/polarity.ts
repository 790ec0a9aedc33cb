import { bare } from '../domain/usualNames.ts';
import type { Refusal } from './consentWords.ts';
import * as words from './polarityWords.ts';

/** Which way the words of a header or of a cell point. */
export interface Polarity {
  /** "not", "without"; "ne … pas" is one. */
  readonly negations: number;
  /** A word of refusal or withdrawal; `plain` where it is about mail by itself. */
  readonly against: { readonly refusal: Refusal; readonly plain: boolean } | undefined;
  /** A word that may mean both: "plus". */
  readonly vague: boolean;
  readonly wants: boolean;
  readonly waits: boolean;
  readonly confirms: boolean;
  readonly engagement: boolean;
  /** "contact", "mail" as something to do: behind a negation it is an order. */
  readonly orders: boolean;
  readonly consent: boolean;
  readonly list: boolean;
  /** Of a list or of a product. */
  readonly subscription: boolean;
  readonly mail: boolean;
  readonly contact: boolean;
  /** Every word is for mail, about it, or means nothing of its own. */
  readonly covered: boolean;
}

/** Compares a word with a list of whole words, beginnings and parts. */
export interface Matcher {
  has(token: string): boolean;
}

/** Reads the notation of the lists: `word`, `begins-`, `-within-`. */
export function matcherOf(list: string): Matcher {
  const entries = list.split(/\s+/).filter((entry) => entry !== '');
  const of = (test: RegExp) => entries.filter((entry) => test.test(entry)).map(bare);
  const [whole, begins, within] = [new Set(of(/^[^-].*[^-]$|^[^-]$/)), of(/^[^-].*-$/), of(/^-.*-$/)];
  return {
    has: (token) => whole.has(token) || begins.some((part) => token.startsWith(part)) || within.some((part) => token.includes(part)),
  };
}

const MOST_TOKENS = 60;

const NEGATIONS = new Set(words.NEGATIONS.split(/\s+/).map(bare));
const STRENGTHENERS = new Set(words.STRENGTHENERS.split(/\s+/).map(bare));
const MORE_OR_NO_MORE = new Set(words.MORE_OR_NO_MORE.split(/\s+/));
const AGAINST = words.AGAINST.map(({ words: list, ...rest }) => ({ ...rest, list: matcherOf(list) }));
const [WANTS, WAITS, CONFIRMS, ENGAGEMENT] = [words.WANTS, words.WAITS, words.CONFIRMS, words.ENGAGEMENT].map(matcherOf) as [
  Matcher,
  Matcher,
  Matcher,
  Matcher,
];
const [CONTACTING, FILLERS, BETWEEN] = [matcherOf(words.CONTACTING), matcherOf(words.FILLERS), matcherOf(words.BETWEEN)];
const TOPICS = {
  consent: matcherOf(words.TOPICS.consent),
  list: matcherOf(words.TOPICS.list),
  subscription: matcherOf(words.TOPICS.subscription),
  mail: matcherOf(words.TOPICS.mail),
  contact: matcherOf(words.TOPICS.contact),
};
const [YES_OF_PAIR, NO_OF_PAIR] = [
  new Set('yes y ja j oui o si s sim tak t true 1'.split(' ')),
  new Set('no n nein non nee nao nie false f 0'.split(' ')),
];
const OR = new Set('or oder ou of lub and und'.split(' '));

/** `HasOptedOut_ofEmail` → has, optedout, of, email; "doesn't" → doesnt; "yes/no" is left out. */
export function wordsOf(text: string): string[] {
  const tokens = text
    .replace(/(\p{L})['’`´](?=t\b)/giu, '$1')
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/\b(e)-(?=mail)/gi, '$1')
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .map(bare)
    .filter((token) => token !== '')
    .slice(0, MOST_TOKENS);
  return joined(withoutPairs(tokens)).flatMap(unglued);
}

/** What the words say together. */
export function polarityOf(tokens: readonly string[], where: 'header' | 'cell' = 'header'): Polarity {
  const strong = tokens.filter((token, at) => NEGATIONS.has(token) && !(where === 'header' && isNumberSign(tokens, at))).length;
  const weak = tokens.filter((token) => STRENGTHENERS.has(token));
  const some = (matcher: Matcher) => tokens.some((token) => matcher.has(token));
  const against = AGAINST.find(({ list }) => some(list));
  const lone = strong === 0 ? weak : [];
  return {
    negations: strong > 0 ? countOf(tokens, strong) : lone.some((token) => !MORE_OR_NO_MORE.has(token)) ? 1 : 0,
    against: against && { refusal: against.refusal, plain: against.plain },
    vague: strong === 0 && tokens.includes('plus'),
    wants: some(WANTS),
    waits: some(WAITS),
    confirms: some(CONFIRMS),
    engagement: tokens.some((token, at) => ENGAGEMENT.has(token) && !toBe(tokens, at)),
    orders:
      tokens.some((token, at) => CONTACTING.has(token) && isOrdered(tokens, at)) ||
      tokens.some((token, at) => TOPICS.contact.has(token) && toBe(tokens, at)),
    consent: some(TOPICS.consent),
    list: some(TOPICS.list),
    subscription: some(TOPICS.subscription),
    mail: some(TOPICS.mail),
    contact: some(TOPICS.contact),
    covered: tokens.every((token) => FILLERS.has(token) || WANTS.has(token) || Object.values(TOPICS).some((topic) => topic.has(token))),
  };
}

/** "ne … n'…" and "no … no" of Romance and Slavic sentences stand in one clause; two of them are two only where the words differ. */
function countOf(tokens: readonly string[], strong: number): number {
  return strong === 2 && tokens.includes('ne') && tokens.includes('n') ? 1 : strong;
}

/** The word before it, those of no meaning of their own left out, is a negation: "not to contact", and not "do not modify contact". */
function isOrdered(tokens: readonly string[], at: number): boolean {
  for (let before = at - 1; before >= 0; before--) {
    const token = tokens[before] ?? '';
    if (NEGATIONS.has(token) || STRENGTHENERS.has(token)) return true;
    if (!FILLERS.has(token) && !BETWEEN.has(token)) return false;
  }
  return false;
}

/** "Not to be contacted" is an order, "not contacted" none. */
function toBe(tokens: readonly string[], at: number): boolean {
  return tokens[at - 1] === 'be';
}

/** "No. of e-mails", "Contact No": a number. */
function isNumberSign(tokens: readonly string[], at: number): boolean {
  return tokens[at] === 'no' && (at === tokens.length - 1 || tokens[at + 1] === 'of');
}

/** "(yes/no)" tells what the cells hold. */
function withoutPairs(tokens: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const next = OR.has(tokens[at + 1] ?? '') ? at + 2 : at + 1;
    const [one, other] = [tokens[at] ?? '', tokens[next] ?? ''];
    const pair = (YES_OF_PAIR.has(one) && NO_OF_PAIR.has(other)) || (NO_OF_PAIR.has(one) && YES_OF_PAIR.has(other));
    if (pair) at = next;
    else kept.push(one);
  }
  return kept;
}

/** "opt out" → optout, "dado de baja" → dadodebaja, "No longer" stays. */
function joined(tokens: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    const next = tokens[at + 1] ?? '';
    if (/^opt(s|ed|ing)?$/.test(token) && (next === 'out' || next === 'in')) {
      kept.push(token + next);
      at++;
    } else if (/^sign(?:ed)?$/.test(token) && next === 'up') {
      kept.push(`${token}up`);
      at++;
    } else if (token === 'hear' && next === 'from') {
      kept.push('hearfrom');
      at++;
    } else if (/^dad[oa]$/.test(token) && next === 'de' && tokens[at + 2] === 'baja') {
      kept.push(`${token}debaja`);
      at += 2;
    } else kept.push(token);
  }
  return kept;
}

const GLUED = [...NEGATIONS, 'do', 'does', 'is', 'has', 'please'].filter((word) => word.length > 1);
const DEEPEST = 4;

/** "donotemail" → do, not, email; a word that only begins like a negation stays whole. */
function unglued(token: string): string[] {
  if (token.length < 6) return [token];
  const parts = peeled(token, DEEPEST);
  return parts?.some((part) => NEGATIONS.has(part)) === true ? parts : [token];
}

function peeled(token: string, depth: number): string[] | undefined {
  if (begins(token)) return [token];
  if (depth === 0) return undefined;
  for (const word of GLUED) {
    const rest = token.startsWith(word) && token.length > word.length + 2 ? peeled(token.slice(word.length), depth - 1) : undefined;
    if (rest !== undefined) return [word, ...rest];
  }
  return undefined;
}

const STARTS = [words.WANTS, ...Object.values(words.TOPICS), words.CONTACTING]
  .flatMap((list) => list.split(/\s+/))
  .map((entry) => bare(entry))
  .filter((entry) => entry.length >= 4);

function begins(token: string): boolean {
  return STARTS.some((start) => token.startsWith(start));
}
