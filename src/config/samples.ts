import { oneLine } from '../domain/text.ts';
import type { Answers } from './answers.ts';
import { sendersText } from './sampleSenders.ts';
import { scalar } from './yamlScalar.ts';

/** Editors with a YAML language server read it; the path is relative to the file that says it. */
const schemaLine = (path: string) => `# yaml-language-server: $schema=${path}`;

export function configText(answers: Answers): string {
  const name = oneLine(answers.name ?? 'Your Name');
  const zone = answers.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC';
  const company = answers.company === undefined ? '# company: Your Company' : `company: ${scalar(answers.company)}`;
  const postal =
    answers.postalAddress === undefined
      ? '# postal_address: "Street 1, 12345 City, Country"'
      : `postal_address: ${scalar(answers.postalAddress)}`;
  return `${schemaLine('.outreach/schema/outreach.json')}
# outreach: who you are and how your mail leaves. Checked by: outreach config check
version: 1

identity:
  name: ${scalar(name)}
  ${company}
  ${postal}   # stands at the foot of every mail; required before a real mailbox is used
  timezone: ${scalar(zone)}

${sendersText(answers, name)}
# What was certainly not accepted is tried again after these pauses, until 24 h of open sending window have passed.
# retry: { delays: [1m, 5m, 15m, 60m], then: 1h, give_up: 24h }

# limits: { emails_per_month: 500, send_per_hour: 100 }

# Where people opt out: by mail to your From, or there; with a url one click posts to it.
# unsubscribe: { mailto: stop@yourdomain.example, url: "https://yourdomain.example/u" }

${aiText(answers)}`;
}

/** What `init` knows of a provider. Prices in USD per million tokens, as they stood when this was written. */
const AI_PROVIDERS = {
  openai: { url: 'https://api.openai.com/v1', model: 'gpt-5-mini', key: 'env:OPENAI_API_KEY', price: '{ input: 0.25, output: 2.0 }' },
  openrouter: {
    url: 'https://openrouter.ai/api/v1',
    model: 'openai/gpt-5-mini',
    key: 'env:OPENROUTER_API_KEY',
    price: '{ input: 0.25, output: 2.0 }',
  },
  ollama: { url: 'http://localhost:11434/v1', model: 'llama3.1', key: null, price: null },
} as const;

function aiText({ ai, aiModel, aiUrl, aiKey }: Answers): string {
  const about = '# A model to write the mails of campaigns with generator: ai. Anything that speaks the OpenAI chat API.';
  if (ai === undefined || ai === 'none') {
    return `${about}
# ai:
#   budget_usd: 5                  # writing stops before a job costs more
#   providers:                     # tried in order; price in USD per million tokens
#     - { name: openai, base_url: "https://api.openai.com/v1", model: gpt-5-mini, api_key: "env:OPENAI_API_KEY", price: { input: 0.25, output: 2.0 } }
#     - { name: ollama, base_url: "http://localhost:11434/v1", model: llama3.1 }
`;
  }
  const known = AI_PROVIDERS[ai];
  const key = aiKey ?? known.key;
  return `${about}
ai:
${known.price === null ? '' : '  budget_usd: 5                    # writing stops before a job costs more\n'}  providers:                       # tried in order
    - name: ${ai}
      base_url: ${scalar(aiUrl ?? known.url)}
      model: ${scalar(aiModel ?? known.model)}
${key === null ? '' : `      api_key: "${key}"  # never the key itself\n`}${known.price === null ? '' : `      price: ${known.price}  # USD per million tokens; see your provider\n`}`;
}

export const SAMPLE_CAMPAIGN = `---
${schemaLine('../.outreach/schema/campaign.json')}
# The mail is a Liquid template below the second line of dashes. Every column of your CSV can be used.
subject: "Quick question about {{ company | default: 'your work' }}"
send: { mode: immediate }            # immediate | scheduled with at: 2026-12-01T09:00 | drip with rate: 20 (mails an hour)
# window: { days: mon-fri, from: "09:00", to: "17:00" }
review: none                         # none | all: every mail waits for your approval
# reply_to: "You <answers@yourdomain.example>"
# bcc_self: true                     # a copy of each mail to yourself
# attachments: [brochure.pdf, { column: proposal }]   # files in this folder; the second is named by each lead
---
Hi {{ first_name | default: "there" }},

I saw what {{ company | default: "your company" }} does and have one question: who looks after this at your place?

Best,
{{ sender.name }}
`;

/** The same with a brief for a model instead of a mail. */
export const SAMPLE_BRIEF = `---
${schemaLine('../.outreach/schema/campaign.json')}
# A model writes subject and text of each mail; below the second line of dashes is its brief.
generator: ai
send: { mode: immediate }            # immediate | scheduled with at: 2026-12-01T09:00 | drip with rate: 20 (mails an hour)
# window: { days: mon-fri, from: "09:00", to: "17:00" }
review: all                          # every mail waits for your approval; so it does without this line
---
Write a short mail, 80 words at most, to a person who does not know me.
Ask one question: who looks after this at their company?
Name one thing that their company does, from the lead's fields alone; invent nothing.
No flattery, no links.
`;

export const SAMPLE_LEADS = `email,first_name,last_name,company
grace@harbour.example,Grace,Lindqvist,Harbour Analytics
marek@fjordworks.example,Marek,Dahl,Fjordworks
office@kiteandson.example,,,Kite & Son
`;
