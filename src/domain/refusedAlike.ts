/**
 * Refusals in a row, in the same words and with nothing accepted in between, speak of the sender and not of the people:
 * a From that is not the login's mailbox, a relay that wants a login, a block list, a link that filters refuse.
 */

/** The row of one sender: what the refusals have in common, and whom they were for. */
export interface RefusedAlike {
  /** See `skeletonOf`. */
  readonly skeleton: string;
  readonly refusals: readonly { readonly message: number; readonly domain: string }[];
}

/** Different domains after which the refusals are the sender's fault. */
const DOMAINS = 3;
/** Refusals with positive evidence of a missing mailbox that a poor list may hold in a row. */
const MISSING = 9;

/** The row with one more refusal; a refusal in other words begins a new one. */
export function refusedOnceMore(
  row: RefusedAlike | null,
  { skeleton, message, domain }: { readonly skeleton: string; readonly message: number; readonly domain: string },
): RefusedAlike {
  const before = row?.skeleton === skeleton ? row.refusals.filter((refusal) => refusal.message !== message) : [];
  // More than decide need not be kept.
  return { skeleton, refusals: [...before, { message, domain }].slice(-(MISSING + 1)) };
}

export function domainsOf({ refusals }: RefusedAlike): number {
  return new Set(refusals.map(({ domain }) => domain)).size;
}

/** Whether the row is the sender's fault. `missing`: each refusal says that there is no such mailbox. */
export function isSendersFault(row: RefusedAlike, missing: boolean): boolean {
  return domainsOf(row) >= DOMAINS && (!missing || row.refusals.length > MISSING);
}
