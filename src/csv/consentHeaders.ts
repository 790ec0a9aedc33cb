import { bare } from '../domain/usualNames.ts';
import type { Refusal } from './consentWords.ts';
import * as words from './consentWords.ts';

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
    }
  /** Read if one of its words is about consent. `surest`: how plain such a word must be. */
  | { readonly kind: 'status'; readonly surest: 'sure' | 'likely' | 'vague' }
  /** Of several words in one cell. */
  | { readonly kind: 'tags' };

const LONGEST_NAME = 200;

/** What the column of this name may say about mail; undefined where it says nothing. */
export function roleOf(header: string): Role | undefined {
  const short = header.slice(0, LONGEST_NAME);
  const name = bare(short);
  if (name === '') return undefined;
  const tokens = tokensOf(short);
  if (isAboutOthers(name, tokens)) return undefined;
  const named = HEADERS.find(({ whole, within }) => whole.has(name) || within.some((part) => name.includes(part))) ?? askedFor(name);
  if (named?.means === 'for' && tokens.some((token) => ASIDE_OF_CONSENT.has(token))) return undefined;
  if (named !== undefined) return namedRole(named, name, tokens);
  if (TAGS.has(name)) return { kind: 'tags' };
  return statusRole(name, tokens);
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

const HEADERS = words.HEADERS.map(({ whole, within, ...rest }) => ({ ...rest, whole: setOf(whole), within: [...setOf(within)] }));
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

function askedFor(name: string): { means: 'for'; refusal: 'no_consent' } | undefined {
  const asks = /e?mails?|newsletter|correo|courriel/.test(name) && ASKS.some((word) => name.includes(word));
  return asks ? { means: 'for', refusal: 'no_consent' } : undefined;
}

function namedRole({ means, refusal }: { means: 'for' | 'against'; refusal: Refusal }, name: string, tokens: readonly string[]): Role {
  const dated = tokens.some((token) => DATES.has(token)) || /(date|time|datum|timestamp)$/.test(name);
  const tells = means === 'against' && (tokens.some((token) => TELLING.has(token)) || /reason$/.test(name));
  return { kind: 'named', means, refusal, tells, dated, joined: words.JOINED.test(name) };
}

function statusRole(name: string, tokens: readonly string[]): Role | undefined {
  if (!STATUS_NAMES.has(name) && !PLAIN.has(name) && !tokens.some((token) => STATUS_NAMES.has(token))) return undefined;
  if (tokens.some((token) => STATUS_OF_OTHERS.has(token))) return undefined;
  if (tokens.some((token) => OF_THE_LIST.has(token)) && !TAGS.has(name)) return { kind: 'status', surest: 'vague' };
  const plain = PLAIN.has(name) || [name, ...tokens].some((token) => OF_THE_ADDRESS.has(token));
  return { kind: 'status', surest: plain ? 'likely' : 'sure' };
}

/** `HasOptedOut_ofEmail` → has, opted, out, of, email. */
function tokensOf(header: string): string[] {
  return header
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .map(bare)
    .filter((token) => token !== '');
}
