import type { Command } from 'commander';
import { type Context, command, type Use, wholeNumber } from './context.ts';

export function pauseCommand(use: Use): Command {
  return command('pause', 'Stop writing and sending for a job; mails on the wire finish.', ['pause 3', 'pause 3 --json'])
    .argument('<job>', 'job id')
    .action(use(pauseOne));
}

async function pauseOne(context: Context, id: string): Promise<undefined> {
  const store = await context.storeToWrite();
  const { pause } = await import('../pipeline/steerJob.ts');
  const job = await pause(store, wholeNumber('a job id')(id), Date.now());
  context.output.object({ job: job.id, status: 'paused' });
  context.output.line(`Job ${job.id} is paused.\n\nNext: outreach resume ${job.id}`);
}
