import { DEADLINES } from '../domain/deadlines.ts';
import { HOUR } from '../domain/duration.ts';
import { readMailReply } from '../domain/mailReply.ts';
import { reached } from '../domain/milestone.ts';
import type { HashedPrompt } from '../domain/prompt.ts';
import type { Reply, TextProvider } from '../llm/provider.ts';
import type { Assignment, Resting } from '../llm/writer.ts';
import { beginCall, settleCall } from '../store/aiCalls.ts';
import { restOf } from '../store/aiProviders.ts';
import type { CallPurpose } from '../store/aiSchema.ts';
import type { Desk, Turn } from './modelDesk.ts';
import { recordReply } from './recordReply.ts';
import { takePlace } from './reserveCall.ts';

/** A provider that only a person can mend is asked again this much later. */
const FINAL_REST = HOUR;

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
  return makeCall(desk, { assignment, provider, prompt, purpose });
}

interface Call {
  readonly assignment: Assignment;
  readonly provider: TextProvider;
  readonly prompt: HashedPrompt;
  readonly purpose: CallPurpose;
}

/**
 * Reserves, asks and settles, as one of at most so many. A place is free again once the answer is stored, so that a crash
 * loses no more answers than there are places. Where places are shared with other workers the reservation is the place, so it
 * is taken last; otherwise it is taken ahead, and a free place in the line does not wait for its commit.
 */
async function makeCall(desk: Desk, call: Call): Promise<Turn> {
  const reserve = () => takePlace(desk, call.assignment, call.provider, call.prompt, call.purpose);
  const inLine = <T>(work: () => Promise<T>): Promise<T> => {
    desk.line.concurrency = desk.throttle.width;
    return desk.line.add(work);
  };
  if (desk.limits.shared !== null) {
    return inLine(async () => {
      const place = await reserve();
      return typeof place === 'number' ? askAndSettle(desk, call, place) : place;
    });
  }
  const place = await reserve();
  if (typeof place !== 'number') return place;
  return inLine(() => askAndSettle(desk, call, place));
}

async function askAndSettle(desk: Desk, call: Call, callId: number): Promise<Turn> {
  const { assignment, provider, prompt, purpose } = call;
  const unfit = await whyNotNow(desk, assignment, provider);
  if (unfit !== undefined) {
    await desk.store.write((tx) => settleCall(tx, callId, { outcome: 'not made', costNano: 0, usage: null, now: desk.now() }));
    return unfit;
  }
  const startedAt = desk.now();
  if (!(await desk.store.write((tx) => beginCall(tx, callId, startedAt))))
    return { kind: 'resting', why: 'leaving', reason: 'its reservation was given up', until: startedAt };
  const reply = await provider.ask(prompt, desk.cut);
  reached('ai.replied');
  noteReply(desk, provider, reply, startedAt);
  const turn = judge(reply, { provider, prompt, purpose }, desk);
  const settled = await recordReply(desk, { callId, assignment, provider, prompt, reply, turn, startedAt });
  reached('ai.settled');
  return settled;
}

/** What this process remembers of how its calls went. */
function noteReply(desk: Desk, provider: TextProvider, reply: Reply, startedAt: number): void {
  if (reply.kind === 'throttled') {
    desk.throttle.slowed(startedAt, desk.now());
    desk.line.concurrency = desk.throttle.width;
  }
  if (reply.kind === 'text') desk.throttle.succeeded();
  if (reply.kind === 'final')
    desk.finals.set(provider.name, { until: desk.now() + FINAL_REST, reason: `${provider.name}: ${reply.reason}` });
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

function judge(reply: Reply, { provider, prompt, purpose }: Pick<Call, 'provider' | 'prompt' | 'purpose'>, desk: Desk): Turn {
  const resting = (why: Resting['why'], restMs = 0): Resting => ({
    kind: 'resting',
    why,
    reason: `${provider.name}: ${'reason' in reply ? reply.reason : ''}`,
    until: desk.now() + restMs,
  });
  switch (reply.kind) {
    case 'text': {
      const mail = readMailReply(reply.text, prompt.secrets);
      if (mail.kind === 'mail') return { kind: 'written', subject: mail.subject, text: mail.body };
      if (mail.kind === 'skip') return { kind: 'lead_failed', reason: `the model would not write to this lead: ${mail.reason}` };
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
