import { bare } from '../domain/usualNames.ts';
import type { Refusal } from './consentWords.ts';
import * as words from './consentWords.ts';
import { contentHeaderOf, isAboutPartners, isWork, type Named, preferenceOf, type Weak } from './contentHeaders.ts';
import { matcherOf, type Polarity, polarityOf, wordsOf } from './polarity.ts';
import { SALES as SALES_WORDS, TOPICS as TOPIC_WORDS } from './polarityWords.ts';
import * as statusNames from './statusNames.ts';

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
      /** Its name may stand over something else: it is about consent if its cells answer such a question. */
      readonly weak: Weak;
    }
  /** Read if one of its words is about consent. `surest`: how plain such a word must be. */
  | {
      readonly kind: 'status';
      readonly surest: 'sure' | 'likely' | 'vague';
      /** It has many other words, which say nothing of mail. */
      readonly open: boolean;
    }
  /** What somebody prefers. `none`: to want none of it is a refusal. `bulk`: other channels alone are one too. */
  | { readonly kind: 'preference'; readonly none: boolean; readonly bulk: boolean }
  /** "Opt in / out": its cells must say which. */
  | { readonly kind: 'pair'; readonly refusal: Refusal }
  /** Of several words in one cell. */
  | { readonly kind: 'tags' }
  /** About consent, and it cannot be told which way: a double negation. */
  | { readonly kind: 'doubtful' };

type Means = Omit<Named, 'weak'>;

const LONGEST_NAME = 200;
/** What divides a name into clauses, and what stands between two answers. */
const CLAUSES = /[()[\]{}/|:;,]|\s[-–—]\s/;
const IN_OR_OUT = /(?<!\p{L})(?:in *[/|] *out|out *[/|] *in|in or out|out or in)(?!\p{L})/iu;
const ALTERNATIVES = /[/|]|\s(?:or|oder|ou|lub)\s/i;
/** So many words are no longer a name with something aside, but a sentence. */
const SENTENCE = 5;

/** What the column of this name may say about mail; undefined where it says nothing. */
export function roleOf(header: string): Role | undefined {
  const short = header.slice(0, LONGEST_NAME);
  const pair = pairIn(short);
  if (pair !== undefined) return pair;
  const role = roleOfClause(short);
  return role?.kind === 'doubtful' ? (agreedOf(short) ?? role) : role;
}

/** "No bulk mail (opted out)": two clauses that say the same are no double negation. */
function agreedOf(header: string): Role | undefined {
  const [first, ...others] = header
    .split(CLAUSES)
    .filter((clause) => clause.trim() !== '')
    .map(roleOfClause);
  const agree =
    others.length > 0 && others.every((role) => role?.kind === 'named' && first?.kind === 'named' && role.means === first.means);
  return agree ? first : undefined;
}

/** "Opt in / out", "Subscribed/unsubscribed". */
function pairIn(header: string): Role | undefined {
  if (IN_OR_OUT.test(header) && roleOfClause(header.replace(IN_OR_OUT, 'in'))?.kind === 'named')
    return { kind: 'pair', refusal: 'unsubscribed' };
  const parts = header.split(ALTERNATIVES);
  if (parts.length !== 2) return undefined;
  const roles = parts.map(roleOfClause);
  const [yes, no] = roles.map((role) => (role?.kind === 'named' ? role : undefined));
  if (yes === undefined || no === undefined || yes.means === no.means || yes.weak !== undefined || no.weak !== undefined) return undefined;
  return { kind: 'pair', refusal: yes.means === 'against' ? yes.refusal : no.refusal };
}

function roleOfClause(short: string): Role | undefined {
  const name = bare(short);
  if (name === '' || words.NOT_CONSENT.test(name)) return undefined;
  const tokens = wordsOf(short);
  if (tokens[0] === 'no' && tokens[1] === 'of') return undefined;
  const polarity = polarityOf(tokens);
  const turned = polarity.negations > 0 || polarity.against !== undefined;
  const sentence = tokens.length >= SENTENCE || tokens.some((token) => PRONOUNS.has(token));
  if (isAboutOthers(name, sentence && turned ? [] : tokens) || isAboutPartners(tokens)) return undefined;
  const preference = preferenceOf(polarity, tokens);
  if (preference !== undefined) return { kind: 'preference', ...preference };
  const named = nameOf(polarity, name, tokens);
  if (named === 'doubtful') return { kind: 'doubtful' };
  if (named?.means === 'for' && tokens.some((token) => REMARKS.has(token))) return { kind: 'status', surest: 'vague', open: true };
  if (named?.means === 'for' && !sentence && !named.whole && tokens.some(isAside)) return undefined;
  if (named !== undefined) return namedRole(named, name, tokens);
  if (TAGS.has(name)) return { kind: 'tags' };
  return statusRole(name, tokens);
}

/** "Opted in by" names a person, "by email" a way. */
function isAside(token: string, at: number, tokens: readonly string[]): boolean {
  return ASIDE_OF_CONSENT.has(token) || (token === 'by' && !/mail|newsletter/.test(tokens.slice(at + 1, at + 3).join(' ')));
}

/** By the lists of names, then by the words of consent in it, then by those of what is sent. */
function nameOf(polarity: Polarity, name: string, tokens: readonly string[]): (Named & { whole: boolean }) | 'doubtful' | undefined {
  // Without a "(yes/no)" behind it.
  const plain = tokens.join('');
  const base = HEADERS.find(({ whole, within }) => whole.has(name) || whole.has(plain) || within.some((part) => name.includes(part)));
  if (base?.means === 'against' && isWork(base.refusal, polarity, tokens)) return undefined;
  const named = base === undefined ? headerOf(polarity, name, tokens) : turnedBase(base, polarity);
  if (named === 'doubtful') return named;
  if (named !== undefined) return { ...named, weak: undefined, whole: base?.whole.has(name) === true };
  if (OPEN_QUESTIONS.has(tokens[0] ?? '')) return undefined;
  const weaker = contentHeaderOf(polarity, tokens);
  return weaker === undefined || weaker === 'doubtful' ? weaker : { ...weaker, whole: false };
}

/** A name that is known by itself, and what a negation or a refusal beside it makes of it. */
function turnedBase({ means, refusal, negated }: Means & { negated: boolean }, polarity: Polarity): Means | 'doubtful' {
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
function headerOf(polarity: Polarity, name: string, tokens: readonly string[]): Means | 'doubtful' | undefined {
  const { negations, against, wants, consent, list, subscription, mail, contact, orders, engagement, vague } = polarity;
  if (isPermissionToOther(polarity, tokens)) return undefined;
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

/** "Permission set", "Content permissions": to see or to change something. */
function isPermissionToOther({ mail, list, contact, covered, wants }: Polarity, tokens: readonly string[]): boolean {
  if (mail || list || contact || covered || !wants) return false;
  const topics = tokens.filter((token) => CONSENT.has(token));
  return (
    topics.length > 0 && topics.every((token) => /^(?:permission|agreement)/.test(token)) && !tokens.some((token) => PRONOUNS.has(token))
  );
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
const CONSENT = matcherOf(TOPIC_WORDS.consent);
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
const [ASIDE, TELLING, DATES, TAGS] = [setOf(words.ASIDE), setOf(words.TELLING), setOf(words.DATES), setOf(statusNames.TAGS)];
const [STATUS_NAMES, STATUS_OF_OTHERS, PLAIN] = [
  setOf(statusNames.STATUS_NAMES),
  setOf(statusNames.STATUS_OF_OTHERS),
  setOf(statusNames.PLAIN_STATUS),
];
const [OPEN_STATUS, OPEN_OF_OTHERS, REMARKS] = [
  setOf(statusNames.OPEN_STATUS),
  setOf(statusNames.OPEN_OF_OTHERS),
  setOf(statusNames.REMARKS),
];
const [OF_THE_ADDRESS, OF_THE_LIST] = [setOf(statusNames.OF_THE_ADDRESS), setOf(statusNames.OF_THE_LIST)];

function isAboutOthers(name: string, tokens: readonly string[]): boolean {
  if (tokens.some((token) => ASIDE.has(token)) || TOPICS.some((topic) => name.includes(topic))) return true;
  const other = OTHERS.within.some((part) => name.includes(part)) || tokens.some((token) => OTHERS.whole.has(token));
  return other && !/e?mail|newsletter|correo|courriel/.test(name.replace(/direct(e)?mail|physicalmail|briefpost/g, ''));
}

function namedRole({ means, refusal, weak }: Named, name: string, tokens: readonly string[]): Role {
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
    weak,
  };
}

function statusRole(name: string, tokens: readonly string[]): Role | undefined {
  const open = tokens.some((token) => OPEN_STATUS.has(token) || token === 'abo');
  const states = tokens.map(stateIn);
  const isStatus = STATUS_NAMES.has(name) || PLAIN.has(name) || states.some((state) => state !== undefined);
  if (!isStatus && !open) return undefined;
  const parts = [...tokens, ...states.filter((state) => state !== undefined)];
  if (parts.some((token) => STATUS_OF_OTHERS.has(token) || (open && OPEN_OF_OTHERS.has(token)))) return undefined;
  if (isStatus && parts.some((token) => OF_THE_LIST.has(token)) && !TAGS.has(name)) return { kind: 'status', surest: 'vague', open };
  const plain = PLAIN.has(name) || [name, ...parts].some((token) => OF_THE_ADDRESS.has(token));
  return { kind: 'status', surest: plain && !open ? 'likely' : 'sure', open };
}

/** What stands before the state in one word: "mailstatus" → mail, "status" → "". */
function stateIn(token: string): string | undefined {
  if (STATUS_NAMES.has(token)) return '';
  return /^(.{3,})(?:status|statut|zustand)$/.exec(token)?.[1];
}
