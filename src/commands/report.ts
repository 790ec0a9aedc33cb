import { resolve } from 'node:path';
import type { Command } from 'commander';
import { cell, plural } from '../terminal/output.ts';
import { type Context, command, type Use } from './context.ts';

export function reportCommand(use: Use): Command {
  return command('report', 'Write one HTML page about a campaign: figures, charts, failures, and what needs you. It opens from disk.', [
    'report hello --out report.html',
    'report hello --out report.html --force',
  ])
    .argument('<campaign>', 'the campaign')
    .requiredOption('--out <file>', 'where to')
    .option('--force', 'write over a file of that name')
    .action(use(report));
}

async function report(context: Context, campaign: string, options: { out: string; force?: boolean }): Promise<undefined> {
  const { output, cwd, env } = context;
  const app = await context.app();
  const { readReport } = await import('../app/report.ts');
  const { renderReport } = await import('../app/reportPage.ts');
  const { writeOutFile } = await import('../terminal/outFile.ts');
  const found = await readReport(app, env, campaign, Date.now());
  const path = resolve(cwd, options.out);
  const page = renderReport(found);
  writeOutFile(path, page, { force: options.force });
  const { total, sent } = found.statistics.totals;
  output.object({ out: path, campaign, bytes: Buffer.byteLength(page), needs: found.needs });
  output.line(
    `${cell(path, 200)}: ${plural(total, 'mail')}, ${sent} sent, ${plural(found.needs.length, 'thing')} that need${found.needs.length === 1 ? 's' : ''} you. It names people, so keep it to yourself.`,
  );
  output.line(`\nNext: open ${cell(path, 200)} in a browser    or    outreach stats ${cell(campaign)}`);
}
