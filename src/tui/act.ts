import type { PauseReason } from '../domain/job.ts';
import { approveMessages, rejectMessages } from '../pipeline/approveMessages.ts';
import { checkSelection } from '../pipeline/checkSelection.ts';
import { retryMessages } from '../pipeline/retryMessages.ts';
import { pause, resume } from '../pipeline/steerJob.ts';
import { tellVoided } from '../pipeline/tellVoided.ts';
import type { NamedJob } from '../store/jobs.ts';
import type { Selection } from '../store/messages.ts';
import { plural } from '../terminal/output.ts';
import type { Desk } from './desk.ts';

/** What keys do: the same verbs that the commands of these names use. Each resolves to a sentence, or throws an `OutreachError`. */

export async function pauseOrResume({ store }: Desk, job: NamedJob, now: number): Promise<string> {
  if (job.paused_at === null) {
    await pause(store, job.id, now);
    return `Job ${job.id} is paused; mails on the wire finish.`;
  }
  await resume(store, job.id, now);
  return `Job ${job.id} goes on.`;
}

/** What a person lets go on when the program itself had stopped it; undefined when nobody need be asked. */
export function doubtAbout(job: NamedJob): string | undefined {
  return job.paused_at === null || job.pause_reason === null ? undefined : DOUBTS[job.pause_reason];
}

const DOUBTS: Record<PauseReason, string> = {
  overdue: 'its start was over a day ago',
  canary: 'more of its first mails came back than canary.max_bounces allows',
  restored: 'some of its mails may have left already, from the database before this copy',
};

export async function retry({ store }: Desk, selection: Selection, now: () => number): Promise<string> {
  await checkSelection(store, selection, 'failed');
  const { retried, suppressed, cancelled, sent_already, on_its_way } = await retryMessages(store, selection, now);
  const left = [
    ...(suppressed > 0 ? [`${suppressed} to suppressed addresses`] : []),
    ...(cancelled > 0 ? [`${cancelled} of a cancelled job`] : []),
    ...(sent_already > 0 ? [`${sent_already} sent already`] : []),
    ...(on_its_way > 0 ? [`${on_its_way} may still be accepted`] : []),
  ];
  return `${plural(retried, 'mail')} will be tried again${left.length === 0 ? '' : `; left as they are: ${left.join(', ')}`}.`;
}

/** `shown`: SHA-256 of the mail whose text stands on the screen, null where there is none. */
export async function approve(desk: Desk, id: number, shown: string | null, now: () => number): Promise<string> {
  await desk.refreshCampaigns();
  await checkSelection(desk.store, { ids: [id] }, 'review');
  const { approved, without_draft, voided } = await approveMessages(desk.store, { ids: [id] }, now, {
    actor: desk.actor,
    shown: new Map([[id, shown]]),
  });
  if (without_draft > 0) return `Message ${id} has no draft: mend the lead and import it again with --update, or reject it.`;
  if (voided > 0) return `Message ${id} will be written anew first: the campaign changed after the draft.`;
  return approved > 0
    ? `Message ${id} is approved.${await voidedBefore(desk, id)}`
    : `Message ${id} was written anew or decided meanwhile: look at it again.`;
}

export async function reject(desk: Desk, id: number, now: () => number): Promise<string> {
  await checkSelection(desk.store, { ids: [id] }, 'review');
  const rejected = await rejectMessages(desk.store, { ids: [id] }, now, desk.actor);
  return rejected > 0 ? `Message ${id} is rejected.${await voidedBefore(desk, id)}` : `Message ${id} is not in review any more.`;
}

/** What no longer waits although nobody decided on it, said once; with a space before it. */
async function voidedBefore({ store }: Desk, id: number): Promise<string> {
  const voided = await tellVoided(store, { ids: [id] });
  return voided
    .map(({ count, reason }) => ` ${plural(count, 'other draft')} of its job ${count === 1 ? 'was' : 'were'} voided: ${reason}.`)
    .join('');
}
