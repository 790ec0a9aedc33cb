import type { MessageState } from './message.ts';

/** What a person found out about an uncertain mail, or wants done with it. */
export type Verdict = 'sent' | 'not_sent' | 'resend';

/** What `events.detail` says of a verdict; the word stands first, and what it rests on may follow. */
export function verdictWords(verdict: Verdict, source?: string): string {
  const word = verdict.replace('_', ' ');
  return source === undefined ? word : `${word}, ${source}`;
}

/** What is known of a message when a person judges it. */
export interface Judged {
  readonly state: MessageState;
  readonly attempt_id: number | null;
  readonly attempts: readonly { readonly id: number; readonly outcome: string | null }[];
  readonly events: readonly { readonly kind: string; readonly detail: string | null }[];
}

/** Why a verdict is not taken. */
export type VerdictBar =
  /** No verdict is open: nothing is uncertain, and no person's word made it what it is. */
  | 'not_uncertain'
  /** The same verdict stands already. */
  | 'stands_already'
  /** A server accepted it: nobody can judge otherwise. */
  | 'accepted_by_server'
  /** The last try was refused by an answer that came late. */
  | 'refused_by_server'
  /** It came back or was complained of, so it had left. */
  | 'came_back';

/**
 * Whether this verdict may be given. An uncertain mail takes any. A verdict may be corrected as long as it made the
 * present state and nothing was sent since; a known answer of the server is never overruled.
 */
export function barOf(message: Judged, verdict: Verdict): VerdictBar | undefined {
  const { state, attempts } = message;
  const accepted = attempts.some(({ outcome }) => outcome === 'accepted');
  // A later try may be uncertain when an earlier one turns out accepted.
  if (state === 'uncertain') return accepted && verdict !== 'sent' ? 'accepted_by_server' : undefined;
  if (accepted) return 'accepted_by_server';
  const standing = standingVerdict(message);
  if (standing === undefined) return 'not_uncertain';
  if (standing === verdict) return 'stands_already';
  if (verdict === 'sent') return lastOutcome(message) === 'ambiguous' ? undefined : 'refused_by_server';
  return message.events.some(({ kind }) => kind === 'bounced' || kind === 'complained') ? 'came_back' : undefined;
}

/** The verdict that made the present state, while nothing was sent since and nobody asked for it; undefined when none did. */
export function standingVerdict({ state, attempt_id, attempts, events }: Judged): 'sent' | 'not_sent' | undefined {
  const expected = state === 'accepted' ? 'sent' : state === 'failed' ? 'not_sent' : undefined;
  const last = events.findLast(({ kind }) => LEAVES.includes(kind));
  if (expected === undefined || last?.kind !== 'resolved' || attempts.at(-1)?.id !== attempt_id) return undefined;
  return verdictIn(last.detail) === expected ? expected : undefined;
}

/** Events after which a message stands elsewhere than its last verdict put it. */
const LEAVES: readonly string[] = ['uncertain', 'resolved', 'retry asked', 'imported again'];

function verdictIn(detail: string | null): Verdict | undefined {
  const [, word] = /^(sent|not sent|resend)\b/.exec(detail ?? '') ?? [];
  return word === undefined ? undefined : (word.replace(' ', '_') as Verdict);
}

function lastOutcome({ attempts }: Judged): string | null {
  return attempts.at(-1)?.outcome ?? 'ambiguous';
}
