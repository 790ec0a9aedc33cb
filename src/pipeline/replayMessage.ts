import { DEADLINES } from '../domain/deadlines.ts';
import type { Delivery } from '../domain/delivery.ts';
import { MINUTE } from '../domain/duration.ts';
import type { MessageState } from '../domain/message.ts';
import { reached } from '../domain/milestone.ts';
import { isReplayable } from '../domain/replay.ts';
import { answerAttempt } from '../store/attempts.ts';
import { noteEvent } from '../store/events.ts';
import { findMessage } from '../store/messages.ts';
import { type DueReplay, firstReplay, holdReplay, isReplayWanted, planReplay, setReplay } from '../store/replays.ts';
import type { Tx } from '../store/schema.ts';
import { finishSending } from '../store/sending.ts';
import { describe, settle } from './finishMessage.ts';
import { frozenMail } from './frozenMail.ts';
import type { SendDependencies } from './sendMessage.ts';

export interface ReplayDependencies extends Pick<SendDependencies, 'store' | 'now' | 'mailerFor' | 'cut'> {
  /** Senders whose provider takes a repeated request, each with the account that is asked there. */
  readonly accounts: ReadonlyMap<string, string>;
}

export interface Replayed {
  readonly messageId: number;
  readonly state: MessageState;
  readonly reply: string;
}

/**
 * T4 by asking: an uncertain mail's request is repeated, byte for byte and under its own key, where
 * the provider answers a repetition with what became of the first. Nothing else is ever sent again,
 * and not even this to an address that was suppressed, or for a job that was paused or cancelled.
 * Undefined when nothing is due.
 */
export async function replayMessage(deps: ReplayDependencies): Promise<Replayed | undefined> {
  const due = await deps.store.write((tx) => takeReplay(tx, deps));
  if (due === undefined) return undefined;
  const mail = await frozenMail(deps.store.db, due);
  if (mail === undefined) return undefined;
  const delivery = await deps.mailerFor(due.sender).deliver(mail, {
    date: new Date(deps.now()),
    arm: (sha256) => mayAskAgain(deps, due, sha256),
    limits: { unarmed: DEADLINES.unarmed, armed: DEADLINES.armed },
    cut: deps.cut,
  });
  return recordReplay(deps, due, delivery);
}

/** The next one that may be asked again; those that no longer may are left alone for good. */
async function takeReplay(tx: Tx, { accounts, now: clock }: ReplayDependencies): Promise<DueReplay | undefined> {
  const now = clock();
  const senders = [...accounts.keys()];
  for (;;) {
    const due = senders.length === 0 ? undefined : await firstReplay(tx, senders, now);
    if (due === undefined) return undefined;
    const settled = due.state !== 'uncertain' || due.current_attempt !== due.attempt_id;
    const unwanted = due.cancelled_at !== null || due.suppressed !== null;
    // Another account has never heard of the first request, and would take this one as new.
    const elsewhere = due.account === null || due.account !== accounts.get(due.sender);
    if (settled || unwanted || elsewhere || !isReplayable(due.provider, due.armed_at, now)) await setReplay(tx, due.attempt_id, null);
    else if (due.paused_at !== null) await setReplay(tx, due.attempt_id, now + MINUTE);
    else {
      await holdReplay(tx, due.attempt_id, now + DEADLINES.armed);
      return due;
    }
  }
}

/** Asked at the last moment before the request goes out: the same bytes, still wanted, and still known by their key. */
async function mayAskAgain({ store, now }: ReplayDependencies, due: DueReplay, sha256: string): Promise<boolean> {
  if (sha256 !== due.sent_sha256) return false;
  return store.write(async (tx) => isReplayable(due.provider, due.armed_at, now()) && (await isReplayWanted(tx, due.id, due.attempt_id)));
}

/** Only an answer to this very mail settles it; whatever else went wrong leaves it uncertain, to be asked again later. */
function recordReplay({ store, now: clock }: ReplayDependencies, due: DueReplay, delivery: Delivery): Promise<Replayed> {
  return store.write(async (tx) => {
    const now = clock();
    const reply = describe(delivery);
    // Refused here, before it was asked: no answer of the provider's.
    const state = delivery.beforeMail === true ? undefined : SETTLED[delivery.kind];
    const row = await findMessage(tx, due.id);
    const end = { state: state ?? 'uncertain', now, reason: state === 'accepted' ? null : reply } as const;
    const hold = { id: due.id, token: due.token, worker: '' };
    if (state === undefined || row === undefined) {
      await planReplay(tx, due.attempt_id, now);
      return { messageId: due.id, state: 'uncertain', reply };
    }
    await setReplay(tx, due.attempt_id, null);
    await answerAttempt(tx, due.attempt_id, { now, outcome: delivery.kind, code: delivery.code, reply });
    const moved = await finishSending(tx, hold, due.attempt_id, end);
    if (moved) await settle(tx, row, { state, reason: end.reason }, delivery, now);
    else await noteEvent(tx, due.id, 'late reply', now, reply);
    reached('t3.open');
    return { messageId: due.id, state: moved ? state : row.state, reply };
  });
}

const SETTLED: Readonly<Partial<Record<Delivery['kind'], 'accepted' | 'failed'>>> = {
  accepted: 'accepted',
  recipient_refused: 'failed',
  content_refused: 'failed',
};
