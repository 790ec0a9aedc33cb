import { type ClaimedMail, type ClaimResult, claimMessage } from '../pipeline/claimMessage.ts';
import { returnClaim, type SendDependencies, type Sent, sendClaimed } from '../pipeline/sendMessage.ts';
import type { Board, BoardJob } from './board.ts';
import type { GateNews } from './gateNews.ts';
import type { Stage } from './stage.ts';

/** A job's turn, and what claiming from it gave. */
interface Turn {
  readonly job: BoardJob;
  readonly round: number;
  readonly claim: ClaimResult;
}

/**
 * One lane carries one mail at a time, whichever job's turn it is; several run side by side and share
 * their commits. The next mail is claimed in the commit that arms the one before, so that it waits
 * for nothing when that one's reply comes (15 % more mails a second than claiming it afterwards).
 */
export async function sendLane(
  lane: string,
  stage: Stage,
  board: Board,
  deps: SendDependencies,
  news: GateNews,
  asOf: number | undefined,
): Promise<void> {
  const claimNext = async (): Promise<Turn | undefined> => {
    const job = stage.stopping.aborted ? undefined : board.nextToSend();
    if (job === undefined) return undefined;
    const { round } = job;
    let claim: ClaimResult | undefined;
    try {
      deps.guard.mend();
      claim = await claimMessage(deps, job.id, job.campaign, asOf);
      return { job, round, claim };
    } finally {
      board.answered(job, { mail: claim?.kind === 'claimed' });
    }
  };
  /** The claim of a turn that has one; what another answer means is noted. */
  const claimIn = ({ job, round, claim }: Turn): ClaimedMail | undefined => {
    const current = job.round === round;
    if (claim.kind !== 'shut' && claim.voided > 0) board.redraft(job);
    if (claim.kind === 'claimed') return claim;
    // Others of the job may be due behind those: a drain would end without them.
    if (claim.kind === 'nothing_due' && claim.more) return undefined;
    // An answer from before something changed shuts nothing.
    if (current) board.shut(job, job.round, { opensAt: claim.opensAt, gates: claim.kind === 'shut' ? claim.gates : [] });
    news.say(job);
    return undefined;
  };
  const noteEnd = (sent: Sent) => {
    report(stage, sent);
    // Whatever did not go out gave places back, and other lanes may have found them taken meanwhile;
    // behind a probe they found its sender resting.
    if (sent.end.recovered || (sent.end.state !== 'accepted' && sent.end.state !== 'uncertain')) board.reopenAll();
  };
  let ahead: Promise<Turn | undefined> | undefined;
  const takeAhead = () => {
    const turn = ahead;
    ahead = undefined;
    return turn;
  };
  const giveBack = async (turn: Turn | undefined) => {
    const claim = turn && claimIn(turn);
    if (turn === undefined || claim === undefined) return;
    await returnClaim(deps, claim, turn.job.campaign);
    stage.log.debug({ job: claim.jobId, message: claim.hold.id }, 'claimed ahead and given back');
    board.reopenAll();
  };
  while (stage.failure === undefined && !stage.stopping.aborted) {
    const seen = board.work.round;
    let empty = false;
    await stage.guard(async () => {
      const early = takeAhead();
      const turn = await (early ?? claimNext());
      empty = turn === undefined && early === undefined;
      if (stage.stopping.aborted) return giveBack(turn);
      const claim = turn && claimIn(turn);
      if (turn === undefined || claim === undefined) return;
      const send = () =>
        sendClaimed(deps, claim, turn.job.campaign, () => {
          // What went wrong with it, or was not there yet, is asked for afresh when its turn comes.
          ahead = claimNext().catch(() => undefined);
        });
      const sent = await (claim.failures > 0 ? news.whileProbing(send) : send());
      noteEnd(sent);
      // Its sender may have to rest now, or its server may be gone.
      if (sent.delivery.kind !== 'accepted') await giveBack(await takeAhead());
    });
    if (empty) await stage.idle(lane, board, seen);
  }
  // After a failure as well, if the database takes it: a worker that ends holds nothing. What is left is R1's.
  await stage.guard(async () => giveBack(await takeAhead()));
}

function report(stage: Stage, { delivery, end, ...sent }: Sent): void {
  const fields = { job: sent.jobId, message: sent.messageId, to: sent.to, sender: sent.sender, reply: delivery.reply };
  const later = end.dueAt === null ? {} : { due_at: new Date(end.dueAt).toISOString() };
  const { log, tally } = stage;
  if (end.warning !== null) log.warn({ sender: sent.sender, reason: end.warning }, 'look after this sender');
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
