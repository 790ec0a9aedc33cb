import { rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Answers } from '../config/scaffold.ts';
import type { Workspace } from '../config/workspace.ts';
import { OutreachError } from '../domain/errors.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';

export function initCommand(use: Use): Command {
  return command('init', 'Make a workspace: settings, a sample campaign and a sample CSV.', [
    'init',
    'init acme --name "Ana Ruiz" --postal-address "Calle Mayor 1, 28013 Madrid, Spain" --smtp-host smtp.ruiz.example --smtp-user ana@ruiz.example',
  ])
    .argument('[dir]', 'folder to make it in', '.')
    .optionsGroup('Who you are:')
    .option('--name <name>', 'your name')
    .option('--company <name>', 'your company')
    .option('--postal-address <text>', 'stands at the foot of every mail')
    .option('--timezone <zone>', 'IANA name (default: that of this machine)')
    .optionsGroup('Your mailbox (default: none; mails become files):')
    .option('--smtp-host <host>', 'server that takes your mail')
    .addOption(new Option('--smtp-port <port>', '587 for STARTTLS, 465 for TLS').argParser(wholeNumber('a port')))
    .option('--smtp-user <user>', 'login name; the password comes from SMTP_PASSWORD')
    .option('--from <mailbox>', 'such as "Ana Ruiz <ana@ruiz.example>"')
    .action(use(init));
}

async function init(context: Context, dir: string, answers: Answers): Promise<undefined> {
  const { workspaceAt } = await import('../config/workspace.ts');
  const { writeWorkspace } = await import('../config/scaffold.ts');
  if (answers.smtpHost === undefined && (answers.smtpUser ?? answers.smtpPort ?? answers.from) !== undefined) {
    throw new OutreachError('usage', '--smtp-user, --smtp-port and --from go with --smtp-host');
  }
  const workspace = workspaceAt(resolve(context.cwd, dir));
  const made = writeWorkspace(workspace, answers);
  if (made.includes(workspace.configFile)) await check(workspace, made);
  const { output } = context;
  output.object({ workspace: workspace.root, made });
  const short = (path: string) => relative(context.cwd, path) || '.';
  output.line(made.length === 0 ? `${workspace.root} is a workspace already; nothing was changed.` : `A workspace in ${workspace.root}:`);
  for (const path of made) output.line(`  ${short(path)}`);
  const enter = short(workspace.root) === '.' ? '' : `cd ${short(workspace.root)} && `;
  output.line(`\nNext: ${enter}outreach ${answers.smtpHost === undefined ? 'import leads.csv' : 'doctor'}`);
}

/** What was answered must be settings that hold; otherwise nothing stays, so that the mended command finds no half workspace. */
async function check(workspace: Workspace, made: readonly string[]): Promise<void> {
  const { loadConfig } = await import('../config/config.ts');
  try {
    loadConfig(workspace);
  } catch (error) {
    for (const path of made) rmSync(path, { force: true });
    if (!(error instanceof OutreachError)) throw error;
    const what = error.message.replace(`${workspace.configFile}:`, '').replace(/^\d+:\d+: /, '');
    throw new OutreachError('usage', what, { hint: 'Nothing was made. The flags: outreach init --help', cause: error });
  }
}
