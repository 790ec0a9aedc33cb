import { resolve } from 'node:path';
import type { Command } from 'commander';
import { plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

export function restoreCommand(use: Use): Command {
  return command(
    'restore',
    'Put a backup in the place of the database, which is kept under another name; nothing is sent before reconcile.',
    ['restore yesterday.db', 'restore yesterday.db --json'],
  )
    .argument('<file>', 'what outreach backup made, or another copy of the database')
    .action(use(restore));
}

async function restore(context: Context, file: string): Promise<undefined> {
  const app = await context.app();
  const { putBackup } = await import('../app/backup.ts');
  const { output } = context;
  const source = resolve(context.cwd, file);
  if (output.stderrIsTerminal) output.talk('Checking and copying …');
  const { database, kept, key, suppressions, forgotten } = await putBackup(app, source, Date.now());
  output.object({ database, kept: kept ?? null, key, suppressions, forgotten });
  output.line(`${database} is now what ${source} holds.`);
  if (kept !== undefined) output.line(`The one before it: ${kept}`);
  if (suppressions > 0) output.line(`${plural(suppressions, 'suppression')} of the one before it, newer than the backup: carried over.`);
  if (forgotten > 0) output.line(`${plural(forgotten, 'person', 'people')} whom the backup still held: forgotten again.`);
  if (key === 'restored') output.line(`The workspace's key was put in place too, from ${source}.key.`);
  if (key === 'other')
    output.line(
      `The workspace keeps its own key, which is not the one of ${source}.key: links to unsubscribe in mails sent with that one are not recognised.`,
    );
  output.line('It does not know of mails sent since it was made, so it sends nothing yet.\n\nNext: outreach reconcile');
}
