import type { Campaign } from '../domain/campaign.ts';
import { jobGates, limitGates, recipientGates, type ShutGate, senderGates } from '../domain/pace.ts';
import type { WaitingMessage } from '../store/outlook.ts';
import type { JobRow } from '../store/schema.ts';
import { jobPace, limitPace, type PaceSettings, senderPace } from './gates.ts';
import type { PaceFacts } from './paceFacts.ts';
import { recipientPace, recipientRules } from './recipientGates.ts';

/** A shut gate, and whose it is: `name` is the sender's, where it is a sender's. */
export interface NamedGate extends Omit<ShutGate, 'gate'> {
  readonly gate: ShutGate['gate'] | 'due' | 'suppressed';
  readonly of: 'message' | 'recipient' | 'job' | 'sender' | 'account';
  readonly name: string | null;
}

/** Every gate that is shut for one message now, in the order in which a claim meets them; senders with no shut gate are free. */
export async function shutGatesOf(
  facts: PaceFacts,
  message: WaitingMessage,
  job: JobRow,
  campaign: Campaign,
  settings: PaceSettings,
  now: number,
): Promise<{ gates: NamedGate[]; freeSenders: string[] }> {
  const gates: NamedGate[] = [];
  const freeSenders: string[] = [];
  const add = (of: NamedGate['of'], shut: readonly Omit<NamedGate, 'of' | 'name'>[], name: string | null = null) =>
    gates.push(...shut.map((gate) => ({ ...gate, of, name })));
  if (message.suppressed !== null) add('message', [{ gate: 'suppressed', opensAt: null }]);
  add('job', jobGates(await jobPace(facts, job, campaign), now));
  add('account', limitGates(await limitPace(facts, settings.limits, now), now));
  for (const name of campaign.senders) {
    const sender = settings.senders.get(name);
    if (sender === undefined) continue;
    const shut = senderGates(await senderPace(facts, sender, settings.timezone, now), now);
    if (shut.length === 0) freeSenders.push(name);
    add('sender', shut, name);
  }
  const rules = recipientRules(campaign, settings.limits);
  if (rules !== null) add('recipient', recipientGates(await recipientPace(facts, rules, message, now), now));
  if (message.state === 'ready' && message.due_at > now) add('message', [{ gate: 'due', opensAt: message.due_at }]);
  return { gates, freeSenders };
}
