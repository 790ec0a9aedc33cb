/**
 * A message's life: its states and every legal move between them.
 * The database holds the same rules as CHECK constraints and a trigger (`migrations/0001_first.ts`),
 * and the diagram in `src/README.md` is compared with this table by a test.
 */
export const MESSAGE_STATES = [
  'pending',
  'drafting',
  'review',
  'ready',
  'sending',
  'accepted',
  'failed',
  'uncertain',
  'suppressed',
  'cancelled',
] as const;

export type MessageState = (typeof MESSAGE_STATES)[number];

export interface Transition {
  readonly from: MessageState;
  readonly to: MessageState;
  /** What happened, in a few words. The send protocol's names (T1 … R2) stand where it has one. */
  readonly on: string;
}

export const TRANSITIONS: readonly Transition[] = [
  { from: 'pending', to: 'drafting', on: 'claimed for drafting' },
  { from: 'drafting', to: 'pending', on: 'worker dead, deadline passed or writer resting' },
  { from: 'drafting', to: 'review', on: 'drafted and held, or the lead cannot be written to' },
  { from: 'drafting', to: 'ready', on: 'drafted and frozen' },
  { from: 'review', to: 'ready', on: 'approved' },
  { from: 'review', to: 'pending', on: 'voided' },
  { from: 'ready', to: 'review', on: 'review became stricter' },
  { from: 'ready', to: 'pending', on: 'voided' },
  { from: 'ready', to: 'sending', on: 'T1 claimed' },
  { from: 'sending', to: 'accepted', on: 'T3 accepted' },
  { from: 'sending', to: 'ready', on: 'T3 certainly not accepted, or R1' },
  { from: 'sending', to: 'failed', on: 'T3 refused, or tries ran out' },
  { from: 'sending', to: 'uncertain', on: 'T3 or R2: armed without a final reply' },
  { from: 'sending', to: 'cancelled', on: 'not accepted, and its job was cancelled' },
  { from: 'uncertain', to: 'accepted', on: 'T4 late reply, or a person' },
  { from: 'uncertain', to: 'failed', on: 'T4 late reply, or a person' },
  { from: 'uncertain', to: 'ready', on: 'T5 resolve --resend' },
  { from: 'pending', to: 'suppressed', on: 'address suppressed' },
  { from: 'drafting', to: 'suppressed', on: 'address suppressed' },
  { from: 'review', to: 'suppressed', on: 'address suppressed' },
  { from: 'ready', to: 'suppressed', on: 'address suppressed' },
  { from: 'pending', to: 'cancelled', on: 'job cancelled' },
  { from: 'drafting', to: 'cancelled', on: 'job cancelled' },
  { from: 'review', to: 'cancelled', on: 'rejected, or job cancelled' },
  { from: 'ready', to: 'cancelled', on: 'job cancelled' },
  { from: 'failed', to: 'accepted', on: 'T4 late reply after a verdict, or a person corrects theirs' },
  { from: 'ready', to: 'accepted', on: 'T4 late reply, after a person judged otherwise' },
  { from: 'accepted', to: 'failed', on: 'a person corrects their verdict' },
  { from: 'cancelled', to: 'pending', on: 'imported again, never armed' },
  { from: 'failed', to: 'pending', on: 'retry' },
  { from: 'failed', to: 'ready', on: 'retry' },
];

/** States that nothing but a person's explicit wish leaves. `review` and `uncertain` wait for a person, so they are not final. */
export const FINAL_STATES = ['accepted', 'failed', 'suppressed', 'cancelled'] as const satisfies readonly MessageState[];

/** States that a worker still has something to do for. */
export const OPEN_STATES = ['pending', 'drafting', 'ready', 'sending'] as const satisfies readonly MessageState[];

/** The states from which `to` may be reached; what a compare-and-set puts into its WHERE. */
export function statesBefore(to: MessageState): MessageState[] {
  return TRANSITIONS.filter((transition) => transition.to === to).map((transition) => transition.from);
}

/** How many messages stand in each state. */
export type StateCounts = Record<MessageState, number>;

export function emptyCounts(): StateCounts {
  return Object.fromEntries(MESSAGE_STATES.map((state) => [state, 0])) as StateCounts;
}

export function sumOf(counts: StateCounts, states: readonly MessageState[]): number {
  return states.reduce((sum, state) => sum + counts[state], 0);
}
