import { channel } from 'node:diagnostics_channel';

/**
 * The places between which a crash must not matter, in the order of a message's life.
 * Nobody listens in production and `reached` then costs a property read; the crash suite
 * subscribes from a preloaded module and ends or freezes the process at the n-th pass.
 */
export const MILESTONES = [
  'import.job_created',
  'import.batch_open',
  'import.batch_committed',
  'import.before_completion',
  'import.completed',
  'worker.locked',
  'worker.registered',
  'draft.claim_open',
  'draft.claimed',
  'ai.reserved',
  'ai.replied',
  'ai.settle_open',
  'ai.settled',
  'draft.written',
  'draft.store_open',
  'draft.stored',
  'oauth.locked',
  'oauth.asking',
  'oauth.answered',
  'oauth.stored',
  't1.open',
  't1.committed',
  'connected',
  't2.asked',
  't2.open',
  't2.committed',
  'body.begun',
  'body.ended',
  'reply.read',
  't3.open',
  't3.committed',
  'r1.open',
  'r1.committed',
  'r2.open',
  'r2.committed',
] as const;

export type Milestone = (typeof MILESTONES)[number];

const milestones = channel('outreach:milestone');

export function reached(milestone: Milestone): void {
  if (milestones.hasSubscribers) milestones.publish(milestone);
}
