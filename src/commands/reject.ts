import type { Command } from 'commander';
import { actorName } from '../app/actor.ts';
import { plural } from '../terminal/output.ts';
import { type Context, command, type SelectionOptions, selectionOf, type Use, withSelection } from './context.ts';
import { voidedAsJson, voidedWords } from './voided.ts';

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
  const { tellVoided } = await import('../pipeline/tellVoided.ts');
  await checkSelection(store, selection, 'review');
  const rejected = await rejectMessages(store, selection, Date.now, actorName());
  const voided = await tellVoided(store, selection);
  context.output.object({ rejected, ...voidedAsJson(voided) });
  context.output.line(`${plural(rejected, 'mail')} rejected.`);
  for (const one of voided) context.output.line(voidedWords(one));
  context.output.line('\nNext: outreach status');
  return selection.ids !== undefined && rejected === 0 ? 1 : 0;
}
