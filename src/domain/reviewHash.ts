import { createHash } from 'node:crypto';

/** What a person types to say which mail, or which list of mails, they have read: the first digits of a SHA-256, in hex. */

/** Digits that are printed. */
const SHOWN = 12;
/** Digits that name one mail. */
const LEAST = 8;
/** Digits that name a list: each of its beginnings is compared, so that eight might fit one by chance. */
const LEAST_OF_LIST = SHOWN;

export function shortHash(sha256: string): string {
  return sha256.slice(0, SHOWN);
}

/** What is wrong with the digits that were typed; undefined when they can name something. */
export function hashProblem(digits: string, of: 'mail' | 'list'): string | undefined {
  const least = of === 'mail' ? LEAST : LEAST_OF_LIST;
  if (!/^[0-9a-f]*$/i.test(digits) || digits.length > 64) return 'is no hash';
  return digits.length < least ? `is too short: the first ${least} digits of the hash, or more` : undefined;
}

export function isHash(sha256: string | null, digits: string): sha256 is string {
  return sha256?.startsWith(digits.toLowerCase()) === true;
}

/** A mail in review and the hash of its frozen bytes; null while there is no draft. */
export interface Listed {
  readonly id: number;
  readonly hash: string | null;
}

/**
 * The hash of a list of mails in review, as far as it was shown: SHA-256 over a line `ID HASH` for each, in order, and `ID -` for one
 * without a draft. Whoever reads the JSON lines of `messages` can make it too.
 */
export class ListHash {
  readonly #hash = createHash('sha256');
  /** How many were added. */
  length = 0;

  add({ id, hash }: Listed): void {
    this.length++;
    this.#hash.update(`${id} ${hash ?? '-'}\n`);
  }

  /** Of what was added so far; more may follow. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
