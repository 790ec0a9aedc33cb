import { basename } from 'node:path';
import { type CampaignFile, contentType, type FileSource, MOST_ATTACHED, tooMuch } from '../domain/attachment.ts';
import type { Campaign } from '../domain/campaign.ts';
import { contentId } from '../domain/images.ts';
import type { LeadFields } from '../domain/lead.ts';
import type { Resting } from '../llm/writer.ts';
import type { MailFile } from '../mail/mailer.ts';

export interface Enclosing {
  readonly now: () => number;
  readonly files: FileSource;
}

export type Failed =
  /** This lead's own file is not there, or no mail could carry it. */
  { readonly kind: 'lead_failed'; readonly reason: string } | Resting;

/** A campaign's file changed under the draft: the next look at the campaign, at most this much later, sees it too. */
const UNTIL_NEXT_LOOK = 15_000;

/** The files of one mail: the campaign's own as they were read with it, the lead's, and the images that the text shows. */
export function gatherFiles(
  { files, now }: Enclosing,
  campaign: Campaign,
  lead: LeadFields,
  images: readonly CampaignFile[],
): { readonly kind: 'gathered'; readonly files: MailFile[] } | Failed {
  const gathered: MailFile[] = [];
  for (const attached of [...campaign.attachments, ...images.map((file) => ({ file, image: true }))]) {
    if ('column' in attached && !Object.hasOwn(lead, attached.column)) {
      return { kind: 'lead_failed', reason: `this lead has no ${attached.column}, which names a file to attach; fill it in` };
    }
    const read = files.read('column' in attached ? (lead[attached.column] ?? '') : attached.file.name);
    if ('column' in attached) {
      if (!read.ok) return { kind: 'lead_failed', reason: `${attached.column}: ${read.reason}` };
    } else if (!read.ok || read.file.sha256 !== attached.file.sha256) {
      return { kind: 'resting', why: 'provider', reason: `${attached.file.name} has changed`, until: now() + UNTIL_NEXT_LOOK };
    }
    const { name, sha256, size } = read.file;
    const cid = 'image' in attached ? { cid: contentId(read.file) } : {};
    gathered.push({ sha256, name: basename(name), type: contentType(name), size, content: read.content, ...cid });
  }
  const total = gathered.reduce((sum, { size }) => sum + size, 0);
  return total <= MOST_ATTACHED ? { kind: 'gathered', files: gathered } : { kind: 'lead_failed', reason: tooMuch(total) };
}
