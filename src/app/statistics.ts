import { campaignNames, missingCampaign } from '../config/campaignFolder.ts';
import { DAY } from '../domain/duration.ts';
import { clockShifts } from '../domain/localDay.ts';
import { MESSAGE_STATES, OPEN_STATES, sumOf } from '../domain/message.ts';
import { findCampaign } from '../store/campaigns.ts';
import type { Store } from '../store/database.ts';
import {
  atOneMoment,
  countsNow,
  domainsTriedMost,
  draftedMails,
  type EndedRow,
  endedMails,
  type ReturnedRow,
  returnedMails,
  type Span,
} from '../store/statistics.ts';
import type { App } from './app.ts';

/** What became of mails: each is counted once, on the day of its last try; one that came back later is `sent` and `bounced`. */
export interface Tally {
  /** Accepted by the provider. */
  readonly sent: number;
  /** Refused by the recipient's server (then `failed` too), or sent back later. */
  readonly bounced: number;
  readonly complained: number;
  readonly uncertain: number;
  readonly failed: number;
}

/** What `outreach stats` tells; times are ISO 8601 UTC, dates those of `timezone`. */
export interface Statistics {
  /** Null for all of them. */
  readonly campaign: string | null;
  readonly timezone: string;
  /** Null when nothing is left out. */
  readonly since: string | null;
  readonly until: string;
  readonly totals: Totals;
  readonly by_sender: readonly (Tally & { readonly sender: string })[];
  readonly by_domain: readonly (Tally & { readonly domain: string })[];
  /** All other domains together, and forgotten people. */
  readonly other_domains: Tally & { readonly domains: number };
  /** Days on which nothing happened are left out. */
  readonly by_day: readonly DayTally[];
}

interface Totals extends Tally {
  /** Mails whose text was written. */
  readonly drafted: number;
  readonly suppressed: number;
  readonly cancelled: number;
  /** As they stand now, whatever the period: every mail, those that a worker has still to write or send, and those in review. */
  readonly total: number;
  readonly waiting: number;
  readonly review: number;
}

export interface DayTally extends Tally {
  readonly date: string;
  /** Written on this day, whenever they were sent. */
  readonly drafted: number;
  readonly suppressed: number;
}

export interface StatisticsRequest {
  readonly campaign: string | undefined;
  /** Epoch ms. */
  readonly since: number | undefined;
  /** Domains with a line of their own. */
  readonly top: number;
  readonly now: number;
}

export async function readStatistics(app: App, request: StatisticsRequest): Promise<Statistics> {
  const { db } = await app.openStore();
  return atOneMoment(db, (moment) => count(app, moment, request));
}

/** The last `most` calendar days, to `today` if that is given; those without anything included, and all earlier ones in one. */
export function lastDays(
  { by_day }: Pick<Statistics, 'by_day'>,
  most: number,
  today = '',
): { earlier: Tally | undefined; days: readonly DayTally[] } {
  const [first] = by_day;
  if (first === undefined) return { earlier: undefined, days: [] };
  const end = Math.max(...[by_day.at(-1)?.date ?? '', today].map((date) => Date.parse(date)).filter((at) => !Number.isNaN(at)));
  const begin = Math.max(Date.parse(first.date), end - (most - 1) * DAY);
  const known = new Map(by_day.map((day) => [day.date, day]));
  const days: DayTally[] = [];
  for (let at = begin; at <= end; at += DAY) {
    const date = new Date(at).toISOString().slice(0, 10);
    days.push(known.get(date) ?? { date, drafted: 0, ...NOTHING, suppressed: 0 });
  }
  const before = by_day.filter(({ date }) => Date.parse(date) < begin);
  return { earlier: before.length === 0 ? undefined : sumTallies(before), days };
}

/** The campaign's row. One whose file is gone still has its mails; one without a lead yet has no row, and mails of none. */
export async function campaignRow({ workspace }: App, db: Store['db'], name: string): Promise<number> {
  const found = await findCampaign(db, name);
  if (found !== undefined) return found.id;
  if (campaignNames(workspace).includes(name)) return NO_ROW;
  throw missingCampaign(workspace, name);
}

export function sumTallies(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, each) => ({
      sent: sum.sent + each.sent,
      bounced: sum.bounced + each.bounced,
      complained: sum.complained + each.complained,
      uncertain: sum.uncertain + each.uncertain,
      failed: sum.failed + each.failed,
    }),
    NOTHING,
  );
}

const NOTHING: Tally = { sent: 0, bounced: 0, complained: 0, uncertain: 0, failed: 0 };
const NO_ROW = 0;
/** Before it a clock was wrong, and then its day is no matter. */
const FIRST_MAIL = Date.parse('2020-01-01T00:00:00Z');

async function count(app: App, db: Store['db'], request: StatisticsRequest): Promise<Statistics> {
  const { timezone } = app.pace;
  const { campaign = null, since, top, now } = request;
  const span: Span = {
    campaignId: campaign === null ? undefined : await campaignRow(app, db, campaign),
    since,
    clock: clockShifts(timezone, Math.min(FIRST_MAIL, now), now),
  };
  const domains = await domainsTriedMost(db, span, top);
  const ended = await endedMails(db, span, domains.top);
  const returned = await returnedMails(db, span);
  const drafted = await draftedMails(db, span);
  const counts = await countsNow(db, span.campaignId);
  const all = tallyOf(ended, returned);
  const by_domain = byDomain(ended, returned, domains.top);
  return {
    campaign,
    timezone,
    since: since === undefined ? null : new Date(since).toISOString(),
    until: new Date(now).toISOString(),
    totals: {
      total: sumOf(counts, MESSAGE_STATES),
      drafted: drafted.reduce((sum, { n }) => sum + n, 0),
      ...all,
      suppressed: sumOfState(ended, 'suppressed'),
      cancelled: sumOfState(ended, 'cancelled'),
      waiting: sumOf(counts, OPEN_STATES),
      review: counts.review,
    },
    by_sender: bySender(ended, returned),
    by_domain,
    other_domains: { domains: domains.domains - by_domain.length, ...rest(all, by_domain) },
    by_day: byDay(ended, returned, drafted),
  };
}

function tallyOf(ended: readonly EndedRow[], returned: readonly ReturnedRow[]): Tally {
  const refused = ended.reduce((sum, row) => sum + row.refused, 0);
  return {
    sent: sumOfState(ended, 'accepted'),
    bounced: refused + sumWhere(returned, 'bounced'),
    complained: sumWhere(returned, 'complained'),
    uncertain: sumOfState(ended, 'uncertain'),
    failed: sumOfState(ended, 'failed'),
  };
}

function sumOfState(rows: readonly EndedRow[], state: EndedRow['state']): number {
  return rows.reduce((sum, row) => (row.state === state ? sum + row.n : sum), 0);
}

function sumWhere(rows: readonly ReturnedRow[], kind: ReturnedRow['kind']): number {
  return rows.reduce((sum, row) => (row.kind === kind ? sum + row.n : sum), 0);
}

function bySender(ended: readonly EndedRow[], returned: readonly ReturnedRow[]): Statistics['by_sender'] {
  const ends = grouped(ended, ({ sender }) => sender);
  const backs = grouped(returned, ({ sender }) => sender);
  return [...ends]
    .flatMap(([sender, rows]) => (sender === null ? [] : [{ sender, ...tallyOf(rows, backs.get(sender) ?? []) }]))
    .sort((one, other) => other.sent - one.sent || one.sender.localeCompare(other.sender));
}

function byDomain(ended: readonly EndedRow[], returned: readonly ReturnedRow[], domains: readonly string[]): Statistics['by_domain'] {
  const ends = grouped(ended, ({ domain }) => domain);
  const backs = grouped(returned, ({ domain }) => domain);
  return domains
    .map((domain) => ({ domain, ...tallyOf(ends.get(domain) ?? [], backs.get(domain) ?? []) }))
    .sort((one, other) => other.sent - one.sent || one.domain.localeCompare(other.domain));
}

function byDay(ended: readonly EndedRow[], returned: readonly ReturnedRow[], drafted: readonly { day: number; n: number }[]): DayTally[] {
  const ends = grouped(ended, ({ day }) => day);
  const backs = grouped(returned, ({ day }) => day);
  const texts = new Map(drafted.map(({ day, n }) => [day, n]));
  const days = [...new Set([...ends.keys(), ...backs.keys(), ...texts.keys()])].sort((one, other) => one - other);
  return days.map((day) => ({
    date: new Date(day * DAY).toISOString().slice(0, 10),
    drafted: texts.get(day) ?? 0,
    ...tallyOf(ends.get(day) ?? [], backs.get(day) ?? []),
    suppressed: sumOfState(ends.get(day) ?? [], 'suppressed'),
  }));
}

function grouped<Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

function rest(all: Tally, parts: readonly Tally[]): Tally {
  const taken = sumTallies(parts);
  return {
    sent: all.sent - taken.sent,
    bounced: all.bounced - taken.bounced,
    complained: all.complained - taken.complained,
    uncertain: all.uncertain - taken.uncertain,
    failed: all.failed - taken.failed,
  };
}
