import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Mailer } from '../../src/mail/mailer.ts';
import { sha256, withDate } from '../../src/mail/mime.ts';
import { approveMessages, rejectMessages } from '../../src/pipeline/approveMessages.ts';
import { holdUnapproved } from '../../src/pipeline/holdUnapproved.ts';
import { refreshCampaign } from '../../src/pipeline/refreshCampaign.ts';
import { retryMessages } from '../../src/pipeline/retryMessages.ts';
import { sendMessage } from '../../src/pipeline/sendMessage.ts';
import { Bench, campaignWith } from '../support/bench.ts';
import { csv } from '../support/program.ts';

const LEADS = 6;
/** What leads to a mail that leaves stands more than once, or few would. */
const STEPS = [
  ...(['draft', 'draft', 'read', 'read', 'read', 'approve', 'approve', 'approve', 'send', 'send', 'send', 'send'] as const),
  ...(['approve one', 'reject', 'retry', 'rewrite', 'rewrite', 'reword', 'relax', 'tighten', 'tighten', 'look', 'update'] as const),
] as const;
type Step = (typeof STEPS)[number];

/** A person, a worker and an editor at one database. What the judge knows it has from what was shown and what was delivered. */
class Run {
  readonly bench: Bench;
  /** SHA-256 of the mails that a person has seen and said yes to. */
  readonly approved = new Set<string>();
  /** Of the mails that left while the worker read `review: all`. */
  readonly left: string[] = [];
  #shown = new Map<number, string | null>();
  #edits = 0;

  constructor(bench: Bench) {
    this.bench = bench;
  }

  async step(step: Step, lead: number): Promise<void> {
    const { bench } = this;
    const now = () => bench.now;
    switch (step) {
      case 'draft':
        await bench.draft();
        return;
      case 'read': {
        const rows = await bench.store.db.selectFrom('messages').select(['id', 'frozen_sha256']).where('state', '=', 'review').execute();
        this.#shown = new Map(rows.map(({ id, frozen_sha256 }) => [id, frozen_sha256]));
        return;
      }
      case 'approve':
      case 'approve one': {
        const shown = new Map([...this.#shown].filter(([id]) => step === 'approve' || id === lead));
        for (const hash of shown.values()) if (hash !== null) this.approved.add(hash);
        await approveMessages(bench.store, {}, now, { actor: 'ana', shown });
        return;
      }
      case 'reject':
        await rejectMessages(bench.store, { ids: [lead] }, now, 'ana');
        return;
      case 'retry':
        await retryMessages(bench.store, {}, now);
        return;
      case 'reword':
        bench.campaign = campaignWith({ ...bench.campaign, body: `Hello {{ first_name }}, for the ${++this.#edits}th time.\n` });
        await refreshCampaign(bench.store, bench.campaign, [1], now);
        return;
      case 'rewrite':
        // Between a person's look and their yes.
        await this.step('reword', lead);
        return this.step('draft', lead);
      case 'relax':
      case 'tighten':
        bench.campaign = campaignWith({ ...bench.campaign, review: step === 'relax' ? 'none' : 'all' });
        return;
      case 'look':
        await holdUnapproved(bench.store, bench.campaign, [1], now);
        return;
      case 'update':
        await bench.import(`email,first_name,company\nlead${lead - 1}@company${lead - 1}.example,Zoe ${++this.#edits},Acme\n`, {
          update: true,
        });
        return;
      case 'send':
        return this.#send(lead);
    }
  }

  /** The mailer that a worker with this view of the campaign sends by. */
  async #send(lead: number): Promise<void> {
    const { bench } = this;
    const { campaign } = bench;
    bench.now += 3_600_000;
    const mailer: Mailer = {
      provider: 'test',
      deliver: async (mail, attempt) => {
        if (lead === 1) return { kind: 'temporary', code: 451, reply: '451 later' };
        if (lead === 2) return { kind: 'content_refused', code: 554, reply: '554 no' };
        if (!(await attempt.arm(sha256(withDate(mail.bytes, attempt.date)))))
          return { kind: 'not_armed', code: null, reply: 'not released' };
        if (campaign.review === 'all') this.left.push(sha256(mail.bytes));
        return { kind: 'accepted', code: 250, reply: '250 Ok' };
      },
      close: async () => {},
    };
    await sendMessage({ ...bench.sending(), mailerFor: () => mailer }, 1, campaign);
  }
}

test('whatever a person, an editor and a worker do beside each other, nothing leaves under review: all that nobody approved as it left', {
  timeout: 180_000,
}, async () => {
  let left = 0;
  const turn = fc.uniqueArray(fc.tuple(fc.constantFrom(...STEPS), fc.integer({ min: 1, max: LEADS })), {
    minLength: 1,
    maxLength: 3,
    selector: ([step]) => step,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 10, maxLength: 30 }), async (turns) => {
      const run = new Run(await Bench.open({ review: 'all' }));
      try {
        await run.bench.import(csv(LEADS));
        await run.step('draft', 1);
        // What stands in one turn runs at the same time.
        for (const turn of turns) await Promise.all(turn.map(([step, lead]) => run.step(step, lead)));
        expect(run.left.filter((hash) => !run.approved.has(hash))).toEqual([]);
        left += run.left.length;
      } finally {
        await run.bench.close();
      }
    }),
    { numRuns: 40, seed: 9, endOnFailure: true },
  );
  // A run in which nothing ever left would prove nothing.
  expect(left).toBeGreaterThan(5);
});
