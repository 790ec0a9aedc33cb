import { parseAddress } from '../domain/address.ts';
import type { Campaign } from '../domain/campaign.ts';
import { type MailTemplate, parseTemplate, renderFailure } from '../domain/template.ts';
import { bodyText, oneLine } from '../domain/text.ts';
import type { Writer } from './writer.ts';

/** `generator: template`: subject and body are Liquid templates over the lead's fields. */
export function templateWriter(): Writer {
  let parsed: { contentHash: string; subject: MailTemplate; body: MailTemplate } | undefined;
  return {
    async write(campaign, fields) {
      if (parsed?.contentHash !== campaign.contentHash) {
        parsed = {
          contentHash: campaign.contentHash,
          subject: parseTemplate(campaign.subject, { path: campaign.path, line: campaign.lines.subject }),
          body: parseTemplate(campaign.body, { path: campaign.path, line: campaign.lines.body }),
        };
      }
      const scope = { fields, sender: senderScope(campaign) };
      try {
        const subject = oneLine(parsed.subject.render(scope));
        const text = bodyText(parsed.body.render(scope)).trim();
        if (subject === '') return { kind: 'lead_failed', reason: 'the subject is empty for this lead' };
        if (text === '') return { kind: 'lead_failed', reason: 'the text is empty for this lead' };
        return { kind: 'written', subject, text };
      } catch (error) {
        return { kind: 'lead_failed', reason: renderFailure(error) };
      }
    },
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
