import type { CampaignKey } from '../../config/campaign.ts';
import { GENERATORS, REVIEW_RULES } from '../../domain/campaign.ts';
import { SEND_MODES } from '../../domain/job.ts';
import { KNOWN_FIELDS } from '../../domain/lead.ts';
import { entries } from './entries.ts';

const SETTINGS: Readonly<Record<CampaignKey, string>> = {
  subject: 'a template; may be left out with generator: ai, which then writes it too',
  generator: `${GENERATORS.join(' | ')}: the text is a template, or the brief for a model`,
  senders: 'names in outreach.yaml, in order of preference; they share one From',
  rotate: 'true: by turns instead of by preference',
  send: `{ mode: ${SEND_MODES.join(' | ')}, rate: mails an hour of a drip, at: 2026-12-01T09:00 }`,
  window: '{ days: mon-fri, from: "09:00", to: "17:00", timezone: recipient, except: [2026-12-25] }',
  canary: '{ first: 10, wait: 24h, max_bounces: 0 }: the first mails go alone, and bounces pause the job',
  reply_to: 'where answers go, if not to the sender',
  bcc_self: "true: a copy to the sender's own mailbox",
  attachments: 'files in the campaigns folder, or { column: proposal } for one of each lead',
  review: `${REVIEW_RULES.join(' | ')}: which mails wait for outreach approve; without it all with generator: ai, else none`,
};

export function campaignFilesTopic(): string {
  return `A campaign is campaigns/NAME.md: settings between two lines of ---, then a mail.

  ---
  subject: "Quick question about {{ company }}"
  send: { mode: drip, rate: 20 }
  ---
  Hi {{ first_name | default: "there" }},

  one question.

${entries('Settings, all but the subject optional', Object.entries(SETTINGS))}

The mail is a Liquid template (liquidjs.com). It may print
  ${wrapped(KNOWN_FIELDS)}
  and every other column of the CSV, in small letters with _ between words;
  sender.name, sender.company and sender.email.
What a lead may lack takes a default; import refuses a template that prints what
no lead of the file has.

Characters that nobody sees (bidi controls, zero-width, tags) are removed from
what leads and models wrote, but for what scripts and emoji need. What is left,
in your own text, is shown by its number: <U+202E>.

See it:
  outreach preview NAME            whole mails, nothing stored or sent
  outreach test NAME --to YOU      one real mail to yourself`;
}

function wrapped(names: readonly string[]): string {
  return names
    .join(', ')
    .replace(/(.{1,74})(?: |$)/g, '$1\n  ')
    .trimEnd();
}
