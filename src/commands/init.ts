import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Interviewed, TypedSecret } from '../app/interview.ts';
import { PRESET_NAMES } from '../config/presets.ts';
import { AI_CHOICES, type Answers, hasMailbox } from '../config/samples.ts';
import type { Workspace } from '../config/workspace.ts';
import { parseAddress } from '../domain/address.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { asTyped } from '../domain/text.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';

export function initCommand(use: Use): Command {
  return command('init', 'Make a workspace: settings, a sample campaign and a sample CSV. On a terminal it asks; with flags it does not.', [
    'init',
    'init acme --name "Ana Ruiz" --from ana@gmail.com --ai openai',
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
    .optionsGroup('Who writes, where a campaign asks for a model:')
    .addOption(new Option('--ai <provider>', 'its key comes from OPENAI_API_KEY or OPENROUTER_API_KEY').choices(AI_CHOICES))
    .action(use(init));
}

async function init(context: Context, dir: string, flags: Answers): Promise<undefined> {
  const { workspaceAt } = await import('../config/workspace.ts');
  const { writeWorkspace } = await import('../config/scaffold.ts');
  const { refuseStrangeFolder, trustOwn } = await import('../config/trust.ts');
  const workspace = workspaceAt(resolve(context.cwd, dir));
  refuseStrangeFolder(workspace, context);
  const asking = isForPerson(context, flags) && !existsSync(workspace.configFile);
  const { answers, secrets, missing }: Interviewed = asking
    ? await ask(context, workspace)
    : { answers: await completed(flags), secrets: [] };
  await check(workspace, answers);
  const made = writeWorkspace(workspace, answers).files;
  trustOwn(workspace, context);
  const unstored = (await store(context, workspace, secrets)) ?? missing;
  const { output } = context;
  output.object({ workspace: workspace.root, made });
  const short = (path: string) => relative(context.cwd, path) || '.';
  output.line(made.length === 0 ? `${workspace.root} is a workspace already; nothing was changed.` : `A workspace in ${workspace.root}:`);
  for (const path of made) output.line(`  ${short(path)}`);
  const enter = short(workspace.root) === '.' ? '' : `cd ${asTyped([short(workspace.root)])} && `;
  output.line(
    `\nNext: ${enter}outreach ${unstored !== undefined ? `login ${unstored}` : hasMailbox(answers) ? 'doctor' : 'import leads.csv'}`,
  );
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

/** Flags, with the preset that the address of --from tells. */
async function completed(flags: Answers): Promise<Answers> {
  if (flags.smtpHost !== undefined && flags.preset !== undefined)
    throw new OutreachError('usage', '--preset knows its host; give --preset or --smtp-host');
  if (flags.smtpHost !== undefined || flags.preset !== undefined) return flags;
  const { presetOfDomain } = await import('../config/presets.ts');
  const address = parseAddress(flags.from ?? '');
  const domain = address.ok ? address.address.email.slice(address.address.email.lastIndexOf('@') + 1) : '';
  const preset = presetOfDomain(domain);
  if (preset !== undefined) return { ...flags, preset };
  if (flags.from !== undefined && address.ok) {
    throw new OutreachError('usage', `--from: nobody knows who sends mail for ${domain}; add --preset or --smtp-host`, {
      hint: `Presets: ${PRESET_NAMES.join(', ')}`,
    });
  }
  if (flags.from !== undefined && !address.ok) throw new OutreachError('usage', `--from: ${address.reason}`);
  if ((flags.smtpUser ?? flags.smtpPort) !== undefined)
    throw new OutreachError('usage', '--smtp-user and --smtp-port go with --smtp-host, or with --preset');
  return flags;
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

/** The name of a secret that could not be stored, now that there is a workspace; undefined when all are. */
async function store({ output, env }: Context, workspace: Workspace, secrets: readonly TypedSecret[]): Promise<string | undefined> {
  if (secrets.length === 0) return undefined;
  const { openSecrets, secretsPath } = await import('../app/secrets.ts');
  const places = openSecrets(workspace, env);
  let unstored: string | undefined;
  for (const { name, value, place } of secrets) {
    try {
      await places[place].setPassword(name, value);
      if (place === 'file') output.talk(`Warning: ${secretsPath(workspace)} is plain text, readable by your user and root.`);
    } catch (error) {
      output.talk(`Warning: ${name} could not be stored in the ${place}: ${messageOf(error)}`);
      unstored ??= name;
    }
  }
  return unstored;
}
