import PQueue from 'p-queue';
import type { Generator } from '../domain/campaign.ts';
import { type ClaimedDraft, claimDrafts, type DraftDependencies, draftMessage } from '../pipeline/draftMessage.ts';
import { countsOf } from '../store/jobs.ts';
import type { Board, BoardJob } from './board.ts';
import type { Stage } from './stage.ts';

/** Ready mails that a drip may have waiting: more would only be outdated by the next edit of the campaign. */
const DRIP_AHEAD = 200;
/** Leads claimed in one commit. */
const BATCH = 50;

/** What a person asked to be written, of all that waits. */
export interface DraftChoice {
  readonly jobIds: readonly number[] | undefined;
  readonly messageIds: readonly number[] | undefined;
  readonly limit: number | undefined;
}

/**
 * Turns pending leads into drafts, jobs in turn, as many at a time as their writer allows. A few
 * leads are claimed ahead so that no place stands empty while a commit runs.
 */
export async function draftStage(
  lane: string,
  generator: Generator,
  stage: Stage,
  board: Board,
  deps: DraftDependencies,
  choice?: DraftChoice,
): Promise<void> {
  const writer = deps.writerFor(generator);
  // A template takes a millisecond and no one waits for it: a whole batch may lie ready.
  const ahead = () => (generator === 'template' ? BATCH : writer.width());
  const writing = new PQueue({ concurrency: writer.width() });
  const write = async (draft: ClaimedDraft, job: BoardJob) => {
    const came = { back: true };
    await stage.guard(async () => {
      came.back = await draftOne(stage, board, deps, draft, job);
    });
    stage.hands.release(draft.hold);
    writing.concurrency = writer.width();
    if (!came.back) return;
    left++;
    board.work.ring();
  };
  let left = choice?.limit ?? Infinity;
  while (!stage.stopping.aborted) {
    await writing.onSizeLessThan(Math.max(1, ahead()));
    const job = left > 0 ? board.nextToDraft(generator) : undefined;
    if (job === undefined) {
      // What is in the making may come back, or make work for others.
      if (writing.pending + writing.size > 0) await Promise.race([writing.onIdle(), board.work.after(board.work.round)]);
      else await stage.idle(lane, board);
      continue;
    }
    await stage.guard(async () => {
      const room = await roomFor(deps, job, choice);
      const claimed = await claimDrafts(deps, job.id, Math.min(room, ahead(), left), choice?.messageIds);
      if (claimed.length === 0) job.drafted = true;
      left -= claimed.length;
      for (const draft of claimed) {
        stage.hands.take(draft.hold);
        void writing.add(() => write(draft, job));
      }
    });
  }
  await writing.onIdle();
}

/** Drafting stays a little ahead of a drip, and no further; a person who asks for drafts gets them. */
async function roomFor(deps: DraftDependencies, job: BoardJob, choice: DraftChoice | undefined): Promise<number> {
  if (!job.drip || choice !== undefined) return BATCH;
  const { ready, drafting } = await countsOf(deps.store.db, job.id);
  return Math.max(0, Math.min(BATCH, DRIP_AHEAD - ready - drafting));
}

/** True when the lead is pending again. */
async function draftOne(stage: Stage, board: Board, deps: DraftDependencies, draft: ClaimedDraft, job: BoardJob): Promise<boolean> {
  const fields = { job: job.id, message: draft.hold.id, to: draft.prospect.email };
  const drafted = await draftMessage(deps, draft, job.campaign);
  switch (drafted.kind) {
    case 'ready':
      stage.tally.generated++;
      stage.log.debug(fields, 'drafted');
      board.reopen(job);
      return false;
    case 'review':
    case 'held':
      stage.tally[drafted.kind === 'held' ? 'held' : 'generated']++;
      stage.log.info({ ...fields, reason: drafted.reason }, 'held for review');
      return false;
    case 'superseded':
      board.redraft(job);
      return true;
    case 'resting':
      if (drafted.why === 'leaving') board.redraft(job);
      else board.rest(job, drafted);
      return true;
  }
}
