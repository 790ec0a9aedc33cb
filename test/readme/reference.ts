import type { Command } from 'commander';
import { TOPICS } from '../../src/commands/topics/topics.ts';
import { commandTree, examplesOf, pathOf } from '../support/commandTree.ts';

/** The command reference in Markdown, made of the command tree and the help topics: `docs/reference.md`. */
export async function reference(): Promise<string> {
  const program = await commandTree();
  const groups = groupsOf(program);
  const parts = [
    '# Commands, flags, topics',
    'Made of the program itself by `npm run readme -- reference`, and compared with it by `npm run check`; do not edit. The same is told by `outreach help COMMAND` and `outreach help TOPIC`.',
    ...[...groups].map(([heading, commands]) => listed(heading, commands)),
    '## Flags of every command',
    flagTable('Flag', program.options),
    ...[...groups].flatMap(([heading, commands]) => [`## ${heading}`, ...commands.flatMap(described)]),
    '## Topics',
    ...(await topics()),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Every command with the first sentence of its purpose, as README lists them. */
export async function commandTable(): Promise<string> {
  const rows = [...groupsOf(await commandTree())].flatMap(([heading, commands]) => [
    `| **${heading}** | |`,
    ...commands.map(
      (command) =>
        `| [\`${pathOf(command)}\`](docs/reference.md#${anchor(pathOf(command))}) | ${/^.*?\.(?= |$)/.exec(command.description())?.[0]} |`,
    ),
  ]);
  return ['| command | |', '| --- | --- |', ...rows].join('\n');
}

function groupsOf(program: Command): Map<string, Command[]> {
  const groups = new Map<string, Command[]>();
  for (const command of program.commands) {
    const heading = command.helpGroup().replace(/:$/, '');
    groups.set(heading, [...(groups.get(heading) ?? []), command]);
  }
  return groups;
}

function listed(heading: string, commands: readonly Command[]): string {
  const lines = commands.map((command) => `- [\`${pathOf(command)}\`](#${anchor(pathOf(command))}): ${command.description()}`);
  return [`**${heading}**`, '', ...lines].join('\n');
}

function described(command: Command): string[] {
  const help = command.createHelp();
  const usage = help.commandUsage(command);
  const flags = new Map<string, Command['options'][number][]>();
  for (const option of help.visibleOptions(command)) {
    if (option.long === '--help') continue;
    const heading = option.helpGroupHeading ?? 'Flags:';
    flags.set(heading, [...(flags.get(heading) ?? []), option]);
  }
  const examples = examplesOf(command);
  return [
    `### ${pathOf(command)}`,
    command.description(),
    `Usage: \`${usage}\``,
    ...(command.registeredArguments.length === 0
      ? []
      : [
          table(
            'Argument',
            command.registeredArguments.map((argument) => [help.argumentTerm(argument), help.argumentDescription(argument)]),
          ),
        ]),
    ...[...flags].map(([heading, options]) => flagTable(heading.replace(/:$/, ''), options)),
    ...(examples.length === 0 ? [] : [['```', ...examples, '```'].join('\n')]),
    ...command.commands.flatMap(described),
  ];
}

function flagTable(heading: string, options: Command['options']): string {
  const rows = options.map((option) => {
    const more = [
      ...(option.argChoices === undefined ? [] : [`one of ${option.argChoices.join(', ')}`]),
      ...(option.defaultValue === undefined || option.negate
        ? []
        : [`default: ${option.defaultValueDescription ?? String(option.defaultValue)}`]),
    ];
    return [option.flags, `${option.description}${more.length === 0 ? '' : ` (${more.join('; ')})`}`] as const;
  });
  return table(heading, rows);
}

function table(heading: string, rows: readonly (readonly [string, string])[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [`| ${cell(heading)} | |`, '| --- | --- |', ...rows.map(([name, what]) => `| \`${cell(name)}\` | ${cell(what)} |`)].join('\n');
}

async function topics(): Promise<string[]> {
  const parts: string[] = [];
  for (const [name, { purpose, read }] of Object.entries(TOPICS)) {
    parts.push(`### Topic: ${name}`, `${purpose[0]?.toUpperCase()}${purpose.slice(1)}.`, `\`\`\`\n${await read()}\n\`\`\``);
  }
  return parts;
}

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-');
}
