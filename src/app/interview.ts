import type { Answers } from '../config/answers.ts';
import type { Workspace } from '../config/workspace.ts';
import { didYouMean } from '../domain/text.ts';
import { isZone } from '../domain/zone.ts';
import type { Check, Choice, Questions } from '../terminal/questions.ts';
import type { Interviewed } from './interviewed.ts';
import { askMailbox } from './interviewMailbox.ts';
import { askWorkingSecret, LATER, type Place, placeAskedOnce } from './interviewSecrets.ts';
import { findOllama, type Ollama } from './ollama.ts';

/** Asks what a workspace needs. Writes nothing: whoever leaves half-way leaves nothing behind. */
export async function interview(questions: Questions, workspace: Workspace, env: NodeJS.ProcessEnv): Promise<Interviewed> {
  const ollama = findOllama(env);
  const place = placeAskedOnce(questions, workspace, env);
  const you = await askIdentity(questions);
  const mailbox = await askMailbox(questions, workspace, you, place);
  const model = await askModel(questions, workspace, { ...you, ...mailbox.answers }, { env, ollama: await ollama, place });
  return { ...mailbox, answers: { ...you, ...mailbox.answers, ...model.answers }, secrets: [...mailbox.secrets, ...model.secrets] };
}

async function askIdentity(questions: Questions): Promise<Answers & { readonly name: string }> {
  const name = await questions.text('Your name', {
    placeholder: 'Ana Ruiz',
    check: (answer) => (answer === '' ? 'Mails are signed with it.' : undefined),
  });
  const company = await questions.text('Your company (Enter: none)', { placeholder: 'Ruiz Consulting' });
  const postalAddress = await questions.text(`Postal address, for the foot of every mail (${LATER})`, {
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

/** A model whose key is to come later is not written, so nothing is left to be done for it. */
type AskedModel = Pick<Interviewed, 'answers' | 'secrets'>;

const NOTHING: AskedModel = { answers: {}, secrets: [] };

async function askModel(
  questions: Questions,
  workspace: Workspace,
  before: Answers,
  { env, ollama, place }: { readonly env: NodeJS.ProcessEnv; readonly ollama: Ollama | undefined; readonly place: Place },
): Promise<AskedModel> {
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
  const key = await askWorkingSecret(questions, place, ai, { workspace, answers: { ...before, ...answers } });
  if (key !== undefined) return { answers, secrets: [key] };
  questions.say('Later, then: outreach.yaml shows how.');
  return NOTHING;
}
