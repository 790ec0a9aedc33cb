import type { Command } from 'commander';
import { number, plural } from '../terminal/output.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';

export function cancelCommand(use: Use): Command {
  return command('cancel', 'End a job for good: nothing more of it is sent. Drops an import that is not complete.', [
    'cancel 3',
    'cancel 3 --json',
  ])
    .argument('<job>', 'job id')
    .action(use(cancelOne));
}

async function cancelOne(context: Context, id: string): Promise<undefined> {
  const store = await context.storeToWrite();
  const { cancel } = await import('../pipeline/steerJob.ts');
  const { countsOf } = await import('../store/jobs.ts');
  const { job, cancelled, dropped } = await cancel(store, wholeNumber('a job id')(id), () => Date.now());
  const counts = await countsOf(store.db, job.id);
  context.output.object({ job: job.id, status: 'cancelled', cancelled, dropped });
  context.output.line(
    `Job ${job.id} is cancelled: ${cancelled === 0 ? 'no mail was waiting' : `${plural(cancelled, 'mail')} will not be sent`}${dropped > 0 ? `, ${plural(dropped, 'lead')} of its unfinished import dropped` : ''}.`,
  );
  if (counts.sending > 0) context.output.line(`${number(counts.sending)} on the wire will finish.`);
  if (counts.uncertain > 0)
    context.output.line(`${number(counts.uncertain)} uncertain stay so: outreach messages --job ${job.id} --state uncertain`);
  context.output.line(
    cancelled === 0
      ? '\nNext: outreach status'
      : '\nNext: outreach status    (importing the same people again makes a new job for those without a mail)',
  );
}
