import type { Command } from 'commander';
import { iso, moment, number, plural } from '../terminal/output.ts';
import { type Context, command, type Use, wholeNumber } from './context.ts';
import { importCounts, reasonsOf } from './importReport.ts';
import { paint, troubles } from './status.ts';

export function jobsCommand(use: Use): Command {
  return command('jobs', 'List jobs, or show one with its import.', ['jobs', 'jobs 3', 'jobs --json'])
    .argument('[id]', 'one job')
    .action(use(jobs));
}

async function jobs(context: Context, id: string | undefined): Promise<undefined> {
  const app = await context.app();
  const store = await app.openStore();
  const { jobReport, jobReports } = await import('../app/status.ts');
  const { importOf, progressOf } = await import('../store/progress.ts');
  const { tallyOf } = await import('../store/imports.ts');
  const { output } = context;
  if (id !== undefined) {
    const { requireJob } = await import('../pipeline/steerJob.ts');
    const { countsOf } = await import('../store/jobs.ts');
    const job = await requireJob(store, wholeNumber('a job id')(id));
    const report = await jobReport(app, progressOf(job, await countsOf(store.db, job.id)), Date.now());
    const taken = await importOf(store.db, job.id);
    const done =
      taken === undefined
        ? null
        : {
            ...importCounts(tallyOf(taken)),
            complete: job.imported_at !== null,
            rejects: taken.invalid > 0 ? taken.rejects_path : null,
          };
    output.object({ ...report, paused_at: iso(job.paused_at), cancelled_at: iso(job.cancelled_at), import: done });
    output.line(
      `Job ${job.id}: campaign ${job.campaign}, ${paint(output, report.status)}${report.import_complete ? '' : ', its import is not complete'}`,
    );
    const rows: string[][] = [['from', `${job.source}, ${moment(job.created_at)}`]];
    if (done !== null)
      rows.push([
        'import',
        `${plural(done.rows, 'row')}: ${number(done.imported)} imported${done.reimported > 0 ? ` (${number(done.reimported)} from a cancelled job)` : ''}, ${plural(done.duplicates, 'duplicate')}, ${number(done.invalid)} invalid${done.suppressed > 0 ? `, ${number(done.suppressed)} suppressed (${reasonsOf(done)})` : ''}${done.complete ? '' : '; not complete, so nothing is sent'}`,
      ]);
    if (done?.rejects != null) rows.push(['rejects', done.rejects]);
    rows.push([
      'mails',
      Object.entries(report.states)
        .filter(([, n]) => n > 0)
        .map(([state, n]) => `${number(n)} ${state}`)
        .join(', ') || 'none',
    ]);
    // Taken over by a later import, because this job was cancelled before it wrote to them.
    const left = done?.complete === true ? done.imported + done.suppressed - (taken?.withdrawn ?? 0) - report.total : 0;
    if (left > 0) rows.push(['', `${number(left)} now in the job of a later import`]);
    if (report.eta !== null) rows.push(['done by', moment(Date.parse(report.eta))]);
    output.table(['', ''], rows);
    for (const line of troubles(report)) output.line(line);
    output.line(`\nNext: outreach messages --job ${job.id}`);
    return;
  }
  const reports = await jobReports(app, Date.now());
  for (const report of reports) output.object(report);
  if (reports.length === 0) output.line('No jobs yet.\n\nNext: outreach import leads.csv');
  else {
    output.table(
      ['JOB', 'CAMPAIGN', 'STATUS', 'FROM', 'MADE', 'SENT', 'TOTAL'],
      reports.map((report) => [
        String(report.id),
        report.campaign,
        report.import_complete ? paint(output, report.status) : `${paint(output, report.status)}, import not complete`,
        report.source,
        moment(Date.parse(report.created_at)),
        number(report.succeeded),
        number(report.total),
      ]),
      [5, 6],
    );
    output.line('\nNext: outreach jobs ID');
  }
}
