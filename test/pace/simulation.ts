import type { Campaign } from '../../src/domain/campaign.ts';
import type { Delivery } from '../../src/domain/delivery.ts';
import { claimMessage } from '../../src/pipeline/claimMessage.ts';
import { forecast } from '../../src/pipeline/forecast.ts';
import { recoverMessages } from '../../src/pipeline/recoverMessages.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { openJobs } from '../../src/store/jobs.ts';
import { registerWorker } from '../../src/store/workers.ts';
import { Random } from '../crash/random.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { paceOf } from '../support/pace.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Five senders, with every rule there is for one. */
export const SENDERS = {
  a: { dailyCap: 40, warmUp: { start: 5, step: 3 }, gap: { min: 3 * MINUTE, max: 9 * MINUTE } },
  b: { dailyCap: 60, warmUp: null, gap: { min: MINUTE, max: 5 * MINUTE } },
  c: { dailyCap: 25, warmUp: { start: 10, step: 5 }, gap: null },
  d: { dailyCap: null, warmUp: null, gap: { min: 8 * MINUTE, max: 16 * MINUTE } },
  e: { dailyCap: 30, warmUp: null, gap: { min: MINUTE, max: MINUTE } },
} as const;

export const LIMITS = { emailsPerMonth: 1_800, sendPerHour: 24, perCompanyDay: 2, domainGap: 15 * MINUTE } as const;

const EVERYBODY = { ofRecipient: false, timezone: 'Europe/Madrid' } as const;

/** What the jobs are, and what the checker expects of them. `leads` add up to 10,000. */
export const JOBS = [
  {
    leads: 6_000,
    campaign: {
      name: 'spring',
      senders: ['a', 'b', 'c'],
      rotate: true,
      window: { days: [1, 2, 3, 4, 5], from: 9 * 60, to: 17 * 60, timezone: 'Europe/Madrid', ofRecipient: true, except: [] },
      canary: { first: 10, wait: 4 * HOUR, max_bounces: 3 },
    },
    send: { mode: 'immediate', rate: null, at: null },
  },
  {
    leads: 2_500,
    campaign: { name: 'drip', senders: ['d'], window: { ...EVERYBODY, days: [1, 2, 3, 4, 5, 6, 7], from: 90, to: 20 * 60, except: [] } },
    send: { mode: 'drip', rate: 4, at: null },
  },
  {
    leads: 1_500,
    campaign: { name: 'launch', senders: ['e', 'd'] },
    send: { mode: 'scheduled', rate: null, at: null },
  },
] as const satisfies readonly { leads: number; campaign: Partial<Campaign>; send: Campaign['send'] }[];

export const LAUNCH_AFTER = 5 * DAY + 90 * MINUTE;
/** A holiday in the middle, for the jobs with a window. */
export const HOLIDAY_AFTER = 9 * DAY;

const ZONES = ['Europe/Madrid', 'America/New_York', 'Asia/Tokyo', 'Australia/Sydney', 'no zone', ''];

export interface Simulated {
  readonly bench: Bench;
  readonly from: number;
  /** What the forecast, asked at the beginning, lets each job send. */
  readonly forecast: readonly number[];
  readonly restarts: number;
  /** Claims whose worker died before anything was sent. */
  readonly deaths: number;
}

/** The real verbs on a real database for 30 days of a clock that jumps from opening to opening; restarts and deaths anywhere. */
export async function simulate(seed: number, start: string): Promise<Simulated> {
  const random = new Random(seed);
  const bench = await Bench.open();
  bench.random = () => random.next();
  const from = Date.parse(start);
  bench.now = from;
  bench.pace = paceOf(SENDERS, LIMITS, 'Europe/Madrid');
  const holiday = new Date(from + HOLIDAY_AFTER).toISOString().slice(0, 10);
  const campaigns: Campaign[] = [];
  let first = 0;
  for (const { leads, campaign, send } of JOBS) {
    const window = 'window' in campaign ? { ...campaign.window, except: [[holiday, holiday] as const] } : null;
    bench.campaign = campaignWith({ ...campaign, senders: [...campaign.senders], window });
    campaigns.push(bench.campaign);
    await bench.import(leadsFrom(first, leads), { send: send.mode === 'scheduled' ? { ...send, at: from + LAUNCH_AFTER } : send });
    first += leads;
  }
  let worker = 'w0';
  let restarts = 0;
  let deaths = 0;
  const begin = async () => {
    worker = `w${restarts}`;
    await bench.store.write((tx) => registerWorker(tx, { id: worker, host: 'here', pid: restarts, mode: 'run', started_at: bench.now }));
  };
  await begin();
  const jobs = await openJobs(bench.store.db);
  const planned = await forecast(
    bench.store.db,
    campaigns.map((campaign, index) => ({ campaign, job: jobs[index] as (typeof jobs)[number] })),
    bench.pace,
    { from, until: from + 30 * DAY },
  );
  const opensAt = campaigns.map(() => from);
  while (bench.now < from + 30 * DAY) {
    if (random.chance(0.01)) {
      restarts++;
      await bench.reopen();
      await begin();
      await recoverMessages(
        bench.store,
        (id) => id === worker,
        () => bench.now,
      );
      opensAt.fill(bench.now);
    }
    let sent = false;
    for (const [index, campaign] of campaigns.entries()) {
      if ((opensAt[index] ?? 0) > bench.now) continue;
      bench.campaign = campaign;
      const jobId = index + 1;
      if (random.chance(0.004)) {
        const lost = await claimMessage(bench.sending(worker), jobId, campaign);
        if (lost.kind === 'claimed') deaths++;
        continue;
      }
      bench.answers = [answer(random)];
      const result = await sendMessage(bench.sending(worker), jobId, campaign);
      if (result.kind === 'sent') {
        sent = true;
        bench.now += random.between(200, 4_000);
      } else if (result.kind === 'nothing_due' && (await bench.draft(jobId, 100)).length > 0) sent = true;
      else opensAt[index] = result.opensAt ?? Number.POSITIVE_INFINITY;
    }
    if (!sent) bench.now = Math.max(bench.now + 1, Math.min(...opensAt));
  }
  const counts = campaigns.map((_, index) => planned.mails.filter(({ jobId }) => jobId === index + 1).length);
  return { bench, from, forecast: counts, restarts, deaths };
}

/** Mostly fine: a few refusals of each kind, too few to stop a sender for its bounces. */
function answer(random: Random): Delivery {
  const roll = random.next();
  if (roll < 0.01) return { kind: 'recipient_refused', code: 550, reply: '550 5.1.1 no such user' };
  if (roll < 0.03) return { kind: 'temporary', code: 451, reply: '451 4.3.0 later' };
  if (roll < 0.04) return { kind: 'throttled', code: 421, reply: '421 4.7.0 too fast', restMs: 20 * MINUTE };
  if (roll < 0.045) return { kind: 'sender_failed', code: null, reply: 'ECONNRESET', beforeMail: true };
  if (roll < 0.05) return { kind: 'ambiguous', code: null, reply: 'connection closed' };
  return { kind: 'accepted', code: 250, reply: '250 2.0.0 Ok' };
}

/** Three people a company, a quarter of all at one freemail provider, in zones with and without summer time. */
function leadsFrom(first: number, count: number): string {
  const rows = ['Email,First name,Company,timezone'];
  for (let index = first; index < first + count; index++) {
    const company = Math.floor(index / 3) % 1_500;
    const domain = index % 4 === 0 ? 'gmail.com' : `company${company}.example`;
    rows.push(`lead${index}@${domain},Lead,Company ${company},${ZONES[index % ZONES.length]}`);
  }
  return `${rows.join('\n')}\n`;
}
