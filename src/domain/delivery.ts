/**
 * The closed set of ways a delivery attempt can end. Adapters translate every reply, error and
 * time-out into one of these, once; nobody above them reads a provider's codes.
 */
export type DeliveryKind =
  /** The server took the mail: a complete 2xx after the final dot. */
  | 'accepted'
  /** Certainly not accepted, and trying this message again later may help (4xx, or a drop while unarmed). */
  | 'temporary'
  /** The provider asks for patience: it took nothing, the sender rests for as long as asked, and no try is lost. */
  | 'throttled'
  /** The conversation ended before MAIL: says nothing about the message, so the sender rests and no try is lost. */
  | 'sender_failed'
  /** The provider refuses this sender (authentication, policy 5.7.x): no try is lost where it was told before MAIL or stops the sender. */
  | 'sender_refused'
  /** The address does not exist or takes no mail: never tried again, and suppressed. */
  | 'recipient_refused'
  /** This mail was refused for good. */
  | 'content_refused'
  /** The arm was refused (fenced, paused, cancelled, suppressed) or the worker is stopping: nothing went out. */
  | 'not_armed'
  /** Armed, and no complete final reply: may or may not have been accepted. Never sent again by the program. */
  | 'ambiguous';

/** How much of a mail was written to the connection: no byte of it, some, all but its end, or its end too (the final dot, or the request's last byte). */
export type Progress = 'nothing' | 'part' | 'all' | 'end';

export interface Delivery {
  readonly kind: DeliveryKind;
  /** SMTP reply code, where a complete reply was read. */
  readonly code: number | null;
  /** The reply's text or the error's message, one line, without control characters. */
  readonly reply: string;
  /** True when the conversation ended before MAIL was sent: the provider never heard of this mail. */
  readonly beforeMail?: boolean;
  /** How long a throttling provider asks to be left alone, in ms, where it said so. */
  readonly restMs?: number;
  /** Only a person can mend what is wrong with this sender: its key or password, its account. */
  readonly stopsSender?: boolean;
  /** A policy that may concern this recipient alone: the sender rests only when a server of another domain says the same. */
  readonly ofRecipientPerhaps?: boolean;
  /** Where it is known; always so behind an arm. */
  readonly progress?: Progress;
}

/** Delivery kinds after which the usage ledger's row is released: the mail was certainly not accepted. */
export function certainlyNotAccepted(kind: DeliveryKind): boolean {
  return kind !== 'accepted' && kind !== 'ambiguous';
}
