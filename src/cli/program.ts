import { Command } from 'commander';
import { approveCommand } from '../commands/approve.ts';
import { cancelCommand } from '../commands/cancel.ts';
import type { Use } from '../commands/context.ts';
import { costCommand } from '../commands/cost.ts';
import { demoCommand } from '../commands/demo.ts';
import { estimateCommand } from '../commands/estimate.ts';
import { generateCommand } from '../commands/generate.ts';
import { importCommand } from '../commands/import.ts';
import { initCommand } from '../commands/init.ts';
import { jobsCommand } from '../commands/jobs.ts';
import { messagesCommand } from '../commands/messages.ts';
import { pauseCommand } from '../commands/pause.ts';
import { previewCommand } from '../commands/preview.ts';
import { rejectCommand } from '../commands/reject.ts';
import { resolveCommand } from '../commands/resolve.ts';
import { resumeCommand } from '../commands/resume.ts';
import { retryCommand } from '../commands/retry.ts';
import { showCommand } from '../commands/show.ts';
import { statusCommand } from '../commands/status.ts';
import { workerCommand } from '../commands/worker.ts';

/** The command tree. It throws instead of exiting, and leaves exit codes to `main`. */
export function buildProgram(version: string, use: Use): Command {
  const program = new Command('outreach')
    .description('One personal mail for every lead of a CSV, at a human pace, and never twice.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .option('--workspace <dir>', 'folder with outreach.yaml (default: the nearest one upward)')
    .option('--json', 'print JSON: one object, or one a line for lists')
    .option('--no-color', 'no colours; NO_COLOR does the same')
    .option('--env-file <file>', 'read environment variables from a file');
  const groups: [string, Command[]][] = [
    ['Start:', [demoCommand(use), initCommand(use), importCommand(use), workerCommand(use)]],
    ['Write:', [previewCommand(use), generateCommand(use), estimateCommand(use), costCommand(use)]],
    ['Look:', [statusCommand(use), jobsCommand(use), messagesCommand(use), showCommand(use)]],
    [
      'Steer:',
      [
        approveCommand(use),
        rejectCommand(use),
        pauseCommand(use),
        resumeCommand(use),
        cancelCommand(use),
        retryCommand(use),
        resolveCommand(use),
      ],
    ],
  ];
  for (const [group, commands] of groups) {
    for (const command of commands) program.addCommand(command.helpGroup(group).copyInheritedSettings(program));
  }
  return program.addHelpText(
    'after',
    '\nFirst time:\n  $ outreach demo\n  $ outreach init && outreach import leads.csv && outreach worker --until-done',
  );
}
