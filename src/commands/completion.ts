import { Argument, type Command } from 'commander';
import { type Context, command, type Use } from './context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function completionCommand(use: Use): Command {
  return command('completion', 'Print the script that lets a shell complete commands, flags, campaigns, jobs and senders.', [
    'completion bash > ~/.local/share/bash-completion/completions/outreach',
    'completion zsh > "${fpath[1]}/_outreach"',
    'completion fish > ~/.config/fish/completions/outreach.fish',
    'completion bash     # or, in ~/.bashrc: source <(outreach completion bash)',
  ])
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(use(completion));
}

async function completion({ output }: Context, shell: (typeof SHELLS)[number]): Promise<undefined> {
  const { SCRIPTS } = await import('./completion/scripts.ts');
  output.object({ shell, script: SCRIPTS[shell] });
  if (!output.json) process.stdout.write(SCRIPTS[shell]);
}
