import { bare } from '../domain/usualNames.ts';
import { answerOf, elementsOf, isOtherChannel, type Status, statusOf, type Verdict } from './consentValues.ts';
import type { Refusal } from './consentWords.ts';
import * as words from './contentWords.ts';
import { matcherOf, wordsOf } from './polarity.ts';

const [NONE, ONLY, PREFERENCES] = [matcherOf(words.NONE), matcherOf(words.ONLY), matcherOf(words.PREFERENCES)];

/** A cell of a column of preferences: what is not understood in it is another preference. */
export function readPreference(cell: string, { none, bulk }: { readonly none: boolean; readonly bulk: boolean }): Verdict {
  const tokens = wordsOf(cell);
  if (NONE.has(bare(cell))) return none ? { refusal: 'no_consent' } : 'nothing';
  if (tokens.some((token) => PREFERENCES.has(token))) return 'nothing';
  if (tokens.some((token) => ONLY.has(token))) return readOnly(tokens);
  const answer = answerOf(cell);
  switch (answer.kind) {
    case 'yes':
      return none ? 'allowed' : 'nothing';
    case 'channels':
      return answer.mail ? 'allowed' : bulk ? { refusal: 'no_consent' } : 'nothing';
    case 'no':
      if (answer.plain) return none ? { refusal: 'no_consent' } : 'nothing';
      return refusedBy(statusOf(cell));
    case 'status':
      return answer.refusal === undefined ? 'allowed' : refusedBy(answer);
    default:
      return refusedBy(statusOf(cell));
  }
}

/** "Phone only" */
function readOnly(tokens: readonly string[]): Verdict {
  const others = tokens.some(isOtherChannel);
  return others && !tokens.some((token) => /mail|correo|courriel/.test(token)) ? { refusal: 'no_consent' } : 'nothing';
}

/** Of words that only may be about consent, those that tell what somebody wants. */
function refusedBy(status: Status | undefined): Verdict {
  if (status?.refusal === undefined) return 'nothing';
  return status.surest === 'sure' || WANTS_NONE.has(status.refusal) ? { refusal: status.refusal } : 'nothing';
}

const WANTS_NONE: ReadonlySet<Refusal> = new Set(['unsubscribed', 'do_not_contact', 'blocked', 'complained']);

/** "In" and "out" of a column "Opt in / out"; undefined for what does not say which. */
export function readPair(cell: string, refusal: Refusal): Verdict | undefined {
  const word = bare(cell);
  if (word === 'in') return 'allowed';
  if (word === 'out') return { refusal };
  const answer = answerOf(cell);
  if (answer.kind === 'empty') return 'nothing';
  const status = statusOf(cell);
  if (status === undefined || status.surest === 'likely') return undefined;
  return status.refusal === undefined ? 'allowed' : { refusal: status.refusal };
}

/** The plainest refusal of a cell with words of many kinds, or of one of its parts. */
export function surestOf(cell: string): Status | undefined {
  const found = [cell, ...elementsOf(cell)].map(statusOf).filter((status) => status !== undefined);
  return (
    found.find(({ surest, refusal }) => surest === 'sure' && refusal !== undefined) ??
    found.find(({ refusal }) => refusal !== undefined) ??
    found[0]
  );
}
