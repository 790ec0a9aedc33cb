import type { Limits, PaceSettings, SenderSettings } from '../../src/pipeline/gates.ts';

/** Pace settings of a workspace in UTC in which nothing is limited but what a test says. */
export function paceOf(
  senders: Record<string, Partial<Omit<SenderSettings, 'name'>>>,
  limits: Partial<Limits> = {},
  timezone = 'UTC',
): PaceSettings {
  return {
    timezone,
    senders: new Map(
      Object.entries(senders).map(([name, settings]) => [name, { name, gap: null, dailyCap: null, warmUp: null, ...settings }]),
    ),
    limits: { emailsPerMonth: null, sendPerHour: null, perCompanyDay: null, domainGap: null, ...limits },
  };
}
