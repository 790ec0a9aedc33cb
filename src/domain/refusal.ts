import type { DeliveryKind } from './delivery.ts';
import { DAY, HOUR, MINUTE } from './duration.ts';
import { type Meaning, NAMES_SENDER_ALONE, RULES, type Rule, type SmtpPhase } from './refusalRules.ts';

/** Whose fault a refusal is: of this recipient, this mail, the sender's account, or the server that sends for it. */
export type Fault = 'recipient' | 'mail' | 'account' | 'server';

export interface Refusal {
  readonly means: Meaning;
  readonly fault: Fault;
  readonly lasting: boolean;
  readonly restMs: number | undefined;
  /** The words that were read. */
  readonly words: string;
  readonly rule: Rule;
}

/** Who a refused mail is from and for. */
export interface Envelope {
  readonly from: string;
  readonly to: string;
}

/**
 * What a complete refusal means (RFC 5321 §4.2, enhanced codes RFC 3463): the first rule that fits, in the order of `RULES`.
 * With the `envelope`, "no such mailbox" that is said of the sender's own address is not taken for the recipient's.
 */
export function readRefusal(phase: SmtpPhase, code: number, text: string, envelope?: Envelope): Refusal {
  const reply = { phase, code, status: statusOf(code, text), words: wordsOf(text), raw: text.slice(0, LONGEST) };
  const first = COMPILED.find((candidate) => fits(candidate, reply))?.rule;
  if (first === undefined) throw new Error('the last rule fits every refusal');
  const ofSender = first.means === 'no mailbox' && envelope !== undefined && namesSenderAlone(reply.raw, envelope);
  const rule = ofSender ? NAMES_SENDER_ALONE : first;
  const asked = rule.means === 'quota' ? waitIn(reply.words) : undefined;
  const { fault, lasting } = MEANINGS[rule.means];
  return { means: rule.means, fault, lasting, restMs: asked ?? rule.restMs, words: reply.words, rule };
}

interface Reply {
  readonly phase: SmtpPhase;
  readonly code: number;
  readonly status: string | undefined;
  readonly words: string;
  readonly raw: string;
}

/** Of a longer reply the rest is not read. */
const LONGEST = 2_000;

const MEANINGS: Readonly<Record<Meaning, { readonly fault: Fault; readonly lasting: boolean; readonly kind: DeliveryKind }>> = {
  'no mailbox': { fault: 'recipient', lasting: true, kind: 'recipient_refused' },
  later: { fault: 'recipient', lasting: false, kind: 'temporary' },
  'this mail': { fault: 'mail', lasting: true, kind: 'content_refused' },
  quota: { fault: 'account', lasting: false, kind: 'throttled' },
  sender: { fault: 'account', lasting: false, kind: 'sender_refused' },
  'sender, stopped': { fault: 'account', lasting: true, kind: 'sender_refused' },
  policy: { fault: 'account', lasting: false, kind: 'sender_refused' },
  'server down': { fault: 'server', lasting: false, kind: 'sender_failed' },
};

export function kindOf({ means }: Refusal): DeliveryKind {
  return MEANINGS[means].kind;
}

/** Words that say nothing of their own between a noun and what is said of it. */
const LINKS =
  "is|isn't|was|are|be|been|has|have|had|also|currently|now|permanently|could|can|may|marked|as|an?|the|no|or|it|one|that|which|who|entered|here|this|you(?:'re)?|tried|try|trying|wrote|to|reach|contact|send|e-?mail|name[d]?|mail|account|address|mailbox|user|recipient|specified|requested|given|disabled|valid";
const LINK = `(?:[ ,:;.()-]+(?:${LINKS})(?![\\w'])){0,12}[ ,:;.()-]+`;

const COMPILED = RULES.map((rule) => ({ rule, says: patternOf(rule.says), unless: patternOf(rule.unless) }));

function fits({ rule, says, unless }: (typeof COMPILED)[number], { phase, code, status, words, raw }: Reply): boolean {
  return (
    (rule.phases?.includes(phase) ?? true) &&
    fitsCode(rule.codes, code) &&
    (rule.status === undefined || (status !== undefined && rule.status.test(status))) &&
    (says?.test(words) ?? true) &&
    (rule.mark?.test(raw) ?? true) &&
    unless?.test(words) !== true
  );
}

/** Phrases as one pattern: `…` is up to 60 characters, `~` links, `*` the rest of a word; each begins and ends at the edge of a word. */
function patternOf(phrases: readonly string[] | undefined): RegExp | undefined {
  if (phrases === undefined) return undefined;
  const all = phrases.map((phrase) =>
    phrase.replaceAll('(', '(?:').replaceAll(' … ', '\\b.{0,60}?\\b').replaceAll('*', '\\w*').replaceAll(' ~ ', LINK),
  );
  return new RegExp(`(?<!\\w)(?:${all.join('|')})(?!\\w)`);
}

function fitsCode(codes: Rule['codes'], code: number): boolean {
  if (codes === undefined) return true;
  if (codes === '4xx') return code < 500;
  return codes === '5xx' ? code >= 500 : codes.includes(code);
}

/** Subject and detail of an enhanced status code (RFC 3463), which counts only directly behind the reply code (RFC 2034 §4) and in its class. */
function statusOf(code: number, text: string): string | undefined {
  const found = /^\s*(?:\d{3}[ -]\s*)?#?([245])\.(\d{1,3})\.(\d{1,3})(?![.\d])/.exec(text);
  return found !== null && found[1] === String(code)[0] ? `${Number(found[2])}.${Number(found[3])}` : undefined;
}

/**
 * The words of a reply, and nothing that somebody else chose: URLs, addresses, IP addresses, host names and quoted
 * identifiers are gone, so that `rate` in corporate.example is none. In lower case and without accents.
 */
export function wordsOf(text: string): string {
  return text
    .slice(0, LONGEST)
    .replace(/(^|\n)[^\S\n]*\d{3}[ -]\s*(?:#?[245]\.\d{1,3}\.\d{1,3}(?![.\d]))?/g, '$1 ')
    .replace(/^\s*#?[245]\.\d{1,3}\.\d{1,3}(?![.\d])/, ' ')
    .replace(LINK_TO_PAGE, ' ')
    .replace(/<[^<>\s]{0,320}>/g, ' ')
    .replace(/[^\s<>()[\]"',;:]{1,64}@[^\s<>()[\]"',;]{1,255}/g, ' ')
    .replace(/[[(]?\b(?:\d{1,3}\.){3}\d{1,3}\b[\])]?/g, ' ')
    .replace(/\[?(?:ipv6:)?(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}\]?/gi, ' ')
    .replace(/(["'`])[^\s"'`]{1,200}\1/g, ' ')
    .replace(/\b(?:[a-z0-9_-]{1,63}\.){1,10}[a-z][a-z0-9-]{1,62}\b/gi, (name) => (isHostName(name) ? ' ' : name))
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('’', "'")
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim();
}

/** Whether each address in a reply, but for those that take questions, is the sender's, or its domain behind an @; without any, whether the sender's domain is named alone. */
function namesSenderAlone(text: string, { from, to }: Envelope): boolean {
  const sender = from.toLowerCase();
  const own = [sender, sender.slice(sender.lastIndexOf('@'))];
  const recipient = to.toLowerCase();
  const named = (text.replace(LINK_TO_PAGE, ' ').match(ADDRESS) ?? []).map((address) => address.toLowerCase().replace(/(?<!\.)\.+$/, ''));
  const others = named.filter((address) => !own.includes(address) && (address === recipient || !TAKES_QUESTIONS.test(address)));
  if (named.length === 0) return namesDomainAlone(text, sender, recipient);
  return others.length === 0 && !own.includes(recipient) && named.some((address) => own.includes(address));
}

/** `The domain ruiz.example: no such user ana` */
function namesDomainAlone(text: string, sender: string, recipient: string): boolean {
  const [own, other] = [sender, recipient].map((address) => address.slice(address.lastIndexOf('@') + 1));
  const named = new Set(
    text
      .toLowerCase()
      .split(/[^a-z0-9.-]+/)
      .map((word) => word.replace(/^\.+|(?<!\.)\.+$/g, '')),
  );
  return own !== other && named.has(own ?? '') && !named.has(other ?? '');
}

const TAKES_QUESTIONS = /^(?:postmaster|abuse|support|help(?:desk)?|info|contact|admin|delist)@/;
const LINK_TO_PAGE = /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S+/gi;
const ADDRESS = /[^\s<>()[\]"',;:=]{0,64}@[^\s<>()[\]"',;:/]{1,255}/g;

/** `mx.example`, and not "later.Please", nor an identifier such as STOREDRV.Submission. */
function isHostName(name: string): boolean {
  const labels = name.split('.');
  return labels.length > 2 || !/^[A-Z]/.test(labels.at(-1) ?? '');
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: MINUTE, h: HOUR };

/** "try again in 15 minutes": as long as a server asks for, at most a day. */
function waitIn(words: string): number | undefined {
  const found = /\b(?:in|after|within|for|wait) (\d{1,5}) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b/.exec(words);
  const unit = UNITS[found?.[2]?.charAt(0) ?? ''];
  if (found === null || unit === undefined || Number(found[1]) === 0) return undefined;
  return Math.min(DAY, Number(found[1]) * unit);
}

/** What two refusals for the same reason have in common: the code and the words, without all that differs from mail to mail. */
export function skeletonOf(code: number | null, text: string): string {
  const words = wordsOf(text)
    .replace(/[[(][^\])]{0,200}[\])]/g, ' ')
    .replace(/\S+/g, (word) => (/\d/.test(word) ? ' ' : word))
    .replace(/[^\p{L} ]+/gu, ' ');
  return `${code ?? ''} ${statusOf(code ?? 0, text) ?? ''} ${words.replace(/\s+/g, ' ').trim()}`.trim().slice(0, 300);
}
