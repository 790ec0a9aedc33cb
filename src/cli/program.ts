import { Command } from 'commander';
import type { Use } from '../commands/context.ts';
import { isTopic } from '../commands/topics/topics.ts';

type Load = () => Promise<(use: Use, program: Command) => Command>;

/** Each command's file is loaded when it is asked for; help needs all of them. */
const COMMANDS: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  'Start:': {
    demo: async () => (await import('../commands/demo.ts')).demoCommand,
    init: async () => (await import('../commands/init.ts')).initCommand,
    campaign: async () => (await import('../commands/campaign.ts')).campaignCommand,
    config: async () => (await import('../commands/config.ts')).configCommand,
    doctor: async () => (await import('../commands/doctor.ts')).doctorCommand,
    test: async () => (await import('../commands/test.ts')).testCommand,
    import: async () => (await import('../commands/import.ts')).importCommand,
    worker: async () => (await import('../commands/worker.ts')).workerCommand,
    service: async () => (await import('../commands/service.ts')).serviceCommand,
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
    stats: async () => (await import('../commands/stats.ts')).statsCommand,
    report: async () => (await import('../commands/report.ts')).reportCommand,
    plan: async () => (await import('../commands/plan.ts')).planCommand,
    why: async () => (await import('../commands/why.ts')).whyCommand,
    campaigns: async () => (await import('../commands/campaigns.ts')).campaignsCommand,
    jobs: async () => (await import('../commands/jobs.ts')).jobsCommand,
    messages: async () => (await import('../commands/messages.ts')).messagesCommand,
    show: async () => (await import('../commands/show.ts')).showCommand,
    log: async () => (await import('../commands/log.ts')).logCommand,
    export: async () => (await import('../commands/export.ts')).exportCommand,
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
  },
  'Keep safe:': {
    backup: async () => (await import('../commands/backup.ts')).backupCommand,
    restore: async () => (await import('../commands/restore.ts')).restoreCommand,
    reconcile: async () => (await import('../commands/reconcile.ts')).reconcileCommand,
    trust: async () => (await import('../commands/trust.ts')).trustCommand,
  },
  'Passwords and keys:': {
    login: async () => (await import('../commands/login.ts')).loginCommand,
    logout: async () => (await import('../commands/logout.ts')).logoutCommand,
    secrets: async () => (await import('../commands/secrets.ts')).secretsCommand,
  },
  'Help:': {
    help: async () => (await import('../commands/help.ts')).helpCommand,
    completion: async () => (await import('../commands/completion.ts')).completionCommand,
  },
};

/** For the shell's completion alone; the second is asked by the build. */
const HIDDEN: Readonly<Record<string, Load>> = {
  __complete: async () => (await import('../commands/completion/complete.ts')).completeCommand,
  __tree: async () => (await import('../commands/completion/tree.ts')).treeCommand,
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
    .option('--env-file <file>', 'read environment variables from a file')
    .option('--verbose', 'of an error tell also what caused it')
    .helpCommand(false);
  const needed = neededBy(argv.slice(2));
  for (const [heading, group] of Object.entries(COMMANDS)) {
    for (const [name, load] of Object.entries(group)) {
      if (needed === undefined || needed.includes(name)) inherit(program, (await load())(use, program).helpGroup(heading));
    }
  }
  const hidden = HIDDEN[argv[2] ?? ''];
  if (hidden !== undefined) inherit(program, (await hidden())(use, program), { hidden: true });
  return program.addHelpText(
    'after',
    '\nFirst time:\n  $ outreach demo\n  $ outreach init && outreach import leads.csv && outreach worker --until-done\n\nMore: outreach help COMMAND, outreach help topics',
  );
}

/** The commands whose files must be loaded; undefined when all may be. */
function neededBy([asked = '', about = '']: readonly string[]): string[] | undefined {
  const known = (name: string) => Object.values(COMMANDS).some((group) => Object.hasOwn(group, name));
  if (asked === 'help' && (known(about) || isTopic(about))) return ['help', about];
  if (asked === '__complete') return [];
  return asked !== 'help' && known(asked) ? [asked] : undefined;
}

/** Below a command with subcommands everything is as it is at the top. */
function inherit(parent: Command, child: Command, options: { hidden?: boolean } = {}): void {
  if (child.parent !== parent) parent.addCommand(child, options);
  child.copyInheritedSettings(parent).helpOption('-h, --help', 'show help');
  for (const grandchild of child.commands) inherit(child, grandchild);
}
