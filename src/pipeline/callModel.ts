import type PQueue from 'p-queue';
import { costNano, formatUsd, mostTokens } from '../domain/aiCost.ts';
import { DEADLINES } from '../domain/deadlines.ts';
import { HOUR } from '../domain/duration.ts';
import { readMailReply } from '../domain/mailReply.ts';
import { reached } from '../domain/milestone.ts';
import type { HashedPrompt } from '../domain/prompt.ts';
import type { Throttle } from '../domain/throttle.ts';
import type { Reply, TextProvider } from '../llm/provider.ts';
import type { Assignment, Resting, Written } from '../llm/writer.ts';
import { isBeingWritten, lostCalls, noteBudget, openCall, openCalls, settleCall, spendOf } from '../store/aiCalls.ts';
import { pauseProvider, providerWorks, restOf, restProvider } from '../store/aiProviders.ts';
import type { Store } from '../store/database.ts';
import { findGeneration, saveGeneration } from '../store/generations.ts';
import type { CallPurpose, GenerationRow, Tx } from '../store/schema.ts';

export interface CallDependencies {
  readonly store: Store;
  readonly worker: string;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** No call is begun once it has aborted. */
  readonly stopping: AbortSignal;
  /** Calls on their way are broken off when it aborts. */
  readonly cut: AbortSignal;
  /** In order of preference. */
  readonly providers: readonly TextProvider[];
  readonly limits: AiLimits;
  readonly purpose: 'draft' | 'preview';
}

export interface AiLimits {
  /** Calls of this process at a time. */
  readonly concurrency: number;
  /** Calls of all workers at a time; null for no limit. */
  readonly shared: number | null;
  /** Ceiling of one job in billionths of a USD; null for none. */
  readonly budgetNano: number | null;
}

/** What the calls of one process share. */
export interface Desk extends CallDependencies {
  readonly throttle: Throttle;
  /** Holds calls on their way to the throttle's width. What comes before and after a call keeps no place. */
  readonly line: PQueue;
  /** Providers that wait for a person, as long as this process lives. */
  readonly finals: Map<string, { until: number; reason: string }>;
}

/** A provider that only a person can mend is asked again this much later. */
const FINAL_REST = HOUR;
/** How often a call that found all places taken looks again, in ms. */
const PLACE_EVERY = 200;
const BUDGET_EVERY = 5 * 60_000;

/** What one call gave: an end, a reply that may be repaired, or a provider that rests. */
export type Turn =
  | Written
  /** Somebody else has bought it meanwhile. */
  | { readonly kind: 'known' }
  | { readonly kind: 'unusable'; readonly reply: string; readonly trouble: string };

/** One call: reserved before it is made, settled after it. The only place that spends money. */
export async function callModel(
  desk: Desk,
  assignment: Assignment,
  provider: TextProvider,
  prompt: HashedPrompt,
  purpose: CallPurpose,
): Promise<Turn> {
  const final = desk.finals.get(provider.name);
  if (final !== undefined && final.until > desk.now()) return { kind: 'resting', why: 'final', ...final };
  const made = await makeCall(desk, assignment, provider, prompt, purpose);
  if ('kind' in made) return made;
  const { callId, reply, startedAt } = made;
  const turn = judge(reply, provider, purpose, desk);
  if (reply.kind === 'throttled') {
    desk.throttle.slowed(startedAt, desk.now());
    desk.line.concurrency = desk.throttle.width;
  }
  if (reply.kind === 'text') desk.throttle.succeeded();
  if (reply.kind === 'final')
    desk.finals.set(provider.name, { until: desk.now() + FINAL_REST, reason: `${provider.name}: ${reply.reason}` });
  const settled = await settle(desk, { callId, assignment, provider, prompt, reply, turn, startedAt });
  reached('ai.settled');
  return settled;
}

interface Made {
  readonly callId: number;
  readonly reply: Reply;
  readonly startedAt: number;
}

/** A lead whose prompt got no complete reply so often, while others were answered, waits for a person. */
const MOST_LOST = 3;

/**
 * Reserves and asks, as one of at most so many. Where places are shared with other workers the
 * reservation is the place, so it is taken last; otherwise it is taken ahead, and a free place in the line never waits for a commit.
 */
async function makeCall(
  desk: Desk,
  assignment: Assignment,
  provider: TextProvider,
  prompt: HashedPrompt,
  purpose: CallPurpose,
): Promise<Made | Resting | { readonly kind: 'known' }> {
  const reserveFirst = () => takePlace(desk, assignment, provider, prompt, purpose);
  const askFor = async (callId: number): Promise<Made | Resting> => {
    const unfit = await whyNotNow(desk, assignment, provider);
    if (unfit !== undefined) {
      await desk.store.write((tx) => settleCall(tx, callId, { outcome: 'not made', costNano: 0, usage: null, now: desk.now() }));
      return unfit;
    }
    const startedAt = desk.now();
    const reply = await provider.ask(prompt, desk.cut);
    reached('ai.replied');
    return { callId, reply, startedAt };
  };
  const inLine = <T>(work: () => Promise<T>): Promise<T> => {
    desk.line.concurrency = desk.throttle.width;
    return desk.line.add(work);
  };
  if (desk.limits.shared !== null) {
    return inLine(async () => {
      const place = await reserveFirst();
      return typeof place === 'number' ? askFor(place) : place;
    });
  }
  const place = await reserveFirst();
  if (typeof place !== 'number') return place;
  return inLine(() => askFor(place));
}

/** Things may have changed while the call waited in line. */
async function whyNotNow(desk: Desk, { deadlineAt }: Assignment, provider: TextProvider): Promise<Resting | undefined> {
  const now = desk.now();
  if (desk.stopping.aborted || desk.cut.aborted || now + DEADLINES.aiCall > deadlineAt)
    return { kind: 'resting', why: 'leaving', reason: 'no time is left for a call', until: now };
  const final = desk.finals.get(provider.name);
  if (final !== undefined && final.until > now) return { kind: 'resting', why: 'final', ...final };
  const rest = await restOf(desk.store.db, provider.name);
  return rest.until > now
    ? { kind: 'resting', why: 'provider', reason: `${provider.name}: ${rest.reason ?? 'resting'}`, until: rest.until }
    : undefined;
}

/** Reserves the most that the call can cost and one of the shared places; waits for a place as long as the lead is ours. */
async function takePlace(
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
    priced: provider.price !== undefined,
    now,
    deadlineAt: now + 2 * DEADLINES.aiCall + DEADLINES.aiGrace,
  });
}

function budgetReached(settled: number, budget: number, now: number): Resting {
  const reason = `${formatUsd(settled)} of the job's ${formatUsd(budget)} (ai.budget_usd) is spent, and one more call could exceed it`;
  return { kind: 'resting', why: 'budget', reason, until: now + BUDGET_EVERY };
}

function judge(reply: Reply, provider: TextProvider, purpose: CallPurpose, desk: Desk): Turn {
  const resting = (why: Resting['why'], restMs = 0): Resting => ({
    kind: 'resting',
    why,
    reason: `${provider.name}: ${'reason' in reply ? reply.reason : ''}`,
    until: desk.now() + restMs,
  });
  switch (reply.kind) {
    case 'text': {
      const mail = readMailReply(reply.text);
      if (mail.ok) return { kind: 'written', subject: mail.subject, text: mail.body };
      if (purpose === 'repair') return { kind: 'lead_failed', reason: `the model's answer could not be used, twice: ${mail.trouble}` };
      return { kind: 'unusable', reply: reply.text, trouble: mail.trouble };
    }
    case 'lead_failed':
      return { kind: 'lead_failed', reason: reply.reason };
    case 'final':
      return resting('final', FINAL_REST);
    case 'lost':
      return resting(desk.cut.aborted ? 'leaving' : 'provider');
    default:
      return resting('provider');
  }
}

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
function settle(desk: Desk, { callId, assignment, provider, prompt, reply, turn: given, startedAt }: Settlement): Promise<Turn> {
  return desk.store.write(async (tx) => {
    const now = desk.now();
    const { messageId } = assignment;
    const usage = 'meter' in reply && reply.meter !== undefined ? reply.meter.raw : null;
    // What we broke off ourselves says nothing of the provider, nor of the lead.
    const outcome = reply.kind === 'lost' && desk.cut.aborted ? 'unknown' : reply.kind;
    await settleCall(tx, callId, { outcome, costNano: chargeOf(reply, provider), usage, now });
    const turn = await giveUpLost(tx, desk, messageId, prompt.hash, given);
    const generation = generationOf(turn, { messageId, promptHash: prompt.hash, callId, now });
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
