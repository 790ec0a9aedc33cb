import type { Campaign } from '../domain/campaign.ts';
import type { LeadFields } from '../domain/lead.ts';

/** One mail to be written. */
export interface Assignment {
  readonly campaign: Campaign;
  readonly lead: LeadFields;
  readonly jobId: number;
  readonly messageId: number;
  /** When whoever asks loses the message again (epoch ms): nothing is begun that cannot end before. */
  readonly deadlineAt: number;
}

/** What came of writing one mail. */
export type Written =
  /** Subject on one line; text with \n line ends and without the footer. */
  | { readonly kind: 'written'; readonly subject: string; readonly text: string }
  /** This lead cannot be written to; a person must look. Others are not affected. */
  | { readonly kind: 'lead_failed'; readonly reason: string }
  | Resting;

/** Nobody can be written to just now, and the leads are not to blame. */
export interface Resting {
  readonly kind: 'resting';
  /** `final`: until a person does something; it is tried again much later all the same. */
  readonly why: 'provider' | 'budget' | 'final' | 'leaving';
  readonly reason: string;
  /** When it is worth trying again (epoch ms). */
  readonly until: number;
}

/** Writes the mail for one lead. */
export interface Writer {
  write(assignment: Assignment): Promise<Written>;
  /** How many mails may be in the making at a time, now. */
  width(): number;
}
