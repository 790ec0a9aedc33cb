import { saysAddressIsInvalid } from '../domain/invalidAddress.ts';
import { type Envelope, readRefusal } from '../domain/refusal.ts';
import type { Store } from '../store/database.ts';
import { type Bounce, bouncePage, liftBounces } from '../store/suppressions.ts';

const PAGE = 500;

/** A suppression that a bounce brought, and that the same reply would not bring today. */
export interface Unfounded {
  readonly email_key: string;
  /** Of the mail that was refused. */
  readonly message: number;
  readonly reply: string;
  readonly created_at: number;
}

/**
 * Suppressions that an earlier version made of a refusal which is no evidence of a missing mailbox. Where in the
 * conversation a reply came was not kept, so one that would be evidence anywhere behind MAIL stays.
 */
export async function unfoundedSuppressions(store: Store, since: number | undefined): Promise<Unfounded[]> {
  const found: Unfounded[] = [];
  for (let after = ''; ; ) {
    const page = await bouncePage(store.db, after, since, PAGE);
    found.push(...page.flatMap((row) => unfounded(row) ?? []));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return found;
    after = last.email_key;
  }
}

/** Lifts them; returns how many. What stands there for another reason by now stays. */
export function liftUnfounded(store: Store, all: readonly Unfounded[]): Promise<number> {
  return store.write(async (tx) => {
    let lifted = 0;
    for (const { message } of all) lifted += await liftBounces(tx, `message ${message}`);
    return lifted;
  });
}

function unfounded({ email_key, reason, source, created_at, envelope_from: from, envelope_to: to }: Bounce): Unfounded | undefined {
  const [, reply, digits] = /^hard bounce: (([45]\d\d)\b.*)$/s.exec(reason) ?? [];
  const message = Number(/^message (\d+)$/.exec(source)?.[1]);
  if (reply === undefined || !Number.isInteger(message)) return undefined;
  const envelope = from === null || to === null ? undefined : { from, to };
  return isEvidence(Number(digits), reply, envelope) ? undefined : { email_key, message, reply, created_at };
}

/** Providers over HTTP tell of a bad address with a 4xx, of several faults one behind the other. */
function isEvidence(code: number, reply: string, envelope: Envelope | undefined): boolean {
  if (code < 500) return reply.split('; ').some(saysAddressIsInvalid);
  return (['rcpt', 'dot'] as const).some((phase) => readRefusal(phase, code, reply, envelope).means === 'no mailbox');
}
