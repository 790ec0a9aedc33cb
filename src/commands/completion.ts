import { Argument, type Command } from 'commander';
import { type Context, command, type Use } from './context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function completionCommand(use: Use): Command {
  return command('completion', 'Print the script that lets a shell complete commands, flags, campaigns, jobs and senders.', [
    'completion bash   # in ~/.bashrc: source <(outreach completion bash)',
    'completion zsh    # as a file _outreach in a folder of fpath',
    'completion fish   # as ~/.config/fish/completions/outreach.fish',
  ])
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(use(completion));
}

async function completion({ output }: Context, shell: (typeof SHELLS)[number]): Promise<undefined> {
  const { SCRIPTS } = await import('./completion/scripts.ts');
  output.object({ shell, script: SCRIPTS[shell] });
  if (!output.json) process.stdout.write(SCRIPTS[shell]);
}
