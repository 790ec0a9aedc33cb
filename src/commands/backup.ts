import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Context, command, type Use } from './context.ts';

export function backupCommand(use: Use): Command {
  return command(
    'backup',
    'Copy the database into one checked file, and the workspace key into another beside it; works while a worker runs.',
    ['backup today.db', 'backup today.db --force'],
  )
    .argument('<file>', 'where to; FILE.key is written too if there is a key')
    .option('--force', 'write over a file of that name')
    .action(use(backup));
}

async function backup(context: Context, file: string, options: { force?: boolean }): Promise<undefined> {
  const app = await context.app();
  const { takeBackup } = await import('../app/backup.ts');
  const { output } = context;
  const target = resolve(context.cwd, file);
  if (output.stderrIsTerminal) output.talk('Copying and checking …');
  const { bytes, key } = await takeBackup(app, target, { force: options.force === true, now: Date.now() });
  output.object({ backup: target, bytes, key });
  output.line(`${target}: ${(bytes / 1e6).toFixed(1)} MB, checked. A backup sends nothing by itself: a person says first what left since.`);
  if (key !== null)
    output.line(`${key}: the key behind the links to unsubscribe and forgotten people. Keep both files, where only you can read them.`);
  output.line('Not in it: outreach.yaml, campaigns/ and passwords.');
  output.line(`\nNext: keep it on another disk; to go back to it: outreach restore ${file}`);
}
