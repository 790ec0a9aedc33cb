import { OutreachError } from '../domain/errors.ts';
import { type Erased, erasePerson, onTheirWay, peopleAfter } from '../store/people.ts';
import { anyForgotten, suppress, suppressionsAmong } from '../store/suppressions.ts';
import { type SuppressDependencies, withdraw } from './suppressPeople.ts';

/**
 * Erases a person from the database. `key` is the address in lower case. First they are suppressed,
 * so that nothing new begins; what is on its way then has an end that must still be told, and until
 * it is, the person stays.
 */
export async function forgetPerson(deps: SuppressDependencies, key: string): Promise<Erased> {
  const hash = deps.forgottenKey(key);
  await deps.store.write(async (tx) => {
    await suppress(tx, key, 'forgotten', 'forget', deps.now());
    await withdraw(tx, new Map([[key, 'forgotten']]), deps.now());
  });
  return deps.store.write(async (tx) => {
    const busy = await onTheirWay(tx, key, deps.now());
    if (busy !== undefined) throw notYet(key, busy);
    return erasePerson(tx, key, hash, deps.now());
  });
}

const PAGE = 1_000;

/**
 * Forgets again whose hash stands in the list of suppressions: an older database that was put back may
 * hold them still. Who cannot be erased yet gets no mail all the same. Returns how many there were.
 */
export async function forgetKnown(deps: SuppressDependencies): Promise<number> {
  const { db } = deps.store;
  if (!(await anyForgotten(db))) return 0;
  let forgotten = 0;
  for (let after = '', more = true; more; ) {
    const keys = await peopleAfter(db, after, PAGE);
    const hashes = new Map(keys.map((key) => [deps.forgottenKey(key), key]));
    for (const { email_key } of await suppressionsAmong(db, [...hashes.keys()])) {
      forgotten++;
      await forgetPerson(deps, hashes.get(email_key) ?? '').catch((error: unknown) => {
        if (!(error instanceof OutreachError)) throw error;
      });
    }
    after = keys.at(-1) ?? after;
    more = keys.length === PAGE;
  }
  return forgotten;
}

function notYet(key: string, { what, id }: NonNullable<Awaited<ReturnType<typeof onTheirWay>>>): OutreachError {
  const gets = `${key} gets no mail from now on, but cannot be erased yet`;
  if (what === 'uncertain') {
    return new OutreachError('refused', `${gets}: whether message ${id} was accepted is not known, and erased it could not be told`, {
      hint: `Say what became of it: outreach resolve ${id} --sent | --not-sent    and then forget again.`,
    });
  }
  return new OutreachError('refused', `${gets}: message ${id} is ${what === 'sending' ? 'on the wire' : 'with the model'}`, {
    hint: 'Run it again in a minute. If no worker runs: outreach worker --drain settles what a killed one left.',
  });
}
