import type { Campaign } from '../domain/campaign.ts';
import type { LeadFields } from '../domain/lead.ts';

/** What came of writing one mail. */
type Written =
  /** Subject on one line; text with \n line ends and without the footer. */
  | { readonly kind: 'written'; readonly subject: string; readonly text: string }
  /** This lead cannot be written to; a person must look. Others are not affected. */
  | { readonly kind: 'lead_failed'; readonly reason: string };

/** Writes the mail for one lead. */
export interface Writer {
  write(campaign: Campaign, lead: LeadFields): Promise<Written>;
}
