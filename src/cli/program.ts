import { Command } from 'commander';
import type { Use } from '../commands/context.ts';

/** Each command's file is loaded when it is asked for; help needs all of them. */
const COMMANDS: Readonly<Record<string, Readonly<Record<string, () => Promise<(use: Use) => Command>>>>> = {
  'Start:': {
    demo: async () => (await import('../commands/demo.ts')).demoCommand,
    init: async () => (await import('../commands/init.ts')).initCommand,
    doctor: async () => (await import('../commands/doctor.ts')).doctorCommand,
    test: async () => (await import('../commands/test.ts')).testCommand,
    import: async () => (await import('../commands/import.ts')).importCommand,
    worker: async () => (await import('../commands/worker.ts')).workerCommand,
  },
  'Write:': {
    preview: async () => (await import('../commands/preview.ts')).previewCommand,
    generate: async () => (await import('../commands/generate.ts')).generateCommand,
    estimate: async () => (await import('../commands/estimate.ts')).estimateCommand,
    cost: async () => (await import('../commands/cost.ts')).costCommand,
  },
  'Look:': {
    dash: async () => (await import('../commands/dash.ts')).dashCommand,
    status: async () => (await import('../commands/status.ts')).statusCommand,
    plan: async () => (await import('../commands/plan.ts')).planCommand,
    why: async () => (await import('../commands/why.ts')).whyCommand,
    jobs: async () => (await import('../commands/jobs.ts')).jobsCommand,
    messages: async () => (await import('../commands/messages.ts')).messagesCommand,
    show: async () => (await import('../commands/show.ts')).showCommand,
  },
  'Steer:': {
    approve: async () => (await import('../commands/approve.ts')).approveCommand,
    reject: async () => (await import('../commands/reject.ts')).rejectCommand,
    pause: async () => (await import('../commands/pause.ts')).pauseCommand,
    resume: async () => (await import('../commands/resume.ts')).resumeCommand,
    cancel: async () => (await import('../commands/cancel.ts')).cancelCommand,
    retry: async () => (await import('../commands/retry.ts')).retryCommand,
    resolve: async () => (await import('../commands/resolve.ts')).resolveCommand,
    senders: async () => (await import('../commands/senders.ts')).sendersCommand,
  },
  'People who do not want it:': {
    suppress: async () => (await import('../commands/suppress.ts')).suppressCommand,
    forget: async () => (await import('../commands/forget.ts')).forgetCommand,
    export: async () => (await import('../commands/export.ts')).exportCommand,
  },
  'Keep safe:': {
    backup: async () => (await import('../commands/backup.ts')).backupCommand,
    restore: async () => (await import('../commands/restore.ts')).restoreCommand,
    reconcile: async () => (await import('../commands/reconcile.ts')).reconcileCommand,
  },
  'Passwords and keys:': {
    login: async () => (await import('../commands/login.ts')).loginCommand,
    logout: async () => (await import('../commands/logout.ts')).logoutCommand,
    secrets: async () => (await import('../commands/secrets.ts')).secretsCommand,
  },
};

/** The command tree. It throws instead of exiting, and leaves exit codes to `main`. */
export async function buildProgram(version: string, use: Use, argv: readonly string[]): Promise<Command> {
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
  const [asked = ''] = argv.slice(2);
  const known = Object.values(COMMANDS).some((group) => Object.hasOwn(group, asked));
  for (const [heading, group] of Object.entries(COMMANDS)) {
    for (const [name, load] of Object.entries(group)) {
      if (known && name !== asked) continue;
      program.addCommand((await load())(use).helpGroup(heading).copyInheritedSettings(program));
    }
  }
  return program.addHelpText(
    'after',
    '\nFirst time:\n  $ outreach demo\n  $ outreach init && outreach import leads.csv && outreach worker --until-done',
  );
}
