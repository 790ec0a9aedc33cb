/** The usage period a moment belongs to: its UTC month, `2026-11`. Stored with the ledger row and never recomputed. */
export function usagePeriod(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

/** The first moment of the next UTC month. */
export function periodEnd(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
