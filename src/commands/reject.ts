import type { Command } from 'commander';
import { plural } from '../terminal/output.ts';
import { type Context, command, type SelectionOptions, selectionOf, type Use, withSelection } from './context.ts';

export function rejectCommand(use: Use): Command {
  return withSelection(
    command('reject', 'Drop mails that wait in review; these leads get no mail from the job.', ['reject 42', 'reject --job 3']),
  ).action(use(reject));
}

async function reject(context: Context, ids: string[], options: SelectionOptions): Promise<number> {
  const selection = selectionOf(ids, options);
  const store = await context.storeToWrite();
  const { rejectMessages } = await import('../pipeline/approveMessages.ts');
  const { checkSelection } = await import('../pipeline/checkSelection.ts');
  await checkSelection(store, selection, 'review');
  const rejected = await rejectMessages(store, selection, () => Date.now());
  context.output.object({ rejected });
  context.output.line(`${plural(rejected, 'mail')} rejected.\n\nNext: outreach status`);
  return selection.ids !== undefined && rejected === 0 ? 1 : 0;
}
