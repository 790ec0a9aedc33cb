import { isAbsolute } from 'node:path';
import { type Answers, SENDER } from '../config/answers.ts';
import { oauthOfPreset, PRESET_NAMES, PRESETS, type PresetName, presetOfDomain, presetOfExchange } from '../config/presets.ts';
import type { Workspace } from '../config/workspace.ts';
import { parseAddress } from '../domain/address.ts';
import type { Check, Choice, Questions } from '../terminal/questions.ts';
import { askClient, choosesTokens } from './interviewClient.ts';
import type { Interviewed } from './interviewed.ts';
import { askWorkingSecret, LATER, type Place } from './interviewSecrets.ts';
import { type DnsResolver, systemDns } from './resolver.ts';

/** For a guess; without one a person chooses. */
const DNS_LIMIT_MS = 700;

const NONE: Interviewed = { answers: {}, secrets: [], logins: [] };

/** Asks whose mailbox it is, and how it logs in. */
export async function askMailbox(questions: Questions, workspace: Workspace, you: Answers, place: Place): Promise<Interviewed> {
  const address = await questions.text(`Your mail address (${LATER}, and mails become files that reach nobody)`, {
    placeholder: 'ana@ruiz.example',
    check: (answer) =>
      answer === '' || parseAddress(answer).ok ? undefined : 'That is no mail address; write one such as ana@ruiz.example',
  });
  const parsed = parseAddress(address);
  if (!parsed.ok) return NONE;
  const { email } = parsed.address;
  const server = await askServer(questions, email);
  if (server === undefined) return NONE;
  const { preset } = server;
  const provider = preset === undefined ? undefined : oauthOfPreset(preset);
  const byToken = preset !== undefined && provider !== undefined && (await choosesTokens(questions, preset, provider));
  const user = await questions.text('Login name (Enter: the one shown)', {
    usual: email,
    check: (answer) => (answer === '' ? 'The server asks for it.' : undefined),
  });
  const mailbox: Answers = { from: address, ...server, smtpUser: user };
  if (!byToken) return askPassword(questions, workspace, { ...mailbox, password: `keychain:${SENDER}` }, { you, place });
  const asked = await askClient(questions, provider, place, tenantExample(email));
  return { ...asked, answers: { ...mailbox, ...asked.answers } };
}

async function askPassword(
  questions: Questions,
  workspace: Workspace,
  answers: Answers,
  { you, place }: { readonly you: Answers; readonly place: Place },
): Promise<Interviewed> {
  const secret = await askWorkingSecret(questions, place, SENDER, { workspace, answers: { ...you, ...answers } });
  if (secret !== undefined) return { answers, secrets: [secret], logins: [] };
  questions.say(`Later, then: outreach login ${SENDER} asks again, and nothing is sent before it.`);
  return { answers, secrets: [], logins: [SENDER] };
}

async function askServer(questions: Questions, address: string): Promise<Answers | undefined> {
  const guess = await guessPreset(domainOf(address), systemDns(DNS_LIMIT_MS));
  const presets = PRESET_NAMES.map((value): Choice<PresetName> => ({ value, label: LABELS[value], hint: PRESETS[value].host }));
  const choice = await questions.choose<PresetName | 'other' | 'later'>(
    guess === undefined ? 'Who sends its mail?' : `Who sends its mail? It looks like ${LABELS[guess]}.`,
    [
      ...presets.filter(({ value }) => value === guess),
      { value: 'other', label: 'another SMTP server' },
      { value: 'later', label: 'later', hint: 'mails become files that reach nobody' },
      ...presets.filter(({ value }) => value !== guess),
    ],
  );
  if (choice === 'later') return undefined;
  if (choice !== 'other') return { preset: choice };
  const smtpHost = await questions.text('Its SMTP server', {
    placeholder: 'smtp.ruiz.example',
    check: (answer) =>
      /^[^\s/@:]+$/.test(answer) && !isAbsolute(answer) ? undefined : 'That is no host name; write one such as smtp.ruiz.example',
  });
  const port = await questions.text('Port (587 for STARTTLS, 465 for TLS)', { usual: '587', check: checkPort });
  return { smtpHost, smtpPort: Number(port) };
}

const LABELS: Readonly<Record<PresetName, string>> = {
  gmail: 'Gmail',
  workspace: 'Google Workspace',
  outlook: 'Outlook.com',
  microsoft365: 'Microsoft 365',
  fastmail: 'Fastmail',
  zoho: 'Zoho',
  icloud: 'iCloud',
  ses: 'Amazon SES',
  mailgun: 'Mailgun',
  postmark: 'Postmark',
  brevo: 'Brevo',
};

const checkPort: Check = (answer) =>
  /^\d+$/.test(answer) && Number(answer) > 0 && Number(answer) < 65_536 ? undefined : 'That is no port; write 587';

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** Of one's own domain the directory is called so; mailboxes of the provider's own domains are in none. */
function tenantExample(address: string): string {
  const domain = domainOf(address);
  return presetOfDomain(domain) === undefined ? domain : 'consumers';
}

/** By the domain itself, or by who takes its mail. */
export async function guessPreset(domain: string, dns: Pick<DnsResolver, 'resolveMx'>): Promise<PresetName | undefined> {
  const known = presetOfDomain(domain);
  if (known !== undefined) return known;
  try {
    const exchanges = await dns.resolveMx(domain);
    return exchanges.map(({ exchange }) => presetOfExchange(exchange)).find((preset) => preset !== undefined);
  } catch {
    return undefined;
  }
}
