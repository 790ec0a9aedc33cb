import { bare } from '../domain/usualNames.ts';
import type { Refusal } from './consentWords.ts';
import * as words from './consentWords.ts';
import { matcherOf, type Polarity, polarityOf, wordsOf } from './polarity.ts';
import { SALES as SALES_WORDS } from './polarityWords.ts';

/** What a column may say about mail to the person of its row. */
export type Role =
  | {
      readonly kind: 'named';
      /** Whether a yes is for mail or against it. */
      readonly means: 'for' | 'against';
      readonly refusal: Refusal;
      /** Any text in it says that it happened: the reason of a bounce, the campaign of an opt-out. */
      readonly tells: boolean;
      readonly dated: boolean;
      /** An empty cell says nothing, where other columns of a kind with this one are filled by consent alone. */
      readonly joined: boolean;
      /** A name that is used for other things too: what is not understood in it says nothing. */
      readonly loose: boolean;
    }
  /** Read if one of its words is about consent. `surest`: how plain such a word must be. */
  | { readonly kind: 'status'; readonly surest: 'sure' | 'likely' | 'vague' }
  /** Of several words in one cell. */
  | { readonly kind: 'tags' }
  /** About consent, and it cannot be told which way: a double negation. */
  | { readonly kind: 'doubtful' };

const LONGEST_NAME = 200;
/** So many words are no longer a name with something aside, but a sentence. */
const SENTENCE = 5;

/** What the column of this name may say about mail; undefined where it says nothing. */
export function roleOf(header: string): Role | undefined {
  const short = header.slice(0, LONGEST_NAME);
  const name = bare(short);
  if (name === '' || words.NOT_CONSENT.test(name)) return undefined;
  const tokens = wordsOf(short);
  const polarity = polarityOf(tokens);
  const turned = polarity.negations > 0 || polarity.against !== undefined;
  const sentence = tokens.length >= SENTENCE || tokens.some((token) => PRONOUNS.has(token));
  if (isAboutOthers(name, sentence && turned ? [] : tokens)) return undefined;
  // Without a "(yes/no)" behind it.
  const plain = tokens.join('');
  const base = HEADERS.find(({ whole, within }) => whole.has(name) || whole.has(plain) || within.some((part) => name.includes(part)));
  const named = base === undefined ? headerOf(polarity, name, tokens) : turnedBase(base, polarity);
  if (named === 'doubtful') return { kind: 'doubtful' };
  if (named?.means === 'for' && !sentence && base?.whole.has(name) !== true && tokens.some((token) => ASIDE_OF_CONSENT.has(token)))
    return undefined;
  if (named !== undefined) return namedRole(named, name, tokens);
  if (TAGS.has(name)) return { kind: 'tags' };
  return statusRole(name, tokens);
}

interface Named {
  readonly means: 'for' | 'against';
  readonly refusal: Refusal;
}

/** A name that is known by itself, and what a negation or a refusal beside it makes of it. */
function turnedBase({ means, refusal, negated }: Named & { negated: boolean }, polarity: Polarity): Named | 'doubtful' {
  const { negations, against, vague } = polarity;
  if (means === 'against') {
    const doubtful = negated ? negations > 1 || (negations > 0 && against !== undefined) : negations > 0;
    return doubtful ? 'doubtful' : { means, refusal };
  }
  const flips = negations + (against === undefined ? 0 : 1);
  if (flips > 1 || (flips === 0 && vague)) return 'doubtful';
  if (flips === 0) return { means, refusal };
  return { means: 'against', refusal: against?.refusal ?? (refusal === 'invalid' ? 'invalid' : 'no_consent') };
}

/** A sentence or a phrase about mail, by its words: what it is about, and which way they turn. */
function headerOf(polarity: Polarity, name: string, tokens: readonly string[]): Named | 'doubtful' | undefined {
  const { negations, against, wants, consent, list, subscription, mail, contact, orders, engagement, vague } = polarity;
  const strong = consent || list || (subscription && (negations > 0 || mail));
  if (!strong && !subscription && !mail && !contact) return undefined;
  if (engagement && !strong && !wants && against?.plain !== true) return undefined;
  if (negations === 0 && against === undefined) {
    if (OPEN_QUESTIONS.has(tokens[0] ?? '')) return undefined;
    if (vague && strong) return 'doubtful';
    const asks = (strong || mail) && ASKS.some((word) => name.includes(word));
    return asks || ((consent || list || mail || contact) && asksLeave(tokens)) ? { means: 'for', refusal: 'no_consent' } : undefined;
  }
  const turnedMail = mail || wants || (negations > 0 && orders) || against?.plain === true;
  if (against?.plain === false && !strong && tokens.some((token) => SALES.has(token))) return undefined;
  const hard = against !== undefined && against.refusal !== 'bounced' && against.refusal !== 'complained';
  if (!strong && !turnedMail && !(contact && hard)) return subscription ? 'doubtful' : undefined;
  return negations > 1 || (negations > 0 && against !== undefined)
    ? 'doubtful'
    : { means: 'against', refusal: refusalOf(polarity, strong) };
}

function refusalOf({ against, confirms, wants, consent, subscription }: Polarity, strong: boolean): Refusal {
  if (against !== undefined) return against.refusal;
  if (confirms && !wants && !strong) return 'unconfirmed';
  return consent || wants || subscription ? 'no_consent' : 'do_not_contact';
}

/** "May we e-mail you", "Contact allowed"; "send" and "hear" say so to a person: "send me". */
function asksLeave(tokens: readonly string[]): boolean {
  if (tokens.length < 2) return false;
  if (tokens[0] === 'send' || tokens.some((token) => PERMITS.has(token))) return true;
  return tokens.some((token) => PRONOUNS.has(token)) && tokens.some((token) => PERMITS_TO_ME.has(token));
}

/** The words of a list, as names are compared. */
export function setOf(list: string): ReadonlySet<string> {
  return new Set(
    list
      .split(/\s+/)
      .map(bare)
      .filter((word) => word !== ''),
  );
}

const HEADERS = words.HEADERS.map(({ whole, within, negated = false, ...rest }) => ({
  ...rest,
  negated,
  whole: setOf(whole),
  within: [...setOf(within)],
}));
const [PERMITS, PERMITS_TO_ME] = [matcherOf(words.PERMITS), matcherOf(words.PERMITS_TO_ME)];
/** These columns tell of the address, and have words of their own for what they cannot tell. */
const LOOSE: ReadonlySet<Refusal> = new Set(['invalid', 'inactive', 'unconfirmed']);
const SALES = setOf(SALES_WORDS);
const OPEN_QUESTIONS = setOf(words.OPEN_QUESTIONS);
const PRONOUNS = setOf(words.PRONOUNS);
const OTHERS = { within: [...setOf(words.OTHER_CHANNELS.within)], whole: setOf(words.OTHER_CHANNELS.whole) };
const TOPICS = [...setOf(words.OTHER_TOPICS)];
const ASKS = [...setOf(words.ASKS)];
const ASIDE_OF_CONSENT = setOf(words.ASIDE_OF_CONSENT);
const [ASIDE, TELLING, DATES, TAGS] = [setOf(words.ASIDE), setOf(words.TELLING), setOf(words.DATES), setOf(words.TAGS)];
const [STATUS_NAMES, STATUS_OF_OTHERS, PLAIN] = [setOf(words.STATUS_NAMES), setOf(words.STATUS_OF_OTHERS), setOf(words.PLAIN_STATUS)];
const [OF_THE_ADDRESS, OF_THE_LIST] = [setOf(words.OF_THE_ADDRESS), setOf(words.OF_THE_LIST)];

function isAboutOthers(name: string, tokens: readonly string[]): boolean {
  if (tokens.some((token) => ASIDE.has(token)) || TOPICS.some((topic) => name.includes(topic))) return true;
  const other = OTHERS.within.some((part) => name.includes(part)) || tokens.some((token) => OTHERS.whole.has(token));
  return other && !/e?mail|newsletter|correo|courriel/.test(name.replace(/direct(e)?mail|physicalmail|briefpost/g, ''));
}

function namedRole({ means, refusal }: { means: 'for' | 'against'; refusal: Refusal }, name: string, tokens: readonly string[]): Role {
  const dated = tokens.some((token) => DATES.has(token)) || /(date|time|datum|timestamp)$/.test(name);
  const tells = means === 'against' && (tokens.some((token) => TELLING.has(token)) || /reason$/.test(name));
  return {
    kind: 'named',
    means,
    refusal,
    tells,
    dated,
    joined: words.JOINED.test(name),
    loose: LOOSE.has(refusal) || words.LOOSE.test(name),
  };
}

function statusRole(name: string, tokens: readonly string[]): Role | undefined {
  if (!STATUS_NAMES.has(name) && !PLAIN.has(name) && !tokens.some((token) => STATUS_NAMES.has(token))) return undefined;
  if (tokens.some((token) => STATUS_OF_OTHERS.has(token))) return undefined;
  if (tokens.some((token) => OF_THE_LIST.has(token)) && !TAGS.has(name)) return { kind: 'status', surest: 'vague' };
  const plain = PLAIN.has(name) || [name, ...tokens].some((token) => OF_THE_ADDRESS.has(token));
  return { kind: 'status', surest: plain ? 'likely' : 'sure' };
}
