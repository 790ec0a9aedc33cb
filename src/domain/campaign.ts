import { createHash } from 'node:crypto';
import type { Attachment, CampaignFile } from './attachment.ts';
import type { Canary } from './hold.ts';
import type { SendMode } from './job.ts';
import type { SendWindow } from './window.ts';

export const REVIEW_RULES = ['none', 'flagged', 'all'] as const;
export const GENERATORS = ['template', 'ai'] as const;
export type Generator = (typeof GENERATORS)[number];

export type ReviewRule = (typeof REVIEW_RULES)[number];

/** The rule of a campaign that names none: a text that nobody has read is not sent. A template was read by whoever wrote it. */
export function usualReview(generator: Generator): ReviewRule {
  return generator === 'ai' ? 'all' : 'none';
}

/** Whether each mail of this campaign leaves only once a person has approved it. Until there is a quality gate, `flagged` holds every text that a model wrote. */
export function needsApproval({ review, generator }: Pick<Campaign, 'review' | 'generator'>): boolean {
  return review === 'all' || (review === 'flagged' && generator === 'ai');
}

interface Identity {
  readonly name: string;
  readonly company: string | undefined;
  readonly postal_address: string | undefined;
  readonly timezone: string;
}

/** A campaign as read from its file, checked against the configuration. */
export interface Campaign {
  readonly name: string;
  readonly path: string;
  /** A template; null when the model writes the subject too. */
  readonly subject: string | null;
  /** The mail's template, or the brief for the model. */
  readonly body: string;
  /** Where subject and body begin in the file, for error messages. */
  readonly lines: { readonly subject: number; readonly body: number };
  readonly generator: Generator;
  /** Names in order of preference; all of them share one From. */
  readonly senders: readonly string[];
  /** Senders share the mails by what is left of their caps; otherwise the first that may send does. */
  readonly rotate: boolean;
  readonly send: { readonly mode: SendMode; readonly rate: number | null; readonly at: number | null };
  readonly window: SendWindow | null;
  /** So many mails first; the others only after a wait without more bounces than that (ms). */
  readonly canary: Canary | null;
  readonly review: ReviewRule;
  /** Who signs: everything outside the campaign file that ends up in a mail. */
  readonly from: string;
  readonly identity: Identity;
  /** `url` is what one click posts to, without the token that says for whom. */
  readonly unsubscribe: { readonly mailto: string; readonly url: string | null };
  /** Where answers go; null: to From. */
  readonly replyTo: string | null;
  /** A copy of each mail goes to From. */
  readonly bccSelf: boolean;
  readonly attachments: readonly Attachment[];
  /** Files that the template shows inside its text, each once. */
  readonly images: readonly CampaignFile[];
  /** The most that a mail may be: its text in bytes (UTF-8, footer included), its subject in characters. */
  readonly sizes: { readonly text: number; readonly subject: number };
  /** SHA-256 over all that shapes a mail's bytes: an approval holds for this and nothing else. */
  readonly contentHash: string;
}

type Content = Pick<
  Campaign,
  'subject' | 'body' | 'generator' | 'from' | 'identity' | 'unsubscribe' | 'replyTo' | 'bccSelf' | 'attachments' | 'images'
>;

/** Raise when drafting or composing changes what a mail looks like. */
const COMPOSITION = 3;

export function contentHash(content: Content): string {
  const { name, company, postal_address } = content.identity;
  const parts = [
    COMPOSITION,
    content.generator,
    content.subject,
    content.body,
    content.from,
    name,
    company ?? null,
    postal_address ?? null,
    content.unsubscribe.mailto,
    content.unsubscribe.url,
    content.replyTo,
    content.bccSelf,
    content.attachments.map((attached) => ('column' in attached ? attached : named(attached.file))),
    content.images.map(named),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The files that the campaign itself names, whoever the lead is. */
export function ownFiles({ attachments, images }: Pick<Campaign, 'attachments' | 'images'>): CampaignFile[] {
  return [...attachments.flatMap((attached) => ('file' in attached ? [attached.file] : [])), ...images];
}

function named({ name, sha256 }: CampaignFile) {
  return [name, sha256];
}

/** Where pipeline verbs get campaigns from. */
export interface CampaignSource {
  /** Reads the file again if it changed since the last call. Throws OutreachError when it is missing or wrong. */
  load(name: string): Campaign;
}
