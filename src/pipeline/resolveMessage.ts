import { OutreachError } from '../domain/errors.ts';
import { stillOpenUntil } from '../store/attempts.ts';
import type { Store } from '../store/database.ts';
import { noteEvent } from '../store/events.ts';
import { jobNow } from '../store/jobs.ts';
import { findMessage, moveByHand } from '../store/messages.ts';
import { prospectById } from '../store/prospects.ts';
import type { MessageRow, Tx } from '../store/schema.ts';
import { suppressionOf } from '../store/suppressions.ts';
import { releaseUsage } from '../store/usage.ts';

/** What a person found out about an uncertain mail, or wants done with it. */
export type Verdict = 'sent' | 'not_sent' | 'resend';

/** T4 and T5 by hand. Returns the message's new state. */
export function resolveMessage(store: Store, id: number, verdict: Verdict, now: number): Promise<'accepted' | 'failed' | 'ready'> {
  return store.write(async (tx) => {
    const row = await findMessage(tx, id);
    if (row === undefined)
      throw new OutreachError('not_found', `there is no message ${id}`, { hint: 'outreach messages --state uncertain' });
    if (row.state !== 'uncertain') {
      throw new OutreachError('refused', `message ${id} is ${row.state}; only uncertain ones are resolved`, {
        hint: 'outreach messages --state uncertain',
      });
    }
    if (verdict === 'resend') await refuseUnsafeResend(tx, row, now);
    const to = verdict === 'sent' ? 'accepted' : verdict === 'not_sent' ? 'failed' : 'ready';
    const reason = verdict === 'not_sent' ? 'a person says it was not sent' : null;
    await moveByHand(tx, [id], ['uncertain'], to, { now, reason, ...(to === 'ready' ? { dueAt: now } : {}) });
    if (verdict === 'not_sent') await releaseUsage(tx, id, now);
    await noteEvent(tx, id, 'resolved', now, verdict.replace('_', ' '));
    return to;
  });
}

/** T5 only when nothing of the uncertain attempt can still arrive, and the mail is still wanted. */
async function refuseUnsafeResend(tx: Tx, row: MessageRow, now: number): Promise<void> {
  const deadline = await stillOpenUntil(tx, row);
  if (deadline > now) {
    throw new OutreachError('refused', `message ${row.id} may still be accepted until ${new Date(deadline).toISOString()}`, {
      hint: 'Run the same command after that.',
    });
  }
  if ((await jobNow(tx, row.job_id)).cancelled_at !== null) {
    throw new OutreachError('refused', `job ${row.job_id} is cancelled, so message ${row.id} is not sent again`, {
      hint: 'Use --sent or --not-sent.',
    });
  }
  const { email, email_key } = await prospectById(tx, row.prospect_id);
  const suppressed = await suppressionOf(tx, email_key);
  if (suppressed !== undefined) {
    throw new OutreachError('refused', `${email} is suppressed (${suppressed}), so message ${row.id} is not sent again`, {
      hint: 'Use --sent or --not-sent.',
    });
  }
}
