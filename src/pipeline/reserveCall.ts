import { costNano, formatUsd, mostTokens } from '../domain/aiCost.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import { reached } from '../domain/milestone.ts';
import type { HashedPrompt } from '../domain/prompt.ts';
import type { TextProvider } from '../llm/provider.ts';
import type { Assignment, Resting } from '../llm/writer.ts';
import { isBeingWritten, noteBudget, openCall, openCalls, spendOf } from '../store/aiCalls.ts';
import { restOf } from '../store/aiProviders.ts';
import type { CallPurpose } from '../store/aiSchema.ts';
import { findGeneration } from '../store/generations.ts';
import { isToForgotten } from '../store/people.ts';
import type { Tx } from '../store/schema.ts';
import type { Desk } from './modelDesk.ts';

/** How often a call that found all places taken looks again, in ms. */
const PLACE_EVERY = 200;
/** How often a spent budget is looked at again, in ms. */
const BUDGET_EVERY = 5 * 60_000;

/** Reserves the most that the call can cost and one of the shared places; waits for a place as long as the lead is ours. */
export async function takePlace(
  desk: Desk,
  assignment: Assignment,
  provider: TextProvider,
  prompt: HashedPrompt,
  purpose: CallPurpose,
): Promise<number | Resting | { readonly kind: 'known' }> {
  const most = mostTokens(prompt.messages.map(({ content }) => content).join('\n'), provider.maxOutputTokens);
  const reservedNano = provider.price === undefined ? 0 : costNano(provider.price, most);
  for (;;) {
    const now = desk.now();
    // A call may wait in line as long as another one takes.
    if (now + 2 * DEADLINES.aiCall > assignment.deadlineAt || desk.stopping.aborted || desk.cut.aborted)
      return { kind: 'resting', why: 'leaving', reason: 'no time is left for a call', until: now };
    const place = await desk.store.write((tx) =>
      reserve(tx, desk, assignment, provider, { reservedNano, hash: prompt.hash, purpose, now }),
    );
    if (place !== 'wait') {
      if (typeof place === 'number') reached('ai.reserved');
      return place;
    }
    await desk.sleep(PLACE_EVERY);
  }
}

async function reserve(
  tx: Tx,
  { limits, worker }: Desk,
  { jobId, messageId }: Assignment,
  provider: TextProvider,
  call: { reservedNano: number; hash: string; purpose: CallPurpose; now: number },
): Promise<number | Resting | { readonly kind: 'known' } | 'wait'> {
  const { now, reservedNano } = call;
  // Whoever asks may have read the lead just before it was erased.
  if (await isToForgotten(tx, messageId)) return { kind: 'resting', why: 'leaving', reason: 'the person was forgotten', until: now };
  // A preview beside the worker, or a worker that froze, may be paying for the same text.
  const bought = await findGeneration(tx, messageId, call.hash);
  if (bought !== undefined && !(call.purpose === 'repair' && bought.verdict === 'unusable')) return { kind: 'known' };
  if (await isBeingWritten(tx, messageId, now)) return 'wait';
  const rest = await restOf(tx, provider.name);
  if (rest.until > now)
    return { kind: 'resting', why: 'provider', reason: `${provider.name}: ${rest.reason ?? 'resting'}`, until: rest.until };
  if (limits.shared !== null && (await openCalls(tx, now)) >= limits.shared) return 'wait';
  if (limits.budgetNano !== null) {
    const spend = await spendOf(tx, jobId);
    const full = spend.settled + spend.open + reservedNano > limits.budgetNano;
    // What calls on their way have reserved mostly comes back.
    if (full && spend.open > 0) return 'wait';
    await noteBudget(tx, jobId, full);
    if (full) return budgetReached(spend.settled, limits.budgetNano, now);
  }
  return openCall(tx, {
    jobId,
    messageId,
    worker,
    purpose: call.purpose,
    provider: provider.name,
    model: provider.model,
    promptHash: call.hash,
    reservedNano,
    priced: provider.price === undefined ? 0 : 1,
    now,
    deadlineAt: now + 2 * DEADLINES.aiCall + DEADLINES.aiGrace,
  });
}

function budgetReached(settled: number, budget: number, now: number): Resting {
  const reason = `${formatUsd(settled)} of the job's ${formatUsd(budget)} (ai.budget_usd) is spent, and one more call could exceed it`;
  return { kind: 'resting', why: 'budget', reason, until: now + BUDGET_EVERY };
}
