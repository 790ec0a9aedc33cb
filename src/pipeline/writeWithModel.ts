import PQueue from 'p-queue';
import { withoutInvisible } from '../domain/invisible.ts';
import { type HashedPrompt, mailPrompt, repairPrompt } from '../domain/prompt.ts';
import { renderSubject } from '../domain/rendering.ts';
import { Throttle } from '../domain/throttle.ts';
import type { Assignment, Resting, Writer, Written } from '../llm/writer.ts';
import type { GenerationRow } from '../store/aiSchema.ts';
import { findGeneration } from '../store/generations.ts';
import type { Db } from '../store/schema.ts';
import { callModel } from './callModel.ts';
import type { CallDependencies, Desk, Turn } from './modelDesk.ts';

/**
 * `generator: ai`. Every call is reserved in the ledger before it is made and settled after it, in
 * one commit with its text, so that a crash loses no more than the calls on their way; a text that
 * was paid for is used again as long as neither brief nor lead change.
 */
export function modelWriter(deps: CallDependencies): Writer {
  const throttle = new Throttle(deps.limits.concurrency);
  const desk: Desk = { ...deps, throttle, line: new PQueue({ concurrency: throttle.width }), finals: new Map() };
  return {
    // Twice as many in the making as on their way: while some are stored, others are asked.
    width: () => 2 * throttle.width,
    async write(assignment) {
      const prompt = mailPrompt(assignment.campaign, assignment.lead);
      for (;;) {
        const known = await findGeneration(deps.store.db, assignment.messageId, prompt.hash);
        if (isUsable(known)) return fromGeneration(known, assignment);
        const written = await askInOrder(desk, assignment, prompt, known);
        if (written.kind !== 'known') return withFixedSubject(written, assignment);
      }
    },
  };
}

/** What was bought for this mail already, if neither brief nor lead have changed since; asks no model. */
export async function boughtText(db: Db, assignment: Subject): Promise<Written | undefined> {
  const known = await findGeneration(db, assignment.messageId, mailPrompt(assignment.campaign, assignment.lead).hash);
  return isUsable(known) ? fromGeneration(known, assignment) : undefined;
}

type Subject = Pick<Assignment, 'campaign' | 'lead' | 'messageId'>;

function isUsable(known: GenerationRow | undefined): known is GenerationRow {
  return known !== undefined && known.verdict !== 'unusable';
}

/** The first provider that is fit to answer, answers; one that fails on the way makes room for the next. */
async function askInOrder(
  desk: Desk,
  assignment: Assignment,
  prompt: HashedPrompt,
  known: GenerationRow | undefined,
): Promise<Exclude<Turn, { kind: 'unusable' }>> {
  let unusable = known === undefined ? undefined : { reply: known.reply ?? '', trouble: known.reason ?? '' };
  const resting: Resting[] = [];
  for (const provider of desk.providers) {
    // The first answer, and one repair of it.
    for (let round = 0; round < 2; round++) {
      const repair = unusable !== undefined;
      const asked = unusable === undefined ? prompt : repairPrompt(prompt, unusable.reply, unusable.trouble);
      const turn = await callModel(desk, assignment, provider, asked, repair ? 'repair' : desk.purpose);
      if (turn.kind === 'unusable') unusable = turn;
      else if (turn.kind !== 'resting') return turn;
      else if (turn.why === 'leaving' || turn.why === 'budget') return turn;
      else {
        resting.push(turn);
        break;
      }
    }
  }
  return soonest(resting);
}

function soonest(resting: readonly Resting[]): Resting {
  const temporary = resting.filter(({ why }) => why !== 'final');
  const [first, ...others] = (temporary.length > 0 ? temporary : resting).toSorted((a, b) => a.until - b.until);
  if (first === undefined) throw new Error('no provider was asked');
  return { ...first, reason: [first, ...others].map(({ reason }) => reason).join('; ') };
}

function fromGeneration({ subject, body, reason }: GenerationRow, assignment: Subject): Written {
  if (subject === null || body === null) return { kind: 'lead_failed', reason: reason ?? 'the model wrote nothing' };
  // Bought by a version that kept what nobody sees.
  return withFixedSubject({ kind: 'written', subject: withoutInvisible(subject), text: withoutInvisible(body) }, assignment);
}

/** A campaign's own subject is a template and wins over the model's. */
function withFixedSubject(written: Written, { campaign, lead }: Subject): Written {
  if (written.kind !== 'written' || campaign.subject === null) return written;
  const subject = renderSubject(campaign, lead);
  return subject.ok ? { ...written, subject: subject.text } : { kind: 'lead_failed', reason: subject.reason };
}
