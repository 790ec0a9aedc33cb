import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Interviewed } from '../app/interviewed.ts';
import { AI_CHOICES, type Answers, hasMailbox, lackingClientAt } from '../config/answers.ts';
import { PRESET_NAMES } from '../config/presets.ts';
import type { Workspace } from '../config/workspace.ts';
import { OutreachError } from '../domain/errors.ts';
import { asTyped } from '../domain/text.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';

export function initCommand(use: Use): Command {
  return command('init', 'Make a workspace: settings, a sample campaign and a sample CSV. On a terminal it asks; with flags it does not.', [
    'init',
    'init acme --name "Ana Ruiz" --from ana@gmail.com --ai openai',
    'init acme --from ana@ruiz.example --preset microsoft365 --client-id 00000000-1111-2222-3333-444444444444 --tenant ruiz.example',
    'init acme --name "Ana Ruiz" --postal-address "Calle Mayor 1, 28013 Madrid, Spain" --smtp-host smtp.ruiz.example --smtp-user ana@ruiz.example',
  ])
    .argument('[dir]', 'folder to make it in', '.')
    .optionsGroup('Who you are:')
    .option('--name <name>', 'your name')
    .option('--company <name>', 'your company')
    .option('--address, --postal-address <text>', 'stands at the foot of every mail')
    .option('--timezone <zone>', 'IANA name (default: that of this machine)')
    .optionsGroup('Your mailbox (default: none; mails become files):')
    .option('--from <mailbox>', 'such as "Ana Ruiz <ana@ruiz.example>"')
    .addOption(new Option('--preset <name>', 'whose mailbox it is (default: by the domain of --from)').choices(PRESET_NAMES))
    .option('--smtp-host <host>', 'server that takes your mail')
    .addOption(new Option('--smtp-port <port>', '587 for STARTTLS, 465 for TLS').argParser(wholeNumber('a port')))
    .option('--smtp-user <user>', 'login name; the password comes from SMTP_PASSWORD')
    .option(
      '--client-id <id>',
      'log in at Google or Microsoft with this client of yours; that of Google has a secret, from OAUTH_CLIENT_SECRET',
    )
    .option('--tenant <tenant>', 'directory of that client at Microsoft, by domain or id (default: any account)')
    .optionsGroup('Who writes, where a campaign asks for a model:')
    .addOption(new Option('--ai <provider>', 'its key comes from OPENAI_API_KEY or OPENROUTER_API_KEY').choices(AI_CHOICES))
    .action(use(init));
}

async function init(context: Context, dir: string, flags: Answers): Promise<undefined> {
  const { workspaceAt } = await import('../config/workspace.ts');
  const { writeWorkspace } = await import('../config/scaffold.ts');
  const { fromFlags, warningOf } = await import('./initFlags.ts');
  const { logIn } = await import('./initLogins.ts');
  const { refuseStrangeFolder, trustOwn } = await import('../config/trust.ts');
  const workspace = workspaceAt(resolve(context.cwd, dir));
  refuseStrangeFolder(workspace, context);
  const asking = isForPerson(context, flags) && !existsSync(workspace.configFile);
  const told = asking ? await ask(context, workspace) : fromFlags(flags);
  const { answers } = told;
  await check(workspace, answers);
  const made = writeWorkspace(workspace, answers).files;
  trustOwn(workspace, context);
  const { output } = context;
  output.object({ workspace: workspace.root, made });
  const short = (path: string) => relative(context.cwd, path) || '.';
  output.line(made.length === 0 ? `${workspace.root} is a workspace already; nothing was changed.` : `A workspace in ${workspace.root}:`);
  for (const path of made) output.line(`  ${short(path)}`);
  const written = made.includes(workspace.configFile);
  const warning = written ? warningOf(answers) : undefined;
  if (warning !== undefined) output.talk(`Warning: ${warning}`);
  const left = written ? await logIn(context, workspace, told) : [];
  const enter = short(workspace.root) === '.' ? '' : `cd ${asTyped([short(workspace.root)])} && `;
  const before =
    lackingClientAt(answers) === undefined
      ? ''
      : `write the id of your client into ${short(workspace.configFile)} as it says there, then: `;
  output.line(`\nNext: ${written ? before : ''}${enter}${nextStep(told, left)}`);
}

function nextStep({ answers, secrets, grantPlace }: Interviewed, left: readonly string[]): string {
  if (left.length === 0) return hasMailbox(answers) ? 'outreach doctor' : 'outreach import leads.csv';
  // The person has agreed to it, so that no keychain is looked for in vain.
  const file = grantPlace === 'file' || secrets.some(({ place }) => place === 'file') ? ' --file' : '';
  return left.map((name) => `outreach login ${name}${file}`).join(' && ');
}

/** Questions only where somebody can answer them and has not answered already. */
function isForPerson({ output, env }: Context, flags: Answers): boolean {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true && env.TERM !== 'dumb';
  return terminal && !output.json && Object.keys(flags).length === 0 && (env.CI ?? '') === '';
}

async function ask({ env, cwd }: Context, workspace: Workspace): Promise<Interviewed> {
  const { openQuestions } = await import('../terminal/questions.ts');
  const { interview } = await import('../app/interview.ts');
  const questions = await openQuestions(process.stdin, process.stdout, 'nothing was made');
  questions.begin(`A workspace in ${relative(cwd, workspace.root) || workspace.root}. Ctrl-C leaves nothing behind.`);
  const interviewed = await interview(questions, workspace, env);
  questions.end('Thank you, that is all.');
  return interviewed;
}

/** What was answered must be settings that hold, before anything is written. */
async function check(workspace: Workspace, answers: Answers): Promise<void> {
  const { configFrom } = await import('../config/scaffold.ts');
  try {
    configFrom(workspace, answers);
  } catch (error) {
    if (!(error instanceof OutreachError) || !error.message.startsWith(workspace.configFile)) throw error;
    const what = error.message.replace(`${workspace.configFile}:`, '').replace(/^\d+:\d+: /, '');
    throw new OutreachError('usage', what, { hint: 'Nothing was made. The flags: outreach init --help', cause: error });
  }
}
