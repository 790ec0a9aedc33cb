import { type Argument, Command, type Option } from 'commander';
import type { Use } from '../context.ts';

/** What stands in a place of the command line: one of a few words, or something that the workspace or the shell knows. */
export interface Place {
  readonly kind: Kind;
  readonly choices: readonly string[];
  readonly variadic: boolean;
}

export type Kind = 'campaign' | 'job' | 'sender' | 'login' | 'topic' | 'file' | 'dir' | 'other';

export interface Branch {
  readonly name: string;
  readonly purpose: string;
  readonly flags: readonly Flag[];
  readonly places: readonly Place[];
  readonly commands: readonly Branch[];
}

export interface Flag {
  readonly names: readonly string[];
  readonly purpose: string;
  /** Null when the flag takes no value. */
  readonly value: Place | null;
}

/** The build keeps what this prints in `dist/tree.json`: completing a word loads no command. */
export function treeCommand(_use: Use, program: Command): Command {
  return new Command('__tree').action(() => {
    process.stdout.write(`${JSON.stringify(branchOf(program))}\n`);
  });
}

function branchOf(command: Command): Branch {
  const help = command.createHelp();
  const path = pathOf(command);
  return {
    name: command.name(),
    purpose: command.summary() || command.description(),
    flags: help.visibleOptions(command).map((option) => flagOf(option)),
    places: command.registeredArguments.map((argument) => placeOf(argument.name(), argument, `${path} ${argument.name()}`)),
    commands: help.visibleCommands(command).map(branchOf),
  };
}

function flagOf(option: Option): Flag {
  return {
    names: [option.long, option.short].filter((name) => name !== undefined),
    purpose: option.description,
    value: option.required || option.optional ? placeOf(option.long?.slice(2) ?? '', option) : null,
  };
}

function placeOf(name: string, { argChoices, variadic }: Argument | Option, path = ''): Place {
  return { kind: KNOWN[path] ?? BY_NAME[name] ?? 'other', choices: argChoices ?? [], variadic };
}

/** Arguments and flags are named after what they take. */
const BY_NAME: Readonly<Record<string, Kind>> = {
  campaign: 'campaign',
  job: 'job',
  sender: 'sender',
  file: 'file',
  out: 'file',
  leads: 'file',
  'env-file': 'file',
  dir: 'dir',
  workspace: 'dir',
  keep: 'dir',
};

/** Where the name alone does not tell. */
const KNOWN: Readonly<Record<string, Kind>> = {
  'help what': 'topic',
  'jobs id': 'job',
  'senders name': 'sender',
  'login name': 'login',
  'logout name': 'login',
  'suppress who': 'file',
  'reconcile sent': 'file',
  'campaign name': 'campaign',
};

function pathOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent != null; at = at.parent) names.unshift(at.name());
  return names.join(' ');
}
