import { readRefusal } from '../domain/refusal.ts';
import type { Store } from '../store/database.ts';
import { bouncePage, liftBounces, type Suppression } from '../store/suppressions.ts';

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

function unfounded({ email_key, reason, source, created_at }: Suppression): Unfounded | undefined {
  const [, reply, digits] = /^hard bounce: ((5\d\d)\b.*)$/s.exec(reason) ?? [];
  const message = Number(/^message (\d+)$/.exec(source)?.[1]);
  if (reply === undefined || !Number.isInteger(message)) return undefined;
  const evidence = (['rcpt', 'dot'] as const).some((phase) => readRefusal(phase, Number(digits), reply).means === 'no mailbox');
  return evidence ? undefined : { email_key, message, reply, created_at };
}
