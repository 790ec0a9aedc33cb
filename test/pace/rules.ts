import { HOLIDAY_AFTER, JOBS, LAUNCH_AFTER, LIMITS, SENDERS, type Simulated } from './simulation.ts';

/**
 * The rules of pace, written down a second time and judged from the finished database alone: nothing
 * here uses the program's own code. Returns what was broken, in words.
 */
export interface Verdict {
  readonly broken: readonly string[];
  /** Accepted mails of each job. */
  readonly byJob: readonly number[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Try {
  readonly id: number;
  readonly message: number;
  readonly job: number;
  readonly sender: keyof typeof SENDERS;
  readonly at: number;
  readonly outcome: string | null;
  readonly counted: number;
  readonly email: string;
  readonly zone: string | undefined;
}

export async function judge({ bench, from }: Simulated): Promise<Verdict> {
  const tries = await readTries(bench.store.db);
  const byJob = JOBS.map((_, index) => tries.filter(({ job, outcome }) => job === index + 1 && outcome === 'accepted').length);
  return { broken: brokenRules(tries, from), byJob };
}

/** `tries` in order of time. */
export function brokenRules(tries: readonly Try[], from: number): string[] {
  const broken: string[] = [];
  const complain = (rule: string, { id, sender, at }: Try, more = '') =>
    broken.push(`${rule}: attempt ${id} of ${sender} at ${new Date(at).toISOString()} ${more}`.trim());
  oncePerMessage(tries, complain);
  for (const sender of Object.keys(SENDERS) as (keyof typeof SENDERS)[]) {
    const own = tries.filter((one) => one.sender === sender);
    gaps(own, SENDERS[sender].gap?.min ?? 0, complain);
    caps(own, SENDERS[sender], complain);
  }
  rolling(tries, HOUR, LIMITS.sendPerHour, 'more than the hourly limit', complain);
  recipients(tries, complain);
  windows(tries, from, complain);
  months(tries, broken);
  jobs(tries, from, complain);
  return broken;
}

type Complain = (rule: string, at: Try, more?: string) => void;

/** After an attempt that was or may have been accepted there is no other. */
function oncePerMessage(tries: readonly Try[], complain: Complain): void {
  const done = new Map<number, string>();
  for (const one of tries) {
    const before = done.get(one.message);
    if (before !== undefined) complain('a second mail', one, `after ${before}`);
    if (['accepted', 'ambiguous', 'recipient_refused', 'content_refused'].includes(one.outcome ?? 'none'))
      done.set(one.message, one.outcome ?? 'none');
  }
}

function gaps(own: readonly Try[], least: number, complain: Complain): void {
  for (const [index, one] of own.entries()) {
    const before = own[index - 1];
    if (before !== undefined && one.at - before.at < least) complain('the sender’s gap', one, `only ${one.at - before.at} ms`);
  }
}

function caps(
  own: readonly Try[],
  { dailyCap, warmUp }: { readonly dailyCap: number | null; readonly warmUp: { readonly start: number; readonly step: number } | null },
  complain: Complain,
): void {
  const counted = own.filter((one) => one.counted === 1);
  const days = new Set<string>();
  for (const [index, one] of counted.entries()) {
    const today = localDate('Europe/Madrid', one.at);
    const earlier = [...days].filter((day) => day < today).length;
    const cap = Math.min(dailyCap ?? Infinity, warmUp === null ? Infinity : warmUp.start + warmUp.step * earlier);
    const before = counted[index - cap];
    if (before !== undefined && one.at - before.at < DAY) complain(`more than ${cap} in 24 hours`, one);
    days.add(today);
  }
}

function rolling(tries: readonly Try[], span: number, most: number, rule: string, complain: Complain): void {
  const counted = tries.filter(({ counted: counts }) => counts === 1);
  for (const [index, one] of counted.entries()) {
    const before = counted[index - most];
    if (before !== undefined && one.at - before.at < span) complain(rule, one);
  }
}

function recipients(tries: readonly Try[], complain: Complain): void {
  const domains = new Map<string, Try[]>();
  for (const one of tries) {
    const domain = one.email.slice(one.email.indexOf('@') + 1);
    if (one.counted === 1) domains.set(domain, [...(domains.get(domain) ?? []), one]);
  }
  for (const [domain, own] of domains) {
    gaps(own, LIMITS.domainGap, (_, one, more) => complain(`the gap of ${domain}`, one, more));
    if (domain !== 'gmail.com') rolling(own, DAY, LIMITS.perCompanyDay, `too many to ${domain}`, complain);
  }
}

function windows(tries: readonly Try[], from: number, complain: Complain): void {
  const holiday = new Date(from + HOLIDAY_AFTER).toISOString().slice(0, 10);
  for (const one of tries) {
    const job = JOBS[one.job - 1];
    if (job === undefined || !('window' in job.campaign)) continue;
    const { window } = job.campaign;
    const zone = window.ofRecipient && one.zone?.includes('/') === true ? one.zone : window.timezone;
    const { date, minutes, weekday } = localParts(zone, one.at);
    const inside = minutes >= window.from && minutes < window.to && (window.days as readonly number[]).includes(weekday);
    if (!inside || date === holiday) complain('outside its window', one, `in ${zone}: ${date}, minute ${minutes}, weekday ${weekday}`);
  }
}

/** A message keeps the month of its first try that was not given back; no month holds more than the limit. */
function months(tries: readonly Try[], broken: string[]): void {
  const taken = new Map<string, Set<number>>();
  for (const one of tries) {
    if (!['accepted', 'ambiguous'].includes(one.outcome ?? '')) continue;
    const month = new Date(one.at).toISOString().slice(0, 7);
    taken.set(month, (taken.get(month) ?? new Set()).add(one.message));
  }
  for (const [month, messages] of taken)
    if (messages.size > LIMITS.emailsPerMonth) broken.push(`more than the monthly limit: ${messages.size} in ${month}`);
}

function jobs(tries: readonly Try[], from: number, complain: Complain): void {
  const drip = tries.filter(({ job }) => job === 2);
  gaps(drip, HOUR / 4, (_, one, more) => complain('the drip’s rate', one, more));
  for (const one of tries) if (one.job === 3 && one.at < from + LAUNCH_AFTER) complain('before its start', one);
  const { first, wait } = JOBS[0].campaign.canary;
  const out = new Set<number>();
  let watchFrom: number | undefined;
  for (const one of tries.filter(({ job, outcome }) => job === 1 && isOut(outcome))) {
    if (watchFrom !== undefined && one.at < watchFrom + wait) complain('while the canary is watched', one);
    out.add(one.message);
    if (out.size === first) watchFrom ??= one.at;
  }
}

function isOut(outcome: string | null): boolean {
  return ['accepted', 'ambiguous', 'recipient_refused'].includes(outcome ?? '');
}

async function readTries(db: Simulated['bench']['store']['db']): Promise<Try[]> {
  const rows = await db
    .selectFrom('attempts')
    .innerJoin('messages', 'messages.id', 'attempts.message_id')
    .innerJoin('prospects', 'prospects.id', 'messages.prospect_id')
    .select(['attempts.id', 'attempts.message_id', 'messages.job_id', 'attempts.sender', 'attempts.started_at'])
    .select(['attempts.outcome', 'attempts.counted', 'prospects.email', 'prospects.fields'])
    .orderBy('attempts.started_at')
    .orderBy('attempts.id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    message: row.message_id,
    job: row.job_id,
    sender: row.sender as keyof typeof SENDERS,
    at: row.started_at,
    outcome: row.outcome,
    counted: row.counted,
    email: row.email,
    zone: (JSON.parse(row.fields) as { timezone?: string }).timezone,
  }));
}

const formats = new Map<string, Intl.DateTimeFormat>();
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** The wall clock of a zone, by Intl. */
function localParts(zone: string, at: number): { date: string; minutes: number; weekday: number } {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      weekday: 'short',
      hourCycle: 'h23',
    });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    date: `${parts.year}-${parts.month}-${parts.day}`,
    minutes: Number(parts.hour) * 60 + Number(parts.minute),
    weekday: WEEKDAYS.indexOf(parts.weekday ?? '') + 1,
  };
}

function localDate(zone: string, at: number): string {
  return localParts(zone, at).date;
}
