import type { Interviewed, TypedSecret } from '../app/interviewed.ts';
import { CLIENT, SENDER } from '../config/answers.ts';
import { isMailboxSender } from '../config/config.ts';
import type { Workspace } from '../config/workspace.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import type { Context } from './context.ts';

/** Stores what was typed, and logs in if that was wished, now that there is a workspace. Resolves to the logins that are left. */
export async function logIn(context: Context, workspace: Workspace, { secrets, logins, grantPlace }: Interviewed): Promise<string[]> {
  const unstored = await store(context, workspace, secrets);
  const left = [...new Set([...unstored, ...logins])];
  if (grantPlace === undefined || unstored.includes(CLIENT)) return left;
  return (await logInAtProvider(context, workspace, grantPlace)) ? left.filter((name) => name !== SENDER) : left;
}

/** The names of the secrets that could not be stored. */
async function store({ output, env }: Context, workspace: Workspace, secrets: readonly TypedSecret[]): Promise<string[]> {
  if (secrets.length === 0) return [];
  const { openSecrets, secretsPath } = await import('../app/secrets.ts');
  const places = openSecrets(workspace, env);
  const unstored: string[] = [];
  for (const { name, value, place } of secrets) {
    try {
      await places[place].setPassword(name, value);
      if (place === 'file') output.talk(`Warning: ${secretsPath(workspace)} is plain text, readable by your user and root.`);
    } catch (error) {
      output.talk(`Warning: ${name} could not be stored in the ${place}: ${messageOf(error)}`);
      unstored.push(name);
    }
  }
  return unstored;
}

/** As `outreach login` does; what goes wrong there can be mended by it, and the workspace stays. */
async function logInAtProvider(context: Context, workspace: Workspace, place: TypedSecret['place']): Promise<boolean> {
  const { keepGrant } = await import('./loginGrant.ts');
  const app = await context.app({ workspace });
  const sender = app.config.senders.filter(isMailboxSender).find(({ name }) => name === SENDER);
  if (sender === undefined) return false;
  context.output.talk('');
  try {
    await keepGrant(context, app, sender, { file: place === 'file', check: true, browser: true });
    return true;
  } catch (error) {
    if (!(error instanceof OutreachError) || error.code === 'interrupted') throw error;
    context.output.talk(`Warning: ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint.replaceAll('\n', '\n  ')}`}`);
    return false;
  }
}
