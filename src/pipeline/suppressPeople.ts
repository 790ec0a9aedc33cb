import { domainKey } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { statesBefore } from '../domain/message.ts';
import type { Store } from '../store/database.ts';
import { noteEvent, noteEvents } from '../store/events.ts';
import { moveByHand } from '../store/messages.ts';
import { lastAccepted } from '../store/people.ts';
import type { Tx } from '../store/schema.ts';
import { anyForgotten, liftSuppressions, suppress, suppressionOf, suppressionsAmong, waitingFor } from '../store/suppressions.ts';
import { noteAgainst } from './watchSender.ts';

export interface SuppressDependencies {
  readonly store: Store;
  readonly now: () => number;
  /** The hash that a forgotten person is known by; asked only when somebody was forgotten. */
  forgottenKey(emailKey: string): string;
}

export interface Wish {
  /** An address in lower case, or `@` and a domain. */
  readonly key: string;
  readonly reason: string;
  readonly source: string;
  /** What the last mail to this address met: its sender answers for it. Left out for lists of the past. */
  readonly met?: 'bounced' | 'complained' | undefined;
}

export interface SuppressedPeople {
  /** For each wish, in order. A forgotten person is suppressed already, and their address is not stored again. */
  readonly ends: readonly ('added' | 'known' | 'forgotten')[];
  /** Waiting mails that will not be sent. */
  readonly messages: number;
  /** What is to be said of senders that have too many against them. */
  readonly warnings: readonly string[];
}

/** A whole domain may have more mails waiting than one commit should hold up a worker for. */
const MOST_MESSAGES = 1_000;

/**
 * The suppressions and the waiting mails of these people, in one commit. Of a domain with very many
 * the rest follow in commits of their own: the claim refuses them from the first one on.
 */
export async function suppressPeople(deps: SuppressDependencies, wishes: readonly Wish[]): Promise<SuppressedPeople> {
  const { ends, reasons, warnings, moved } = await deps.store.write(async (tx) => {
    const ends: SuppressedPeople['ends'][number][] = [];
    const hashed = await anyForgotten(tx);
    const reasons = new Map<string, string>();
    const warnings: string[] = [];
    for (const { key, reason, source, met } of wishes) {
      const hash = hashed && !key.startsWith('@') ? hashOf(deps, key) : undefined;
      const isForgotten = hash !== undefined && (await suppressionOf(tx, hash)) !== undefined;
      if (!isForgotten) reasons.set(key, reasons.get(key) ?? reason);
      const end = isForgotten ? 'forgotten' : (await suppress(tx, key, reason, source, deps.now())) ? 'added' : 'known';
      if (end === 'added' && met !== undefined) warnings.push(...(await holdAgainstSender(tx, key, met, deps.now())));
      ends.push(end);
    }
    return { ends, reasons, warnings, moved: await withdraw(tx, reasons, deps.now()) };
  });
  let messages = moved;
  for (let last = moved; last >= MOST_MESSAGES; messages += last) last = await deps.store.write((tx) => withdraw(tx, reasons, deps.now()));
  return { ends, messages, warnings };
}

/** Undefined where the workspace's key is lost: whoever wants no mail gets none all the same, though their address may be stored again. */
function hashOf({ forgottenKey }: SuppressDependencies, key: string): string | undefined {
  try {
    return forgottenKey(key);
  } catch (error) {
    if (error instanceof OutreachError) return undefined;
    throw error;
  }
}

/** Waiting mails → suppressed, with each person's reason; what is on the wire is met by the arm, which asks again. Returns how many moved. */
export async function withdraw(tx: Tx, reasons: ReadonlyMap<string, string>, now: number): Promise<number> {
  const keysOf = new Map<string, string[]>();
  for (const [key, reason] of reasons) keysOf.set(reason, [...(keysOf.get(reason) ?? []), key]);
  let moved = 0;
  for (const [reason, keys] of keysOf) {
    const waiting = await waitingFor(tx, keys, MOST_MESSAGES);
    if (waiting.length === 0) continue;
    const ids = await moveByHand(tx, waiting, statesBefore('suppressed'), 'suppressed', { now, reason });
    await noteEvents(tx, ids, 'suppressed', now, reason);
    moved += ids.length;
  }
  return moved;
}

/** Once a person: the suppression that brings it is new. */
async function holdAgainstSender(tx: Tx, key: string, met: 'bounced' | 'complained', now: number): Promise<string[]> {
  const attempt = await lastAccepted(tx, key);
  if (attempt === undefined) return [];
  await noteEvent(tx, attempt.message_id, met, now);
  const reason = await noteAgainst(tx, attempt, met, now);
  return reason === null ? [] : [`sender ${attempt.sender}: ${reason}`];
}

export interface Lifted {
  /** What stood in the list and is gone: the address or domain, or the hash of a forgotten person. */
  readonly lifted: readonly string[];
  /** A suppression of the address's whole domain, which still holds. */
  readonly domain: string | undefined;
}

/** The way back, for people who ask to hear again. Mails that were suppressed stay so. */
export function liftSuppression(deps: SuppressDependencies, key: string): Promise<Lifted> {
  return deps.store.write(async (tx) => {
    const hashed = !key.startsWith('@') && (await anyForgotten(tx));
    const lifted = await liftSuppressions(tx, hashed ? [key, deps.forgottenKey(key)] : [key]);
    const [domain] = key.startsWith('@') ? [] : await suppressionsAmong(tx, [domainKey(key)]);
    return { lifted, domain: domain?.email_key };
  });
}
