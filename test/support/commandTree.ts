import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.ts';
import type { Use } from '../../src/commands/context.ts';

/** The command tree as the program builds it; its actions tell `ran` what they were asked and do nothing. */
export async function commandTree(ran: (parameters: readonly unknown[]) => void = () => {}): Promise<Command> {
  const use: Use =
    () =>
    async (...parameters) =>
      ran(parameters);
  return throwing(await buildProgram('0.0.0', use, ['node', 'outreach']));
}

/** Every command but the program itself, subcommands after the command that holds them. */
export function commandsIn(program: Command): Command[] {
  return program.commands.flatMap((command) => [command, ...commandsIn(command)]);
}

/** `outreach senders resume` */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** All that `--help` prints, wide enough that nothing is wrapped. */
export function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more), getOutHelpWidth: () => 1_000 });
  command.outputHelp();
  return text;
}

/** The lines below `Examples:`, without the prompt. */
export function examplesOf(command: Command): string[] {
  const [, block = ''] = /\nExamples:\n([\s\S]*?)(?:\n\n|\n?$)/.exec(helpOf(command)) ?? [];
  return block.split('\n').flatMap((line) => /^ {2}\$ (outreach .+)$/.exec(line)?.[1] ?? []);
}

/** As a shell splits it: quotes, and a comment at the end. What a pipe or a redirection brings is not the program's. */
export function parametersOf(example: string): string[] {
  const [asked = ''] = example.replace(/\s+#.*$/, '').split(/ (?:<|>|\||&&) /);
  const words = [...asked.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)];
  return words.map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2')).slice(1);
}

function throwing(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => {} });
  for (const child of command.commands) throwing(child);
  return command;
}
