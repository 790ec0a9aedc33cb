import { parseAddress } from './address.ts';
import type { Campaign } from './campaign.ts';
import { markImages } from './images.ts';
import type { LeadFields } from './lead.ts';
import { type MailTemplate, parseTemplate, renderFailure } from './template.ts';
import { tagIn } from './templateTags.ts';
import { bodyText, oneLine } from './text.ts';

/** A campaign's templates, filled in for one lead: the text, or why this lead cannot be written to. */
export type Rendered = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

export function renderSubject(campaign: Campaign, lead: LeadFields): Rendered {
  const subject = rendered(subjectOf(campaign), campaign, lead, 'subject');
  return subject.ok ? { ok: true, text: oneLine(subject.text) } : subject;
}

/** With \n line ends, marks where the template has images (`images.ts`), and without the footer. */
export function renderBody(campaign: Campaign, lead: LeadFields): Rendered {
  const body = rendered(bodyOf(campaign), campaign, lead, 'text');
  return body.ok ? { ok: true, text: bodyText(body.text).trim() } : body;
}

function rendered(template: MailTemplate, campaign: Campaign, lead: LeadFields, what: 'subject' | 'text'): Rendered {
  try {
    // A filter that shortens may cut a character in two, and no mail can carry half of one.
    const text = template.render({ fields: lead, sender: senderScope(campaign) }).replace(/\p{Surrogate}/gu, '');
    if (oneLine(text) === '') return { ok: false, reason: `the ${what} is empty for this lead` };
    const tag = tagIn(text);
    return tag === undefined ? { ok: true, text } : { ok: false, reason: printedTag(tag, lead, what) };
  } catch (error) {
    return { ok: false, reason: renderFailure(error) };
  }
}

/** The template's own tags are filled in or refused, so it is the lead's data, or a join of two cells. */
function printedTag(tag: string, lead: LeadFields, what: string): string {
  const field = Object.keys(lead).find((name) => tagIn(lead[name] ?? '') !== undefined);
  return `the ${what} would show ${tag} to its reader${field === undefined ? '' : `; it stands in this lead's ${field}`}`;
}

const subjectOf = parsedOnce((campaign) => parseTemplate(campaign.subject ?? '', { path: campaign.path, line: campaign.lines.subject }));
const bodyOf = parsedOnce((campaign) =>
  parseTemplate(markImages(campaign.body, campaign), { path: campaign.path, line: campaign.lines.body }),
);

/** A campaign is one object as long as its file does not change. */
function parsedOnce(parse: (campaign: Campaign) => MailTemplate): (campaign: Campaign) => MailTemplate {
  const parsed = new WeakMap<Campaign, MailTemplate>();
  return (campaign) => {
    const known = parsed.get(campaign) ?? parse(campaign);
    parsed.set(campaign, known);
    return known;
  };
}

/** What `{{ sender.… }}` offers. */
export function senderScope(campaign: Pick<Campaign, 'identity' | 'from'>): Record<string, string> {
  const from = parseAddress(campaign.from);
  return {
    name: campaign.identity.name,
    ...(campaign.identity.company === undefined ? {} : { company: campaign.identity.company }),
    ...(from.ok ? { email: from.address.email } : {}),
  };
}
