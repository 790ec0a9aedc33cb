import { parseAddress } from '../domain/address.ts';
import type { Campaign } from '../domain/campaign.ts';
import type { LeadFields } from '../domain/lead.ts';
import { type MailTemplate, parseTemplate, renderFailure } from '../domain/template.ts';
import { bodyText, oneLine } from '../domain/text.ts';
import type { Writer } from './writer.ts';

/** `generator: template`: subject and body are Liquid templates over the lead's fields. */
export function templateWriter(width: number): Writer {
  return {
    width: () => width,
    async write({ campaign, lead }) {
      const subject = renderSubject(campaign, lead);
      if (!subject.ok) return { kind: 'lead_failed', reason: subject.reason };
      const body = rendered(bodyOf(campaign), campaign, lead, 'text');
      if (!body.ok) return { kind: 'lead_failed', reason: body.reason };
      return { kind: 'written', subject: subject.text, text: bodyText(body.text).trim() };
    },
  };
}

type Rendered = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

export function renderSubject(campaign: Campaign, lead: LeadFields): Rendered {
  const subject = rendered(subjectOf(campaign), campaign, lead, 'subject');
  return subject.ok ? { ok: true, text: oneLine(subject.text) } : subject;
}

function rendered(template: MailTemplate, campaign: Campaign, lead: LeadFields, what: 'subject' | 'text'): Rendered {
  try {
    const text = template.render({ fields: lead, sender: senderScope(campaign) });
    return oneLine(text) === '' ? { ok: false, reason: `the ${what} is empty for this lead` } : { ok: true, text };
  } catch (error) {
    return { ok: false, reason: renderFailure(error) };
  }
}

const subjectOf = parsedOnce((campaign) => parseTemplate(campaign.subject ?? '', { path: campaign.path, line: campaign.lines.subject }));
const bodyOf = parsedOnce((campaign) => parseTemplate(campaign.body, { path: campaign.path, line: campaign.lines.body }));

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
