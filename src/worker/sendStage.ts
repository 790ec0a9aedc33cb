import { DateTime } from 'luxon';
import type { SendDependencies, Sent } from '../pipeline/sendMessage.ts';
import { sendMessage } from '../pipeline/sendMessage.ts';
import type { Board, BoardJob } from './board.ts';
import type { Stage } from './stage.ts';

/** One lane carries one mail at a time, whichever job's turn it is; several run side by side and share their commits. */
export async function sendLane(
  lane: string,
  stage: Stage,
  board: Board,
  deps: SendDependencies,
  said: Map<number, string>,
  asOf: number | undefined,
): Promise<void> {
  while (!stage.stopping.aborted) {
    const job = board.nextToSend();
    if (job === undefined) {
      await stage.idle(lane, board);
      continue;
    }
    const { round } = job;
    await stage.guard(async () => {
      const result = await sendMessage(deps, job.id, job.campaign, asOf);
      if (result.kind !== 'shut' && result.voided > 0) board.redraft(job);
      if (result.kind === 'sent') {
        report(stage, result);
        // Whatever did not go out gave places back, and other lanes may have found them taken meanwhile.
        if (result.end.state !== 'accepted' && result.end.state !== 'uncertain') board.reopenAll();
        return;
      }
      const gates = result.kind === 'shut' ? result.gates : [];
      board.shut(job, result.kind === 'shut' || result.voided === 0 ? round : job.round, { opensAt: result.opensAt, gates });
      sayGates(stage, job, said);
    });
  }
}

function report(stage: Stage, { delivery, end, ...sent }: Sent): void {
  const fields = { job: sent.jobId, message: sent.messageId, to: sent.to, sender: sent.sender, reply: delivery.reply };
  const later = end.dueAt === null ? {} : { due_at: new Date(end.dueAt).toISOString() };
  const { log, tally } = stage;
  switch (end.state) {
    case 'accepted':
      tally.accepted++;
      log.info(fields, 'accepted');
      break;
    case 'failed':
      tally.failed++;
      log.warn({ ...fields, reason: end.reason }, 'failed');
      break;
    case 'uncertain':
      tally.uncertain++;
      log.warn({ ...fields, reason: end.reason }, 'uncertain: it may have been accepted, so it is not sent again');
      break;
    case 'ready':
      tally.deferred++;
      log.warn({ ...fields, ...later, outcome: delivery.kind }, 'not sent; later');
      break;
    case 'cancelled':
      log.info(fields, 'not sent, and its job is cancelled');
      break;
    case 'superseded':
      log.warn({ ...fields, outcome: delivery.kind }, 'taken over by another worker meanwhile');
  }
}

/** Says once what a job waits for, and again only when that changes. */
function sayGates(stage: Stage, job: BoardJob, said: Map<number, string>): void {
  const names = (job.shut?.gates ?? []).map(({ gate }) => gate).join(', ');
  if (said.get(job.id) === names) return;
  said.set(job.id, names);
  // Pace gates open and shut with every mail; only the others are news.
  if (names === '' || names.split(', ').every((name) => name === 'drip' || name === 'sender gap')) return;
  const opensAt = job.shut?.opensAt ?? null;
  stage.log.info(
    { job: job.id, gates: names, ...(opensAt === null ? {} : { opens_at: DateTime.fromMillis(opensAt, { zone: 'utc' }).toISO() }) },
    'waiting',
  );
}
