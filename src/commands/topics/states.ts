import type { JobStatus } from '../../domain/job.ts';
import { FINAL_STATES, type MessageState, TRANSITIONS } from '../../domain/message.ts';
import { entries } from './entries.ts';

const OF_A_MAIL: Readonly<Record<MessageState, string>> = {
  pending: 'imported; its text is not written yet',
  drafting: 'a worker is writing it',
  review: 'written, and waits for you: outreach approve ID (elsewhere than on a terminal ID@HASH) or reject ID',
  ready: 'written and frozen; leaves when every gate is open (outreach help pace)',
  sending: 'on the wire',
  accepted: "taken by the recipient's or the provider's server",
  failed: 'refused, or tried in vain for too long; outreach retry ID tries again',
  uncertain:
    'may have left: no complete answer came. Never sent again by itself; outreach show ID says where to look, outreach resolve ID what became of it',
  suppressed: 'the address is on the list of people who want no mail',
  cancelled: 'rejected by you, or its job was cancelled (then a new import of the same person may write to them)',
};

const OF_A_JOB: Readonly<Record<JobStatus, string>> = {
  pending: 'nothing of it is written yet, or its import is not complete',
  processing: 'under way',
  paused: 'by you (outreach pause), or by the program, which says why in outreach status',
  completed: 'every mail is in a state that does not change by itself any more',
  failed: 'every one of its mails failed',
  cancelled: 'ended for good (outreach cancel)',
};

export function statesTopic(): string {
  const moves = TRANSITIONS.map(({ from, to, on }) => [`${from} -> ${to}`, inWords(on)] as const);
  return `${entries('A mail is', Object.entries(OF_A_MAIL))}

Final are ${FINAL_STATES.join(', ')}: nothing but you changes them.

${entries('A job is', Object.entries(OF_A_JOB))}

${entries('What leads from one state to the next', moves)}`;
}

/** Without the protocol's own names (T1, R2). */
function inWords(on: string): string {
  return on.replace(/, or R\d$/, ', or its worker died before the mail was on the wire').replace(/^[TR]\d(?: or [TR]\d)?:? /, '');
}
