import PQueue from 'p-queue';
import { type ClaimedDraft, claimDrafts, type DraftDependencies, draftMessage } from '../pipeline/draftMessage.ts';
import { countsOf } from '../store/jobs.ts';
import type { Board, BoardJob } from './board.ts';
import type { Stage } from './stage.ts';

/** Ready mails that a drip may have waiting: more would only be outdated by the next edit of the campaign. */
const DRIP_AHEAD = 200;
const BATCH = 50;

/** Turns pending leads into drafts: claims a batch of one job, writes them side by side, then the next job's turn. */
export async function draftStage(stage: Stage, board: Board, deps: DraftDependencies, concurrency: number): Promise<void> {
  const writing = new PQueue({ concurrency });
  while (!stage.stopping.aborted) {
    const job = board.nextToDraft();
    if (job === undefined) {
      await stage.idle('draft', board);
      continue;
    }
    await stage.guard(async () => {
      const claimed = await claimDrafts(deps, job.id, await room(deps, job));
      if (claimed.length === 0) {
        job.drafted = true;
        return;
      }
      await Promise.all(claimed.map((draft) => writing.add(() => stage.guard(() => draftOne(stage, deps, draft, job)))));
      board.reopen(job);
    });
  }
}

async function room(deps: DraftDependencies, job: BoardJob): Promise<number> {
  if (!job.drip) return BATCH;
  const { ready } = await countsOf(deps.store.db, job.id);
  return Math.max(0, Math.min(BATCH, DRIP_AHEAD - ready));
}

async function draftOne(stage: Stage, deps: DraftDependencies, draft: ClaimedDraft, job: BoardJob): Promise<void> {
  const drafted = await draftMessage(deps, draft, job.campaign);
  if (drafted.kind === 'superseded') return;
  if (drafted.kind !== 'held') stage.tally.generated++;
  const fields = { job: job.id, message: draft.hold.id, to: draft.prospect.email };
  if (drafted.kind !== 'ready') stage.log.info({ ...fields, reason: drafted.reason }, 'held for review');
  else stage.log.debug(fields, 'drafted');
}
