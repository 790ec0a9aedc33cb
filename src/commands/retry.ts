import { type Command, Option } from 'commander';
import { plural } from '../terminal/output.ts';
import { type Context, command, type SelectionOptions, selectionOf, type Use, wholeNumber } from './context.ts';

export function retryCommand(use: Use): Command {
  return command('retry', 'Try failed mails again. Never those to suppressed addresses.', ['retry 42', 'retry --job 3'])
    .argument('[ids...]', 'message ids')
    .addOption(new Option('--job <id>', 'every failed one of this job').argParser(wholeNumber('a job id')))
    .action(use(retry));
}

async function retry(context: Context, ids: string[], options: SelectionOptions): Promise<number> {
  const selection = selectionOf(ids, options, 'failed');
  const store = await context.storeToWrite();
  const { retryMessages } = await import('../pipeline/retryMessages.ts');
  const { checkSelection } = await import('../pipeline/checkSelection.ts');
  await checkSelection(store, selection, 'failed');
  const result = await retryMessages(store, selection, () => Date.now());
  context.output.object(result);
  context.output.line(`${plural(result.retried, 'mail')} will be tried again.`);
  if (result.suppressed > 0) context.output.line(`${plural(result.suppressed, 'mail')} left as failed: the address is suppressed.`);
  if (result.cancelled > 0) context.output.line(`${plural(result.cancelled, 'mail')} left as failed: the job is cancelled.`);
  if (result.on_its_way > 0)
    context.output.line(
      `${plural(result.on_its_way, 'mail')} left as failed: the last try may still be accepted. Ask again in a quarter of an hour.`,
    );
  if (result.sent_already > 0)
    context.output.line(`${plural(result.sent_already, 'mail')} left as failed: a list of what was sent names them.`);
  context.output.line(`\nNext: ${result.retried > 0 ? 'outreach worker' : 'outreach messages --state failed'}`);
  return selection.ids !== undefined && result.retried === 0 ? 1 : 0;
}
