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
 * 0.1 % and never 0.3 % (support.google.com/mail/answer/81126). `least`: below it one mail would decide.
 */
const RULES = { least: 50, bounced: { warn: 0.02, stop: 0.05 }, complained: { warn: 0.001, stop: 0.003 } } as const;

/** Mails in a row that ended without a reply: what happens to them is not known, so no more are risked. */
export const MOST_UNCERTAIN_IN_ROW = 10;

export interface Judgement {
  readonly verdict: 'fine' | 'warn' | 'stop';
  /** In words, with the figures; null when all is fine. */
  readonly reason: string | null;
}

export function judgeSender(record: SenderRecord): Judgement {
  if (record.sent < RULES.least) return { verdict: 'fine', reason: null };
  const found = [judge(record, 'bounced', 'hard bounces'), judge(record, 'complained', 'complaints')];
  return (
    found.find(({ verdict }) => verdict === 'stop') ?? found.find(({ verdict }) => verdict === 'warn') ?? { verdict: 'fine', reason: null }
  );
}

function judge(record: SenderRecord, what: 'bounced' | 'complained', name: string): Judgement {
  const rate = record[what] / record.sent;
  const { warn, stop } = RULES[what];
  const verdict = rate >= stop ? 'stop' : rate >= warn ? 'warn' : 'fine';
  const percent = (share: number) => `${(share * 100).toLocaleString('en', { maximumFractionDigits: 1 })} %`;
  const reason = `${name}: ${record[what]} of ${record.sent} mails in 7 days (${percent(rate)}; a sender stops at ${percent(stop)})`;
  return { verdict, reason: verdict === 'fine' ? null : reason };
}
