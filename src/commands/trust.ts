import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { OutreachError } from '../domain/errors.ts';
import { cell } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

interface Options {
  readonly list?: boolean;
  readonly remove?: boolean;
}

export function trustCommand(use: Use): Command {
  return command('trust', 'Allow a workspace that is not yours alone, or that you have not used before; list and take back.', [
    'trust .',
    'trust --list',
    'trust --remove ../acme',
  ])
    .argument('[dir]', 'folder with outreach.yaml')
    .addOption(new Option('--list', 'the folders that are trusted').conflicts('remove'))
    .option('--remove', 'trust this folder no longer')
    .action(use(trust));
}

async function trust(context: Context, dir: string | undefined, options: Options): Promise<undefined> {
  if (options.list === true) return list(context, dir);
  if (dir === undefined) throw new OutreachError('usage', 'say which folder', { hint: 'outreach trust DIR, or: outreach trust --list' });
  const root = resolve(context.cwd, dir);
  return options.remove === true ? remove(context, root) : allow(context, root);
}

async function allow(context: Context, root: string): Promise<undefined> {
  const { trustFolder } = await import('../config/trustedFolders.ts');
  const { workspaceAt } = await import('../config/workspace.ts');
  if (!existsSync(workspaceAt(root).configFile))
    throw new OutreachError('config', `${root} holds no outreach.yaml`, { hint: `Make it a workspace with: outreach init ${root}` });
  const { path } = trustFolder(root, context);
  context.output.object({ workspace: path, trusted: true });
  context.output.line(`${cell(path, 300)} is trusted: its settings may send mail and read secrets in your name.`);
  context.output.line(`\nNext: outreach status --workspace ${cell(path, 300)}    (take it back: outreach trust --remove DIR)`);
}

async function remove({ output, ...asked }: Context, root: string): Promise<undefined> {
  const { distrustFolder } = await import('../config/trustedFolders.ts');
  const removed = distrustFolder(root, asked);
  output.object({ workspace: root, trusted: false });
  output.line(`${cell(root, 300)} ${removed ? 'is trusted no longer' : 'was not trusted'}.\n\nNext: outreach trust --list`);
}

async function list({ output, ...asked }: Context, dir: string | undefined): Promise<undefined> {
  if (dir !== undefined) throw new OutreachError('usage', '--list takes no folder');
  const { trustedFolders } = await import('../config/trustedFolders.ts');
  const folders = trustedFolders(asked).map(({ path, by }) => ({ workspace: path, by }));
  for (const folder of folders) output.object(folder);
  output.table(
    ['WORKSPACE', 'BECAUSE'],
    folders.map(({ workspace, by }) => [cell(workspace, 300), by === 'trusted' ? 'you trusted it' : 'you used it']),
    [],
    [0],
  );
  if (folders.length === 0) output.line('No folder is trusted yet.');
  output.line('\nNext: outreach trust --remove DIR takes one back.');
}
