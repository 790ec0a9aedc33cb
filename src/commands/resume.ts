import type { Command } from 'commander';
import { type Context, command, type Use, wholeNumber } from './context.ts';

export function resumeCommand(use: Use): Command {
  return command('resume', 'Let a paused job go on, at its pace: missed time is not made up for.', ['resume 3', 'resume 3 --json'])
    .argument('<job>', 'job id')
    .action(use(resumeOne));
}

async function resumeOne(context: Context, id: string): Promise<undefined> {
  const store = await context.storeToWrite();
  const { requireJob, resume } = await import('../pipeline/steerJob.ts');
  const { jobStatus } = await import('../domain/job.ts');
  const { countsOf } = await import('../store/jobs.ts');
  const before = await requireJob(store, wholeNumber('a job id')(id));
  const job = await resume(store, before.id, Date.now());
  context.output.object({ job: job.id, status: jobStatus(job, await countsOf(store.db, job.id)) });
  context.output.line(
    `Job ${job.id} ${before.paused_at === null ? 'was not paused' : 'goes on'}.\n\nNext: outreach worker    (unless one is running)`,
  );
}
