import { stringify } from 'yaml';
import { parseAddress } from '../domain/address.ts';
import { OutreachError } from '../domain/errors.ts';
import { oneLine } from '../domain/text.ts';
import { PRESETS, type PresetName } from './presets.ts';

export const AI_CHOICES = ['openai', 'openrouter', 'ollama', 'none'] as const;
type AiChoice = (typeof AI_CHOICES)[number];

/** What `init` was told; everything left out becomes a sample to be edited. */
export interface Answers {
  readonly name?: string;
  readonly company?: string;
  readonly postalAddress?: string;
  readonly timezone?: string;
  readonly from?: string;
  readonly preset?: PresetName;
  readonly smtpHost?: string;
  readonly smtpPort?: number;
  readonly smtpUser?: string;
  /** References, never secrets. */
  readonly password?: string;
  readonly ai?: AiChoice;
  readonly aiModel?: string;
  readonly aiUrl?: string;
  readonly aiKey?: string;
}

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

function scalar(value: string): string {
  // YAML's block style for several lines would need to know how deep it stands; JSON is YAML too.
  return value.includes('\n') ? JSON.stringify(value) : stringify(value, { lineWidth: 0 }).trimEnd();
}

/** Whether a real mailbox is to send. */
export function hasMailbox({ smtpHost, preset }: Answers): boolean {
  return (smtpHost ?? preset) !== undefined;
}

const SECRET_NOTE = 'an environment variable, or keychain:main (see: outreach login --help); never the password itself';

function sendersText(answers: Answers, name: string): string {
  if (!hasMailbox(answers)) {
    return `# Without senders every mail becomes an .eml file in .outreach/outbox and reaches nobody.
# Your own mailbox:
# senders:
#   - name: main
#     type: smtp
#     from: "${name.replace(/["\\]/g, "'")} <you@yourdomain.example>"
#     host: smtp.yourdomain.example
#     port: 587                      # 465 for tls
#     security: starttls             # starttls | tls
#     user: you@yourdomain.example
#     password: "env:SMTP_PASSWORD"  # ${SECRET_NOTE}
#     daily_cap: 50                  # in any 24 hours
#     gap: { min: 60s, max: 180s }   # between two mails, drawn at random
#     dkim: { domain: yourdomain.example, selector: s1, key: "file:dkim.pem" }  # only if your server does not sign
`;
  }
  const from = fromOf(answers, name);
  const user = answers.smtpUser ?? (answers.preset === undefined ? undefined : addressOf(from));
  const password = answers.password ?? 'env:SMTP_PASSWORD';
  const note = password.startsWith('env:') ? SECRET_NOTE : 'kept by outreach login main; never the password itself';
  const login = user === undefined ? '' : `    user: ${scalar(user)}\n    password: "${password}"  # ${note}\n`;
  return `senders:
  - name: main
    type: smtp
    from: ${scalar(from)}
${serverText(answers)}
${login}    daily_cap: 50                  # in any 24 hours
    gap: { min: 60s, max: 180s }   # between two mails, drawn at random
`;
}

function serverText({ preset, smtpHost, smtpPort }: Answers): string {
  if (preset !== undefined && smtpHost === undefined) {
    const { host, port } = PRESETS[preset];
    return `    preset: ${preset}${' '.repeat(Math.max(1, 23 - preset.length))}# ${host}, port ${smtpPort ?? port}${smtpPort === undefined ? '' : `\n    port: ${smtpPort}`}`;
  }
  const port = smtpPort ?? 587;
  const host = smtpHost ?? '';
  return `    host: ${scalar(host)}\n    port: ${port}\n    security: ${securityFor(host, port)}`;
}

/** The mailbox to send as: what was said, or the login name where that is an address. */
function fromOf(answers: Answers, name: string): string {
  const plainName = name.replace(/["<>,;:@\\]/g, ' ').trim();
  const asked = answers.from ?? (answers.smtpUser === undefined ? '' : `${plainName} <${answers.smtpUser}>`);
  const check = parseAddress(asked);
  if (check.ok) return check.address.name === undefined ? `${plainName} <${check.address.email}>` : asked;
  throw new OutreachError(
    'usage',
    answers.from === undefined ? 'say which mailbox to send as: --from "Ana Ruiz <ana@ruiz.example>"' : `--from: ${check.reason}`,
  );
}

function addressOf(from: string): string {
  const check = parseAddress(from);
  return check.ok ? check.address.email : from;
}

function securityFor(host: string, port: number): string {
  if (port === 465) return 'tls';
  return /^(localhost|127\.|::1)/.test(host) ? 'none                 # this machine only' : 'starttls';
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
