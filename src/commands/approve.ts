import type { Command } from 'commander';
import { plural } from '../terminal/output.ts';
import { type Context, command, type SelectionOptions, selectionOf, type Use, withSelection } from './context.ts';

export function approveCommand(use: Use): Command {
  return withSelection(
    command('approve', 'Release mails that wait in review; what was shown is what is sent.', ['approve 42 43', 'approve --job 3']),
  ).action(use(approve));
}

async function approve(context: Context, ids: string[], options: SelectionOptions): Promise<number | undefined> {
  const selection = selectionOf(ids, options);
  const app = await context.app({ watching: true });
  const store = await context.storeToWrite(app);
  const { approveMessages } = await import('../pipeline/approveMessages.ts');
  const { refreshCampaigns } = await import('../app/campaigns.ts');
  const outdated = await refreshCampaigns(app, store);
  const { checkSelection } = await import('../pipeline/checkSelection.ts');
  await checkSelection(store, selection, 'review');
  const result = await approveMessages(store, selection, () => Date.now());
  context.output.object(result);
  context.output.line(`${plural(result.approved, 'mail')} approved.`);
  if (result.without_draft > 0)
    context.output.line(
      `${plural(result.without_draft, 'mail')} left in review: there is no draft to send. Mend the lead and import it again with --update, or reject it.`,
    );
  const voided = result.voided + outdated;
  if (voided > 0) context.output.line(`${plural(voided, 'mail')} will be written anew first: the campaign changed after the draft.`);
  context.output.line(`\nNext: ${result.approved + voided > 0 ? 'outreach worker' : 'outreach messages --state review'}`);
  return selection.ids !== undefined && result.approved === 0 ? 1 : 0;
}
