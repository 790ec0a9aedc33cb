import { costNano } from '../domain/aiCost.ts';
import { reached } from '../domain/milestone.ts';
import type { HashedPrompt } from '../domain/prompt.ts';
import type { Reply, TextProvider } from '../llm/provider.ts';
import type { Assignment } from '../llm/writer.ts';
import { lostCalls, settleCall } from '../store/aiCalls.ts';
import { noteRefusal, pauseProvider, providerWorks, restProvider } from '../store/aiProviders.ts';
import type { GenerationRow } from '../store/aiSchema.ts';
import { saveGeneration } from '../store/generations.ts';
import { isToForgotten } from '../store/people.ts';
import type { Tx } from '../store/schema.ts';
import type { Desk, Turn } from './modelDesk.ts';

/** A lead whose prompt got no complete reply so often, while others were answered, waits for a person. */
const MOST_LOST = 3;

interface Settlement {
  readonly callId: number;
  readonly assignment: Assignment;
  readonly provider: TextProvider;
  readonly prompt: HashedPrompt;
  readonly reply: Reply;
  readonly turn: Turn;
  readonly startedAt: number;
}

/** One commit: what the call cost, what it gave, and how its provider is. */
export function recordReply(
  desk: Desk,
  { callId, assignment, provider, prompt, reply, turn: given, startedAt }: Settlement,
): Promise<Turn> {
  return desk.store.write(async (tx) => {
    const now = desk.now();
    const { messageId } = assignment;
    const usage = 'meter' in reply && reply.meter !== undefined ? reply.meter.raw : null;
    // What we broke off ourselves says nothing of the provider, nor of the lead.
    const outcome = reply.kind === 'lost' && desk.cut.aborted ? 'unknown' : reply.kind;
    await settleCall(tx, callId, { outcome, costNano: chargeOf(reply, provider), usage, now });
    const turn = await giveUpLost(tx, desk, messageId, prompt.hash, given);
    const written = generationOf(turn, { messageId, promptHash: prompt.hash, callId, now });
    const generation = (await isToForgotten(tx, messageId)) ? undefined : written;
    if (generation !== undefined) await saveGeneration(tx, generation);
    reached('ai.settle_open');
    const until = await noteHealth(tx, desk, provider.name, reply, startedAt, now);
    return turn.kind === 'resting' && until !== undefined ? { ...turn, until } : turn;
  });
}

/** A prompt that is never answered would be bought again and again; when others are answered meanwhile, it is the lead's. */
async function giveUpLost(tx: Tx, desk: Desk, messageId: number, promptHash: string, turn: Turn): Promise<Turn> {
  if (turn.kind !== 'resting' || turn.why !== 'provider' || desk.cut.aborted) return turn;
  const { times, othersAnswered } = await lostCalls(tx, messageId, promptHash);
  if (times < MOST_LOST || !othersAnswered) return turn;
  return { kind: 'lead_failed', reason: `${times} calls for this lead got no complete reply (${turn.reason})` };
}

async function noteHealth(tx: Tx, desk: Desk, name: string, reply: Reply, startedAt: number, now: number): Promise<number | undefined> {
  switch (reply.kind) {
    case 'text':
    case 'lead_failed':
      await providerWorks(tx, name);
      if (reply.meter.restMs !== undefined) await pauseProvider(tx, name, reply.meter.restMs, now);
      return undefined;
    case 'throttled':
    case 'down':
      return restProvider(tx, name, { startedAt, restMs: reply.restMs, reason: reply.reason, now });
    case 'lost':
      return desk.cut.aborted ? undefined : restProvider(tx, name, { startedAt, restMs: undefined, reason: reply.reason, now });
    case 'final':
      await noteRefusal(tx, name, reply.reason, now);
      return undefined;
  }
}

/** Null when nobody knows, so that the reservation stands. */
function chargeOf(reply: Reply, provider: TextProvider): number | null {
  const meter = 'meter' in reply ? reply.meter : undefined;
  if (meter === undefined) return reply.kind === 'lost' ? null : 0;
  const { usage, costNano: named } = meter;
  if (provider.price === undefined) return named ?? 0;
  // What the provider itself says it took counts if it is more than its price makes it.
  return usage === undefined ? null : Math.max(named ?? 0, costNano(provider.price, usage));
}

function generationOf(
  turn: Turn,
  { messageId, promptHash, callId, now }: { messageId: number; promptHash: string; callId: number; now: number },
): GenerationRow | undefined {
  const nothing = { subject: null, body: null, reply: null, reason: null };
  const row = { message_id: messageId, prompt_hash: promptHash, call_id: callId, created_at: now, ...nothing };
  if (turn.kind === 'written') return { ...row, verdict: 'written', subject: turn.subject, body: turn.text };
  if (turn.kind === 'unusable') return { ...row, verdict: 'unusable', reply: turn.reply, reason: turn.trouble };
  if (turn.kind === 'lead_failed') return { ...row, verdict: 'failed', reason: turn.reason };
  return undefined;
}
