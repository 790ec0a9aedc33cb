import type { Store } from './database.ts';
import { type HeldRow, heldBy, holders } from './recovery.ts';
import { isAlive } from './sqlite/lock.ts';

/** What the next worker makes of a mail that it takes over. */
export type Becomes = 'pending' | 'ready' | 'uncertain';

export interface Abandoned {
  readonly job: number;
  readonly becomes: Becomes;
}

/** Mails that a worker that is gone still holds, by id: for those who only read, and tell what will become of them. */
export async function abandonedMails({ db, locks }: Pick<Store, 'db' | 'locks'>): Promise<ReadonlyMap<number, Abandoned>> {
  const gone = (await holders(db)).filter((id) => !isAlive(locks, id));
  return new Map((await heldBy(db, gone)).map((row) => [row.id, { job: row.job_id, becomes: becomes(row) }]));
}

/** How many there are, by what they become. */
export type AbandonedCounts = Readonly<Record<Becomes, number>>;

export function countAbandoned(mails: Iterable<Abandoned>): AbandonedCounts {
  const counts = { pending: 0, ready: 0, uncertain: 0 };
  for (const mail of mails) counts[mail.becomes]++;
  return counts;
}

/** Those that come back into the line: nothing of them was sent. */
export function returningMails(mails: ReadonlyMap<number, Abandoned>): number[] {
  return [...mails].flatMap(([id, mail]) => (mail.becomes === 'ready' ? [id] : []));
}

/** Why such a mail is where it is, in place of the reason that its row has not. */
export function whyAbandoned({ becomes: next }: Pick<Abandoned, 'becomes'>): string {
  return `its worker is gone; the next one takes it over at its start: ${NEXT[next]}`;
}

const NEXT: Record<Becomes, string> = {
  pending: 'pending again',
  ready: 'ready again, as nothing of it was sent',
  uncertain: 'uncertain, as it may have been accepted',
};

function becomes({ state, armed }: HeldRow): Becomes {
  if (state === 'drafting') return 'pending';
  return armed === 1 ? 'uncertain' : 'ready';
}
