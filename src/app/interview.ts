import { isAbsolute } from 'node:path';
import { PRESET_NAMES, PRESETS, type PresetName, presetOfDomain, presetOfExchange } from '../config/presets.ts';
import type { Answers } from '../config/samples.ts';
import { configFrom } from '../config/scaffold.ts';
import type { Workspace } from '../config/workspace.ts';
import { parseAddress } from '../domain/address.ts';
import { rememberSecret } from '../domain/redact.ts';
import { didYouMean } from '../domain/text.ts';
import { isZone } from '../domain/zone.ts';
import type { Check, Choice, Questions } from '../terminal/questions.ts';
import { loginsOf } from './logins.ts';
import { findOllama, type Ollama } from './ollama.ts';
import { systemDns } from './resolver.ts';
import { keychainTrouble } from './secrets.ts';

/** A secret that a person typed, and where it is to be kept once there is a workspace. */
export interface TypedSecret {
  readonly name: string;
  readonly value: string;
  readonly place: 'keychain' | 'file';
}

export interface Interviewed {
  readonly answers: Answers;
  readonly secrets: readonly TypedSecret[];
  /** A secret that is asked for later: the settings name it, and nobody has typed it. */
  readonly missing?: string;
}

/** For a guess; without one a person chooses. */
const DNS_LIMIT_MS = 700;

const ENTER = 'Enter: later';

/** Asks what a workspace needs. Writes nothing: whoever leaves half-way leaves nothing behind. */
export async function interview(questions: Questions, workspace: Workspace, env: NodeJS.ProcessEnv): Promise<Interviewed> {
  const ollama = findOllama(env);
  const place = onlyOnce(() => choosePlace(questions, workspace, env));
  const you = await askIdentity(questions);
  const mailbox = await askMailbox(questions, workspace, you, place);
  const model = await askModel(questions, workspace, { ...you, ...mailbox.answers }, { env, ollama: await ollama, place });
  const { missing } = mailbox;
  return {
    answers: { ...you, ...mailbox.answers, ...model.answers },
    secrets: [...mailbox.secrets, ...model.secrets],
    ...(missing === undefined ? {} : { missing }),
  };
}

async function askIdentity(questions: Questions): Promise<Answers & { readonly name: string }> {
  const name = await questions.text('Your name', {
    placeholder: 'Ana Ruiz',
    check: (answer) => (answer === '' ? 'Mails are signed with it.' : undefined),
  });
  const company = await questions.text('Your company (Enter: none)', { placeholder: 'Ruiz Consulting' });
  const postalAddress = await questions.text(`Postal address, for the foot of every mail (${ENTER})`, {
    placeholder: 'Calle Mayor 1, 28013 Madrid, Spain',
  });
  const timezone = await questions.text('Time zone (Enter: the one shown)', {
    usual: Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC',
    check: checkZone,
  });
  return { name, ...(company === '' ? {} : { company }), ...(postalAddress === '' ? {} : { postalAddress }), timezone };
}

const checkZone: Check = (answer) => {
  if (isZone(answer)) return undefined;
  const near = didYouMean(answer, Intl.supportedValuesOf('timeZone'));
  return `No time zone of that name; ${near === undefined ? 'write one such as Europe/Madrid' : `did you mean ${near}?`}`;
};

const NOTHING: Interviewed = { answers: {}, secrets: [] };

type Place = () => Promise<TypedSecret['place'] | undefined>;

async function askMailbox(questions: Questions, workspace: Workspace, you: Answers, place: Place): Promise<Interviewed> {
  const address = await questions.text(`Your mail address (${ENTER}, and mails become files that reach nobody)`, {
    placeholder: 'ana@ruiz.example',
    check: (answer) =>
      answer === '' || parseAddress(answer).ok ? undefined : 'That is no mail address; write one such as ana@ruiz.example',
  });
  const parsed = parseAddress(address);
  if (!parsed.ok) return NOTHING;
  const { email } = parsed.address;
  const server = await askServer(questions, email);
  if (server === undefined) return NOTHING;
  const user = await questions.text('Login name (Enter: the one shown)', {
    usual: email,
    check: (answer) => (answer === '' ? 'The server asks for it.' : undefined),
  });
  const answers: Answers = { from: address, ...server, smtpUser: user, password: 'keychain:main' };
  const password = await askWorkingSecret(questions, configFrom(workspace, { ...you, ...answers }), 'main');
  const chosen = password === undefined ? undefined : await place();
  if (password === undefined || chosen === undefined) {
    questions.say('Later, then: outreach login main asks again, and nothing is sent before it.');
    return { answers, secrets: [], missing: 'main' };
  }
  return { answers, secrets: [{ name: 'main', value: password, place: chosen }] };
}

async function askServer(questions: Questions, address: string): Promise<Answers | undefined> {
  const guess = await guessPreset(address.slice(address.lastIndexOf('@') + 1));
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

/** By the domain itself, or by who takes its mail. */
async function guessPreset(domain: string): Promise<PresetName | undefined> {
  const known = presetOfDomain(domain);
  if (known !== undefined) return known;
  try {
    const exchanges = await systemDns(DNS_LIMIT_MS).resolveMx(domain);
    return exchanges.map(({ exchange }) => presetOfExchange(exchange)).find((preset) => preset !== undefined);
  } catch {
    return undefined;
  }
}

/** A secret that its server takes, or that a person keeps untested; undefined for later. */
async function askWorkingSecret(questions: Questions, config: ReturnType<typeof configFrom>, name: string): Promise<string | undefined> {
  const login = loginsOf(config).find((one) => one.name === name);
  const wanted = (login?.wanted ?? name).replace(/^password/, 'App password');
  for (;;) {
    const secret = await questions.secret(`${wanted} (not shown; ${ENTER})`);
    if (secret.trim() === '') return undefined;
    rememberSecret(secret);
    questions.say('Trying it …');
    const answer = await login?.tryOut?.(secret).catch((error: Error) => ({ kind: 'refused' as const, reply: error.message }));
    if (answer === undefined || answer.kind === 'let_in') {
      questions.say('The login works.');
      return secret;
    }
    questions.warn(answer.kind === 'refused' ? `Refused: ${answer.reply}` : `Nobody could judge it: ${answer.reply}`);
    const next = await questions.choose<'again' | 'keep' | 'later'>('And now?', [
      { value: 'again', label: 'type it again', hint: 'many mailboxes want an app password' },
      ...(answer.kind === 'unknown' ? [{ value: 'keep' as const, label: 'keep it untested' }] : []),
      { value: 'later', label: 'later' },
    ]);
    if (next !== 'again') return next === 'keep' ? secret : undefined;
  }
}

/** The keychain; where there is none the file, if the person agrees. */
async function choosePlace(questions: Questions, workspace: Workspace, env: NodeJS.ProcessEnv): ReturnType<Place> {
  const trouble = await keychainTrouble(workspace, env);
  if (trouble === undefined) return 'keychain';
  questions.warn(trouble.message);
  return (await questions.yes('Keep it in .outreach/secrets.json instead, plain text that only your user can read?')) ? 'file' : undefined;
}

function onlyOnce(choose: Place): Place {
  let chosen: ReturnType<Place> | undefined;
  return () => {
    chosen ??= choose();
    return chosen;
  };
}

async function askModel(
  questions: Questions,
  workspace: Workspace,
  before: Answers,
  { env, ollama, place }: { readonly env: NodeJS.ProcessEnv; readonly ollama: Ollama | undefined; readonly place: Place },
): Promise<Interviewed> {
  const found: Choice<'ollama'>[] =
    ollama === undefined || ollama.models.length === 0
      ? []
      : [{ value: 'ollama', label: 'Ollama', hint: 'found on this machine, costs nothing' }];
  const ai = await questions.choose<'none' | 'openai' | 'openrouter' | 'ollama'>('Shall a model write mails?', [
    { value: 'none', label: 'no', hint: 'templates alone; you can add one any time' },
    ...found,
    { value: 'openai', label: 'OpenAI' },
    { value: 'openrouter', label: 'OpenRouter' },
  ]);
  if (ai === 'none') return NOTHING;
  if (ai === 'ollama') {
    const models = (ollama?.models ?? []).map((value) => ({ value, label: value }));
    const aiModel = models.length === 1 ? models[0]?.value : await questions.choose('Which model?', models);
    return { answers: { ai, ...(aiModel === undefined ? {} : { aiModel }), aiUrl: ollama?.url ?? '' }, secrets: [] };
  }
  const variable = ai === 'openai' ? 'OPENAI_API_KEY' : 'OPENROUTER_API_KEY';
  if ((env[variable] ?? '') !== '') {
    questions.say(`Its key is in the environment: ${variable}.`);
    return { answers: { ai, aiKey: `env:${variable}` }, secrets: [] };
  }
  const answers: Answers = { ai, aiKey: `keychain:${ai}` };
  const key = await askWorkingSecret(questions, configFrom(workspace, { ...before, ...answers }), ai);
  const chosen = key === undefined ? undefined : await place();
  if (key !== undefined && chosen !== undefined) return { answers, secrets: [{ name: ai, value: key, place: chosen }] };
  questions.say('Later, then: outreach.yaml shows how.');
  return NOTHING;
}
