/** What a sender's mails of the last seven days came to. */
export interface SenderRecord {
  readonly sent: number;
  /** Hard bounces. */
  readonly bounced: number;
  readonly complained: number;
}

/**
 * Rates at which mailbox providers begin to refuse everybody's mail of a sender: Amazon SES reviews an
 * account at 5 % bounces (docs.aws.amazon.com/ses, "Reputation metrics"), Google asks for complaints below
 * 0.1 % and never 0.3 % (support.google.com/mail/answer/81126). `fewest`: fewer than that never decide.
 */
const RULES = {
  bounced: { warn: 0.02, stop: 0.05, fewest: 3 },
  complained: { warn: 0.001, stop: 0.003, fewest: 2 },
} as const;

/** From so many mails on the rate itself decides. Of fewer, one mail would move it by whole percents: there chance must be ruled out. */
const ENOUGH = 50;
/** How unlikely so many must be at a rate that is still allowed, before fewer mails decide. */
const CHANCE = 0.01;

/** Mails in a row that ended without a reply: what happens to them is not known, so no more are risked. */
export const MOST_UNCERTAIN_IN_ROW = 10;

export interface Judgement {
  readonly verdict: 'fine' | 'warn' | 'stop';
  /** In words, with the figures; null when all is fine. */
  readonly reason: string | null;
}

export function judgeSender(record: SenderRecord): Judgement {
  const found = [judge(record, 'bounced', 'hard bounces'), judge(record, 'complained', 'complaints')];
  return (
    found.find(({ verdict }) => verdict === 'stop') ?? found.find(({ verdict }) => verdict === 'warn') ?? { verdict: 'fine', reason: null }
  );
}

function judge(record: SenderRecord, what: 'bounced' | 'complained', name: string): Judgement {
  const rate = record.sent === 0 ? 0 : record[what] / record.sent;
  const { warn, stop, fewest } = RULES[what];
  const above = (limit: number) =>
    record.sent >= ENOUGH ? rate >= limit : record[what] >= fewest && chanceOf(record[what], record.sent, limit) < CHANCE;
  const verdict = above(stop) ? 'stop' : above(warn) ? 'warn' : 'fine';
  const percent = (share: number) => `${(share * 100).toLocaleString('en', { maximumFractionDigits: 1 })} %`;
  const reason = `${name}: ${record[what]} of ${record.sent} mails in 7 days (${percent(rate)}; a sender stops at ${percent(stop)})`;
  return { verdict, reason: verdict === 'fine' ? null : reason };
}

/** How likely `count` or more of `sent` are, where each one is with the probability `rate` (binomial distribution). */
function chanceOf(count: number, sent: number, rate: number): number {
  let exactly = (1 - rate) ** sent;
  let fewer = 0;
  for (let of = 0; of < count; of++) {
    fewer += exactly;
    exactly *= ((sent - of) / (of + 1)) * (rate / (1 - rate));
  }
  return Math.max(0, 1 - fewer);
}
