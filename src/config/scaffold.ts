import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { parseAddress } from '../domain/address.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { prepareData, type Workspace } from './workspace.ts';

/** What `init` was told; everything left out becomes a sample to be edited. */
export interface Answers {
  readonly name?: string;
  readonly company?: string;
  readonly postalAddress?: string;
  readonly timezone?: string;
  readonly from?: string;
  readonly smtpHost?: string;
  readonly smtpPort?: number;
  readonly smtpUser?: string;
}

/** Writes what is not there yet; returns the paths of the files it made. */
export function writeWorkspace(workspace: Workspace, answers: Answers): string[] {
  const config = configText(answers);
  makeFolder(workspace.campaigns);
  prepareData(workspace);
  const files: [string, string][] = [
    [workspace.configFile, config],
    [join(workspace.campaigns, 'hello.md'), SAMPLE_CAMPAIGN],
    [join(workspace.root, 'leads.csv'), SAMPLE_LEADS],
  ];
  const made = files.filter(([path]) => !existsSync(path));
  for (const [path, text] of made) writeFileSync(path, text);
  return made.map(([path]) => path);
}

function configText(answers: Answers): string {
  const scalar = (value: string) => stringify(value, { lineWidth: 0 }).trimEnd();
  const name = answers.name ?? 'Your Name';
  const zone = answers.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC';
  const company = answers.company === undefined ? '# company: Your Company' : `company: ${scalar(answers.company)}`;
  const postal =
    answers.postalAddress === undefined
      ? '# postal_address: "Street 1, 12345 City, Country"'
      : `postal_address: ${scalar(answers.postalAddress)}`;
  return `# outreach: who you are and how your mail leaves.
version: 1

identity:
  name: ${scalar(name)}
  ${company}
  ${postal}   # stands at the foot of every mail; required before a real mailbox is used
  timezone: ${scalar(zone)}

${sendersText(answers, name, scalar)}
# What was certainly not accepted is tried again after these pauses, until 24 h of open sending window have passed.
# retry: { delays: [1m, 5m, 15m, 60m], then: 1h, give_up: 24h }

# limits: { emails_per_month: 500, send_per_hour: 100 }

# Where people opt out: by mail to your From, or there; with a url one click posts to it.
# unsubscribe: { mailto: stop@yourdomain.example, url: "https://yourdomain.example/u" }

# A model to write the mails of campaigns with generator: ai. Anything that speaks the OpenAI chat API.
# ai:
#   budget_usd: 5                  # writing stops before a job costs more
#   providers:                     # tried in order; price in USD per million tokens
#     - { name: openai, base_url: "https://api.openai.com/v1", model: gpt-5-mini, api_key: "env:OPENAI_API_KEY", price: { input: 0.25, output: 2.0 } }
#     - { name: ollama, base_url: "http://localhost:11434/v1", model: llama3.1 }
`;
}

function sendersText(answers: Answers, name: string, scalar: (value: string) => string): string {
  if (answers.smtpHost === undefined) {
    return `# Without senders every mail becomes an .eml file in .outreach/outbox and reaches nobody.
# Your own mailbox:
# senders:
#   - name: main
#     type: smtp
#     from: "${name.replaceAll('"', "'")} <you@yourdomain.example>"
#     host: smtp.yourdomain.example
#     port: 587                      # 465 for tls
#     security: starttls             # starttls | tls
#     user: you@yourdomain.example
#     password: "env:SMTP_PASSWORD"  # an environment variable, or keychain:main (see: outreach login --help); never the password itself
#     daily_cap: 50                  # in any 24 hours
#     gap: { min: 60s, max: 180s }   # between two mails, drawn at random
#     dkim: { domain: yourdomain.example, selector: s1, key: "file:dkim.pem" }  # only if your server does not sign
`;
  }
  const user = answers.smtpUser;
  const from = fromOf(answers, name);
  const login =
    user === undefined
      ? ''
      : `    user: ${scalar(user)}\n    password: "env:SMTP_PASSWORD"  # an environment variable, or keychain:main (see: outreach login --help); never the password itself\n`;
  const port = answers.smtpPort ?? 587;
  return `senders:
  - name: main
    type: smtp
    from: ${scalar(from)}
    host: ${scalar(answers.smtpHost)}
    port: ${port}
    security: ${securityFor(answers.smtpHost, port)}
${login}    daily_cap: 50                  # in any 24 hours
    gap: { min: 60s, max: 180s }   # between two mails, drawn at random
`;
}

/** The mailbox to send as: what was said, or the login name where that is an address. */
function fromOf(answers: Answers, name: string): string {
  const asked = answers.from ?? (answers.smtpUser === undefined ? '' : `${name.replace(/["<>,;:@\\]/g, ' ')} <${answers.smtpUser}>`);
  const check = parseAddress(asked);
  if (check.ok) return asked;
  throw new OutreachError(
    'usage',
    answers.from === undefined ? 'say which mailbox to send as: --from "Ana Ruiz <ana@ruiz.example>"' : `--from: ${check.reason}`,
  );
}

function securityFor(host: string, port: number): string {
  if (port === 465) return 'tls';
  return /^(localhost|127\.|::1)/.test(host) ? 'none                 # this machine only' : 'starttls';
}

const SAMPLE_CAMPAIGN = `---
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

const SAMPLE_LEADS = `email,first_name,last_name,company
grace@harbour.example,Grace,Lindqvist,Harbour Analytics
marek@fjordworks.example,Marek,Dahl,Fjordworks
office@kiteandson.example,,,Kite & Son
`;

/** Step by step: asked for all at once, Node tries for ever where a folder takes none (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (cause) {
    throw new OutreachError('environment', `${path} cannot be made: ${messageOf(cause)}`, {
      hint: 'Choose a folder of your own: outreach init DIR',
      cause,
    });
  }
}
