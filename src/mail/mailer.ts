import type { AttachedFile, FileContent } from '../domain/attachment.ts';
import type { Delivery } from '../domain/delivery.ts';

/** What a draft says and to whom; everything a mail is composed from. */
export interface MailContent {
  /** `Ana Ruiz <ana@ruiz.example>` */
  readonly from: string;
  readonly to: { readonly email: string; readonly name: string | undefined };
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Where a List-Unsubscribe click writes to. */
  readonly unsubscribeMailto: string;
  /** What one click posts to (RFC 8058), token included. */
  readonly unsubscribeUrl?: string | undefined;
  /** Whom the opt-out speaks for: part of the subject of the mail that a click writes. */
  readonly unsubscribeToken?: string | undefined;
  /** `Ana <ana@ruiz.example>`, where answers do not go to From. */
  readonly replyTo?: string | undefined;
  /** A copy goes to From, unseen by the lead. */
  readonly bccSelf?: boolean;
  /** Value of Feedback-ID. */
  readonly feedbackId?: string | undefined;
  readonly attachments?: readonly MailFile[];
  /** A random name of this mail alone: value of X-Outreach-Id, and the left part of Message-ID, which some servers replace. */
  readonly reference: string;
}

/** The same mail for providers that build the bytes themselves. */
interface MailParts extends MailAddressing {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly MailFile[];
}

/** A file as it travels with one mail. */
export type MailFile = AttachedFile & FileContent;

export interface MailAddressing {
  readonly from: Mailbox;
  readonly to: Mailbox;
  readonly replyTo?: Mailbox;
  readonly bcc?: Mailbox;
  readonly headers: Readonly<Record<string, string>>;
  readonly reference: string;
}

interface Mailbox {
  readonly email: string;
  readonly name?: string;
}

/** A mail as approved: every byte but the Date header is fixed (and the DKIM signature, once there is one). */
export interface FrozenMail {
  readonly messageId: string;
  /** `bcc`: one more recipient, whose refusal changes nothing. */
  readonly envelope: { readonly from: string; readonly to: string; readonly bcc?: string };
  readonly bytes: Buffer;
  /** `bytes` with a mark in place of each attached file, if there are any. */
  readonly skeleton: Buffer;
  /** SHA-256 of `bytes`, hexadecimal. */
  readonly sha256: string;
  readonly parts: () => MailParts;
}

export interface DeliveryAttempt {
  readonly date: Date;
  /**
   * Asked at the last moment at which nothing of the mail is on the wire, with the SHA-256 of the
   * bytes about to go there, and the provider's clock (epoch ms) where the mailer knows it. Only a `true`
   * that rests on a durable commit lets the first byte out.
   */
  arm(sha256: string, providerTime?: number): Promise<boolean>;
  /** Milliseconds until the attempt is cut: before the arm, and counted anew after it. */
  readonly limits: { readonly unarmed: number; readonly armed: number };
  /** The worker leaves: whatever stands on the wire is cut now. */
  readonly cut: AbortSignal;
}

/** One sender's way out. Adapters differ only here; none of them retries. */
export interface Mailer {
  readonly provider: string;
  /** The provider's account as a hash under the workspace's key, where a request may be repeated: at this account alone. */
  readonly account?: ((workspaceKey: Buffer) => string) | undefined;
  /**
   * Reads the provider's clock now; what comes back tells its time (epoch ms) from then on. Undefined when the provider
   * does not tell it. Only where a request may be repeated: its key is known there for so long by that clock.
   */
  readonly providerTime?: (() => Promise<(() => number) | undefined>) | undefined;
  /** Delivers one mail, once. Never throws for anything the network or the provider does. */
  deliver(mail: FrozenMail, attempt: DeliveryAttempt): Promise<Delivery>;
  /** Ends idle connections. */
  close(): Promise<void>;
}

/** Turns content into frozen bytes: done once, when a message becomes ready. */
export type Composer = (content: MailContent) => Promise<FrozenMail>;
