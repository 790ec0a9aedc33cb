import type { Answers } from '../config/answers.ts';
import { configFrom } from '../config/scaffold.ts';
import type { Workspace } from '../config/workspace.ts';
import { rememberSecret } from '../domain/redact.ts';
import type { Questions } from '../terminal/questions.ts';
import type { TypedSecret } from './interviewed.ts';
import { loginsOf } from './logins.ts';
import { keychainTrouble } from './secrets.ts';

/** Said of every question that may stay open. */
export const LATER = 'Enter: later';

/** Where secrets are to be kept; undefined where the person wants none of the places there are. Asked once at most. */
export type Place = () => Promise<TypedSecret['place'] | undefined>;

/** The keychain; where there is none the file, if the person agrees. */
export function placeAskedOnce(questions: Questions, workspace: Workspace, env: NodeJS.ProcessEnv): Place {
  const choose: Place = async () => {
    const trouble = await keychainTrouble(workspace, env);
    if (trouble === undefined) return 'keychain';
    questions.warn(trouble.message);
    return (await questions.yes('Keep it in .outreach/secrets.json instead, plain text that only your user can read?'))
      ? 'file'
      : undefined;
  };
  let chosen: ReturnType<Place> | undefined;
  return () => {
    chosen ??= choose();
    return chosen;
  };
}

/** A secret that its server takes, or that a person keeps untested, and its place; undefined for later. */
export async function askWorkingSecret(
  questions: Questions,
  place: Place,
  name: string,
  { workspace, answers }: { readonly workspace: Workspace; readonly answers: Answers },
): Promise<TypedSecret | undefined> {
  const login = loginsOf(configFrom(workspace, answers)).find((one) => one.name === name);
  const wanted = (login?.wanted ?? name).replace(/^password/, 'App password');
  for (;;) {
    const value = await questions.secret(`${wanted} (not shown; ${LATER})`);
    if (value.trim() === '') return undefined;
    rememberSecret(value);
    questions.say('Trying it …');
    const answer = await login?.tryOut?.(value).catch((error: Error) => ({ kind: 'refused' as const, reply: error.message }));
    if (answer === undefined || answer.kind === 'let_in') {
      questions.say('The login works.');
      return placed({ name, value }, place);
    }
    questions.warn(answer.kind === 'refused' ? `Refused: ${answer.reply}` : `Nobody could judge it: ${answer.reply}`);
    const next = await questions.choose<'again' | 'keep' | 'later'>('And now?', [
      { value: 'again', label: 'type it again', hint: 'many mailboxes want an app password' },
      ...(answer.kind === 'unknown' ? [{ value: 'keep' as const, label: 'keep it untested' }] : []),
      { value: 'later', label: 'later' },
    ]);
    if (next !== 'again') return next === 'keep' ? placed({ name, value }, place) : undefined;
  }
}

/** A secret that nothing can try out by itself, and its place; undefined for later. */
export async function askSecret(questions: Questions, place: Place, name: string, question: string): Promise<TypedSecret | undefined> {
  const value = await questions.secret(`${question} (not shown; ${LATER})`);
  if (value.trim() === '') return undefined;
  rememberSecret(value);
  return placed({ name, value }, place);
}

async function placed(secret: Omit<TypedSecret, 'place'>, choose: Place): Promise<TypedSecret | undefined> {
  const place = await choose();
  return place === undefined ? undefined : { ...secret, place };
}
