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
import { settleAccepted } from './settleAccepted.ts';

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
 * and not even this to an address that was suppressed, or for a job that was paused or cancelled, or
 * where the provider's own clock, read a moment before, does not say that it knows the key still.
 * Undefined when nothing is due.
 */
export async function replayMessage(deps: ReplayDependencies): Promise<Replayed | undefined> {
  for (;;) {
    const due = await deps.store.write((tx) => takeReplay(tx, deps));
    if (due === undefined) return undefined;
    const mailer = deps.mailerFor(due.sender);
    const time = await mailer.providerTime?.();
    if (time === undefined || !isReplayable(due.provider, due.asked_at, time())) {
      await leaveUncertain(deps, due, time === undefined);
      continue;
    }
    const mail = await frozenMail(deps.store.db, due);
    if (mail === undefined) return undefined;
    const delivery = await mailer.deliver(mail, {
      date: new Date(deps.now()),
      arm: (sha256) => mayAskAgain(deps, due, time, sha256),
      limits: { unarmed: DEADLINES.unarmed, armed: DEADLINES.armed },
      cut: deps.cut,
    });
    return recordReplay(deps, due, delivery);
  }
}

/** One that is asked after, with the time from which the provider's clock counts. */
type Replay = DueReplay & { readonly asked_at: number };

/** The next one that may be asked again; those that no longer may are left alone for good. */
async function takeReplay(tx: Tx, { accounts, now: clock }: ReplayDependencies): Promise<Replay | undefined> {
  const now = clock();
  const senders = [...accounts.keys()];
  for (;;) {
    const due = senders.length === 0 ? undefined : await firstReplay(tx, senders, now);
    if (due === undefined) return undefined;
    const settled = due.state !== 'uncertain' || due.current_attempt !== due.attempt_id;
    const unwanted = due.cancelled_at !== null || due.suppressed !== null;
    // Another account has never heard of the first request, and would take this one as new.
    const elsewhere = due.account === null || due.account !== accounts.get(due.sender);
    const { asked_at } = due;
    if (settled || unwanted || elsewhere || asked_at === null) await setReplay(tx, due.attempt_id, null);
    else if (due.paused_at !== null) await setReplay(tx, due.attempt_id, now + MINUTE);
    else {
      await holdReplay(tx, due.attempt_id, now + DEADLINES.armed);
      return { ...due, asked_at };
    }
  }
}

/** Asked at the last moment before the request goes out: the same bytes, still wanted, and still known by their key. */
async function mayAskAgain({ store }: ReplayDependencies, due: Replay, time: () => number, sha256: string): Promise<boolean> {
  if (sha256 !== due.sent_sha256) return false;
  return store.write(async (tx) => (await isReplayWanted(tx, due.id, due.attempt_id)) && isReplayable(due.provider, due.asked_at, time()));
}

/** The provider was not asked. `again`: it did not tell its time, so this is looked at later; otherwise never. */
async function leaveUncertain({ store, now }: ReplayDependencies, due: Replay, again: boolean): Promise<void> {
  await store.write((tx) => (again ? planReplay(tx, due.attempt_id, now()) : setReplay(tx, due.attempt_id, null)));
}

/** Only an answer to this very mail settles it; whatever else went wrong leaves it uncertain, to be asked again later. */
function recordReplay({ store, now: clock }: ReplayDependencies, due: Replay, delivery: Delivery): Promise<Replayed> {
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
    if (await settleAccepted(tx, due.id, now)) return { messageId: due.id, state: 'accepted', reply };
    return { messageId: due.id, state: moved ? state : row.state, reply };
  });
}

const SETTLED: Readonly<Partial<Record<Delivery['kind'], 'accepted' | 'failed'>>> = {
  accepted: 'accepted',
  recipient_refused: 'failed',
  content_refused: 'failed',
};
