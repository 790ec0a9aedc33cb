/**
 * A young mailbox starts small and grows with every day on which it sends; a day off neither raises
 * nor lowers it. Usual ramps: 5 to 10 on the first day, 2 to 5 more each day.
 */
export interface WarmUp {
  /** Mails on the first day. */
  readonly start: number;
  /** More on each further day that has sent. */
  readonly step: number;
}

/** Mails that a sender may try in 24 hours, today; null when nothing limits it. `activeDays`: earlier days on which it has sent. */
export function capToday(dailyCap: number | null, warmUp: WarmUp | null, activeDays: number): number | null {
  if (warmUp === null) return dailyCap;
  return Math.min(dailyCap ?? Infinity, warmUp.start + warmUp.step * activeDays);
}
