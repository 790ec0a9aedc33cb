import type { CampaignFile } from './attachment.ts';
import type { Campaign } from './campaign.ts';
import { htmlFromText } from './html.ts';
import { placesIn } from './places.ts';
import { escapeHtml, oneLine } from './text.ts';

/** `![alt](images/logo.png)`, in a campaign's own template alone: what a lead or a model wrote is text. */
const IMAGE = /!\[((?:[^\]\n!]|!(?!\[))*)\]\(([^()\s]+)\)/g;

/** The images that a template names, in order, with the line (from 0) that each stands on. */
export function imagesIn(template: string): { readonly name: string; readonly line: number }[] {
  const placeOf = placesIn(template, { line: 0, column: 1 });
  return [...template.matchAll(IMAGE)].map((match) => ({ name: match[2] ?? '', line: placeOf(match.index).line }));
}

/**
 * The template with a mark for each image, which survives rendering. It holds the hash of the
 * campaign's content: lead data that looked like one could only show the campaign's own image.
 */
export function markImages(template: string, { images, contentHash }: Pick<Campaign, 'images' | 'contentHash'>): string {
  if (images.length === 0) return template;
  const seal = sealOf(contentHash);
  return template.replace(IMAGE, (written, alt: string, name: string) => {
    const index = images.findIndex((image) => image.name === name);
    return index < 0 ? written : `<${seal}:${index}:${alt}:${seal}>`;
  });
}

export interface Illustrated {
  readonly text: string;
  readonly html: string;
  /** The images that are really shown: a condition may leave some out. */
  readonly images: readonly CampaignFile[];
}

/** The mail's two forms: an image by its Content-ID in the HTML, `[alt]` in the text. */
export function placeImages(marked: string, { images, contentHash }: Pick<Campaign, 'images' | 'contentHash'>): Illustrated {
  if (images.length === 0) return { text: marked, html: htmlFromText(marked), images };
  const seal = sealOf(contentHash);
  const shown = new Set<CampaignFile>();
  const text = marked.replace(new RegExp(`<${seal}:(\\d+):([^]*?):${seal}>`, 'g'), (_, __, alt: string) => `[${oneLine(alt) || 'image'}]`);
  const html = htmlFromText(marked).replace(new RegExp(`&lt;${seal}:(\\d+):([^]*?):${seal}&gt;`, 'g'), (_, index: string, alt: string) => {
    const image = images[Number(index)];
    if (image === undefined) return '';
    shown.add(image);
    return `<img src="cid:${escapeHtml(contentId(image))}" alt="${oneLine(alt.replace(/<[^<>]*>/g, ' '))}">`;
  });
  return { text, html, images: [...shown] };
}

/** RFC 2392: the same for the same picture, so that a frozen mail is the same bytes. */
export function contentId({ sha256 }: CampaignFile): string {
  return `${sha256.slice(0, 24)}@outreach`;
}

function sealOf(contentHash: string): string {
  return `img-${contentHash.slice(0, 16)}`;
}
