import type { Refusal } from './consentWords.ts';
import * as words from './contentWords.ts';
import { matcherOf, type Polarity } from './polarity.ts';
import * as polarityWords from './polarityWords.ts';

/** A name that may stand over other things too, so that only its cells tell: half of them must answer, or all. */
export type Weak = 'half' | 'all' | undefined;

/** Which way a column asks. */
export interface Named {
  readonly means: 'for' | 'against';
  readonly refusal: Refusal;
  readonly weak: Weak;
}

const [CONTENT, ONE_OFFER, PROCESSING, PRIVACY, QUALIFIERS, WISHES, REFUSES] = [
  matcherOf(words.CONTENT),
  matcherOf(words.ONE_OFFER),
  matcherOf(words.PROCESSING),
  matcherOf(words.PRIVACY),
  matcherOf(words.QUALIFIERS),
  matcherOf(words.WISHES),
  matcherOf(words.REFUSES),
];
const [OBJECTS, RESTRICTS, STOPS, LOCKS] = [
  matcherOf(words.OBJECTS),
  matcherOf(words.RESTRICTS),
  matcherOf(words.STOPS),
  matcherOf(words.LOCKS),
];
const [REMOVES, ERASES, ASKING, AROUND_ORDERS] = [
  matcherOf(words.REMOVES),
  matcherOf(words.ERASES),
  matcherOf(words.ASKING),
  matcherOf(words.AROUND_ORDERS),
];
const [MASS, BULK, PERSONAL, AGAIN, WAYS, OWNS] = [
  matcherOf('bulk mass direct auf przez registration registr- signup signedup alta abo abonnement'),
  matcherOf(polarityWords.BULK),
  matcherOf('me mich mir moi us you mi mij'),
  matcherOf('again wieder encore nuevamente ancora opnieuw novamente ponownie'),
  matcherOf('by via per par por przez mediante'),
  matcherOf('has have had hat haben a ont tiene tienen ha hanno heeft hebben tem ma maja'),
];
const [FILLERS, CONTACTING] = [matcherOf(polarityWords.FILLERS), matcherOf(polarityWords.CONTACTING)];
const NEGATING = matcherOf(`${polarityWords.NEGATIONS} ${polarityWords.STRENGTHENERS} ${polarityWords.MORE_OR_NO_MORE}`);
const [PREFERENCES, CHOICES, PARTNERS, AND, WORK, THINGS, SALES] = [
  matcherOf(words.PREFERENCES),
  matcherOf(words.CHOICES),
  matcherOf(words.PARTNERS),
  matcherOf(words.AND),
  matcherOf(words.WORK),
  matcherOf(words.THINGS),
  matcherOf(polarityWords.SALES),
];
const PLURAL =
  /^(?:complaints|bounces|outs|optouts|unsubscribes|unsubs|objections|consents|beschwerden|abmeldungen|plaintes|quejas|reclami|klachten|skargi)$/;
const FOR_TOPICS = [polarityWords.FILLERS, polarityWords.WANTS, ...Object.values(polarityWords.TOPICS)].map(matcherOf);

type Test = (token: string) => boolean;
const about: Test = (token) => FOR_TOPICS.some((list) => list.has(token));
const content: Test = (token) => CONTENT.has(token) || PRIVACY.has(token);
const around: Test = (token) => AROUND_ORDERS.has(token) || FILLERS.has(token) || token.length === 1;

/** What a name says that has no word of consent itself, but one of what is sent, of contact by mail, or of removal. */
export function contentHeaderOf(polarity: Polarity, tokens: readonly string[]): Named | 'doubtful' | undefined {
  return orderOf(polarity, tokens) ?? sentOf(polarity, tokens) ?? contactOf(polarity, tokens);
}

/** "Please remove", "Erasure requested", "Objection date", "Stop", "Sperre". */
function orderOf({ negations, orders }: Polarity, tokens: readonly string[]): Named | undefined {
  const some = (test: Test) => tokens.some(test);
  const asks: Test = (token) => ASKING.has(token);
  const contacts: Test = (token) => CONTACTING.has(token);
  const negates: Test = (token) => NEGATING.has(token);
  const only = (...tests: Test[]) => tokens.every((token) => tests.some((test) => test(token)));
  if (negations > 0) return negations === 1 && orders && only(contacts, negates, asks, around) ? against('do_not_contact') : undefined;
  const removes: Test = (token) => REMOVES.has(token);
  const erases: Test = (token) => ERASES.has(token);
  const objects: Test = (token) => OBJECTS.has(token);
  if (some(removes) && only(removes, asks, around)) return against('unsubscribed');
  if (some(erases) && (some(asks) || tokens[0] === 'erasure') && only(erases, asks, around, (token) => QUALIFIERS.has(token)))
    return against('do_not_contact');
  if (some(objects) && only(objects, asks, around)) return against('do_not_contact');
  if (some((token) => STOPS.has(token)) && only((token) => STOPS.has(token), asks)) return against('do_not_contact');
  return some((token) => LOCKS.has(token)) && only((token) => LOCKS.has(token), around) ? against('blocked') : undefined;
}

/** "Please remove me", "Asked to be removed from the list": nothing else, and somebody asks for it. */
export function isOrderToRemove(tokens: readonly string[]): boolean {
  const removes: Test = (token) => REMOVES.has(token) || ERASES.has(token) || STOPS.has(token);
  const asks: Test = (token) => ASKING.has(token) || CONTACTING.has(token);
  return tokens.some(removes) && tokens.some(asks) && tokens.every((token) => removes(token) || asks(token) || around(token));
}

/** Somebody wants something, or lets it be done. */
export function isWish(tokens: readonly string[]): boolean {
  return tokens.some((token) => WISHES.has(token));
}

/** What is sent is named: "offers". */
export function namesContent(tokens: readonly string[]): boolean {
  return tokens.some(content);
}

/** "Accepts commercial communications", "No offers please", "Email updates", "Objected to processing". */
function sentOf(polarity: Polarity, tokens: readonly string[]): Named | 'doubtful' | undefined {
  const { negations, mail, list } = polarity;
  const some = (test: Test) => tokens.some(test);
  const wishes = some((token) => WISHES.has(token)) || isToldToSend(tokens);
  // A "data processing agreement" is a contract between businesses.
  const processing = some((token) => PROCESSING.has(token)) && !some((token) => /^(?:agreement|addendum|vertrag|contract)/.test(token));
  const refuses = some((token) => REFUSES.has(token) || OBJECTS.has(token) || (processing && RESTRICTS.has(token)));
  const topic = processing || some(content) || ((wishes || refuses) && some((token) => ONE_OFFER.has(token)));
  const covered = tokens.every(
    (token) =>
      about(token) ||
      content(token) ||
      QUALIFIERS.has(token) ||
      NEGATING.has(token) ||
      ONE_OFFER.has(token) ||
      PROCESSING.has(token) ||
      token.length === 1 ||
      refusesSent([token]),
  );
  if (!topic) return undefined;
  const strength = mail || list || some((token) => PRIVACY.has(token)) || polarity.wants || negations > 0 ? 'half' : 'all';
  const flips = negations + (refuses ? 1 : 0);
  if (flips > 1) return wishes || covered ? 'doubtful' : undefined;
  if (flips === 1 && (refuses || wishes || covered))
    return { means: 'against', refusal: 'no_consent', weak: refuses || wishes ? undefined : strength };
  if (covered && refusesSent(tokens)) return { means: 'against', refusal: 'no_consent', weak: 'half' };
  if (flips > 0 || polarity.against !== undefined) return undefined;
  if (wishes) return { means: 'for', refusal: 'no_consent', weak: processing ? 'half' : undefined };
  return covered && (!processing || polarity.wants || mail || list) ? { means: 'for', refusal: 'no_consent', weak: strength } : undefined;
}

/** "Contact by email", "By email", "Contact me again?", "Newsletter signup". */
function contactOf({ negations, against: refused, mail, contact, engagement }: Polarity, tokens: readonly string[]): Named | undefined {
  const some = (test: Test) => tokens.some(test);
  const known: Test = (token) => about(token) || PRIVACY.has(token) || AGAIN.has(token) || MASS.has(token);
  if (negations > 0 || refused !== undefined || engagement || !tokens.every(known)) return undefined;
  const bulk =
    (some((token) => BULK.has(token)) || (mail && some((token) => MASS.has(token)))) && !(tokens.length > 1 && OWNS.has(tokens[0] ?? ''));
  const personal = tokens.length > 1 && (mail || contact) && some((token) => PERSONAL.has(token) || AGAIN.has(token));
  const way = mail && (contact || WAYS.has(tokens[0] ?? ''));
  return bulk || personal || way ? { means: 'for', refusal: 'no_consent', weak: 'half' } : undefined;
}

/** "Communications refused", but not "Offers declined". */
function refusesSent(tokens: readonly string[]): boolean {
  const refuses = tokens.some((token) => /^(?:refus|declin|reject|rechaz|rifiut|recus|abgelehn|verweiger|geweiger|odrzuc)/.test(token));
  return refuses && !tokens.some((token) => /^(?:offer|ofert|offre|angebot|aanbied)/.test(token));
}

/** "Send me …" */
function isToldToSend(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => /^(?:send|keep|sign|add|put)$/.test(token) && PERSONAL.has(tokens[at + 1] ?? ''));
}

function against(refusal: Refusal): Named {
  return { means: 'against', refusal, weak: 'half' };
}

/** A column of what somebody prefers: of mail to many, or of ways to reach them. */
export function preferenceOf({ mail, contact, list }: Polarity, tokens: readonly string[]): { none: boolean; bulk: boolean } | undefined {
  const prefers = tokens.some((token) => PREFERENCES.has(token));
  const chooses = tokens.some((token) => CHOICES.has(token));
  if (!prefers && !chooses) return undefined;
  return (list && prefers) || mail || contact || tokens.some((token) => CONTENT.has(token))
    ? { none: prefers && !chooses, bulk: list }
    : undefined;
}

/** "Partner offers" is about the mail of somebody else; "from us and our partners" is about ours too. */
export function isAboutPartners(tokens: readonly string[]): boolean {
  const at = tokens.findIndex((token) => PARTNERS.has(token));
  return at >= 0 && !tokens.slice(Math.max(0, at - 3), at).some((token) => AND.has(token));
}

/** "Complaints handled", "Bounced cheques": how a business deals with those of others. */
export function isWork(refusal: Refusal, { mail, list }: Polarity, tokens: readonly string[]): boolean {
  if (tokens.some((token) => WORK.has(token)) && tokens.some((token) => PLURAL.test(token))) return true;
  if (refusal !== 'bounced' && refusal !== 'blocked' && refusal !== 'complained') return false;
  if (!mail && !list && tokens.some((token) => THINGS.has(token) || SALES.has(token))) return true;
  return refusal === 'complained' && tokens.some((token) => /^(?:handl|resol|customer|product|service)/.test(token));
}
