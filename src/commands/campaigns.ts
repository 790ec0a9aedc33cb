import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { CampaignReport } from '../app/campaignList.ts';
import { cell, number, type Output } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';
import { paint } from './status.ts';

export function campaignsCommand(use: Use): Command {
  return command('campaigns', 'List the campaigns and how far their jobs are.', ['campaigns', 'campaigns --json']).action(use(campaigns));
}

async function campaigns(context: Context): Promise<undefined> {
  const { output } = context;
  const app = await context.app();
  const { campaignReports } = await import('../app/campaignList.ts');
  const reports = await campaignReports(app);
  for (const report of reports) output.object(report);
  if (reports.length === 0) {
    output.line(`There is no campaign in ${app.workspace.campaigns}.\n\nNext: outreach campaign new hello`);
    return;
  }
  output.table(
    ['CAMPAIGN', 'WRITTEN BY', 'SEND', 'REVIEW', 'SENT', 'FAILED', 'NEEDS YOU', 'JOBS'],
    reports.map((report) => [
      cell(report.campaign),
      report.problem !== null ? output.colour.red('cannot be read') : report.generator === 'ai' ? 'a model' : 'its template',
      report.send_mode === 'drip' ? `drip, ${report.send_rate} an hour` : (report.send_mode ?? ''),
      report.review ?? '',
      report.total === 0 ? '' : `${number(report.accepted)}/${number(report.total)}`,
      report.total === 0 ? '' : number(report.failed),
      report.total === 0 ? '' : number(report.needs_you),
      jobsOf(output, report),
    ]),
    [4, 5, 6],
  );
  // One whose file is gone is known from its jobs alone, and there is nothing to check.
  const broken = reports.find(({ problem, path }) => problem !== null && existsSync(path));
  output.line(`\nNext: ${nextStep(reports, broken)}`);
}

/** The newest ones: a campaign may have many. */
function jobsOf(output: Output, { jobs }: CampaignReport): string {
  const newest = jobs.slice(-3).map(({ id, status }) => `${id} ${paint(output, status)}`);
  return `${jobs.length > 3 ? `${number(jobs.length - 3)} older, ` : ''}${newest.join(', ')}` || 'none yet';
}

function nextStep(reports: readonly CampaignReport[], broken: CampaignReport | undefined): string {
  if (broken !== undefined) return `outreach campaign check ${broken.campaign}`;
  const idle = reports.find(({ jobs }) => jobs.length === 0);
  if (idle !== undefined) return `outreach campaign check ${idle.campaign}`;
  return reports.some(({ needs_you }) => needs_you > 0) ? 'outreach status    (which mails wait for you)' : 'outreach status';
}
