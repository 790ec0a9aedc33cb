import { rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { baseFolder, type Surroundings } from '../config/workspace.ts';
import { messageOf, OutreachError } from '../domain/errors.ts';
import { asTyped, oneLine } from '../domain/text.ts';
import { makeFolder, replaceFile } from '../files/ownFiles.ts';
import { readTextFile } from '../files/readFile.ts';
import {
  blockIn,
  cronFile,
  cronLine,
  cronMarkers,
  cronWorkspace,
  launchdLabel,
  launchdPlist,
  launchdWorkspace,
  type ServiceOrder,
  systemdUnit,
  systemdWorkspace,
  withBlock,
  withoutBlock,
} from './serviceUnits.ts';
import type { SystemTool, ToolAnswer } from './systemTools.ts';

export const SERVICE_KINDS = ['systemd', 'launchd', 'cron'] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];

export interface ServiceState {
  /** Starts by itself; null when nobody could be asked. */
  readonly enabled: boolean | null;
  readonly running: boolean | null;
  readonly pid: number | null;
  /** In the words of who keeps it. */
  readonly words: string;
}

/** What could not be done, and the commands that do it by hand. */
export interface Undone {
  readonly reason: string;
  readonly commands: readonly string[];
}

/** Whatever keeps a worker running: where its text stands, and how it begins and ends. */
export interface ServiceKeeper {
  readonly place: string;
  /** Words of the text that say which workspace it is for. */
  readonly mark: string;
  textOf(order: ServiceOrder): string;
  /** What stands there under this name; undefined when nothing does. */
  present(): string | undefined;
  write(text: string): void;
  erase(): void;
  begin(): Promise<Undone | undefined>;
  end(): Promise<Undone | undefined>;
  state(): ServiceState;
  /** Shows what the worker says. */
  readonly follow: string;
}

export interface KeeperChoice extends Pick<Surroundings, 'env'> {
  readonly name: string;
  readonly system: boolean;
  readonly workspace: string;
  readonly log: string;
  readonly tool: SystemTool;
}

export function keeperOf(kind: ServiceKind, choice: KeeperChoice): ServiceKeeper {
  if (kind === 'systemd') return systemd(choice);
  if (kind === 'launchd') return launchd(choice);
  return choice.system ? cronFolder(choice) : crontab(choice);
}

function systemd({ name, system, workspace, env, tool }: KeeperChoice): ServiceKeeper {
  const folder = system ? '/etc/systemd/system' : join(baseFolder(env.XDG_CONFIG_HOME, join(homeOf(env), '.config')), 'systemd', 'user');
  const unit = `${name}.service`;
  const control = (...words: string[]) => ['systemctl', ...(system ? [] : ['--user']), ...words];
  return {
    ...file(join(folder, unit)),
    mark: `\n${systemdWorkspace(workspace)}\n`,
    textOf: systemdUnit,
    erase() {
      erase(join(folder, unit));
      // What `disable` takes away, where there is no systemctl to do it.
      erase(join(folder, system ? 'multi-user.target.wants' : 'default.target.wants', unit));
      inOrder(tool, [control('daemon-reload')]);
    },
    // `restart` also starts; one that runs takes the new text.
    begin: async () => inOrder(tool, [control('daemon-reload'), control('enable', unit), control('restart', unit)]),
    end: async () => {
      const undone = inOrder(tool, [control('disable', '--now', unit)]);
      // Its file goes in any case, and what has no file can be stopped, but not disabled.
      return undone && { ...undone, commands: [asTyped(control('stop', unit))] };
    },
    state() {
      const [program = '', ...words] = control('show', unit, '--property=UnitFileState,ActiveState,SubState,Result,MainPID');
      const answer = tool(program, words);
      const said = new Map(answer.stdout.split('\n').map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')]));
      if (answer.code !== 0 || !said.has('ActiveState')) return noAnswer(answer);
      const pid = Number(said.get('MainPID'));
      const result = said.get('Result');
      return {
        enabled: said.get('UnitFileState') === 'enabled',
        running: pid > 0,
        pid: pid > 0 ? pid : null,
        words: `${said.get('ActiveState')} (${said.get('SubState')}${result === 'success' ? '' : `, ${result}`})`,
      };
    },
    follow: `journalctl ${system ? '' : '--user '}-u ${name} -f`,
  };
}

/** How long a worker that was told to leave may take, in ms, and how often it is looked for. */
const LEAVING = { limit: 65_000, every: 100 };

function launchd({ name, system, workspace, log, env, tool }: KeeperChoice): ServiceKeeper {
  const folder = system ? '/Library/LaunchDaemons' : join(homeOf(env), 'Library', 'LaunchAgents');
  const path = join(folder, `${launchdLabel(name)}.plist`);
  const domain = system ? 'system' : `gui/${process.getuid?.() ?? 501}`;
  const target = `${domain}/${launchdLabel(name)}`;
  const loaded = () => tool('launchctl', ['print', target]);
  const end = async () => {
    if (loaded().code !== 0) return undefined;
    const undone = inOrder(tool, [['launchctl', 'bootout', target]]);
    // It returns while the worker still finishes its mails, and what is not gone cannot be loaded again.
    for (let waited = 0; waited < LEAVING.limit && loaded().code === 0; waited += LEAVING.every)
      await new Promise((resolve) => setTimeout(resolve, LEAVING.every));
    return loaded().code === 0 ? (undone ?? { reason: `${target} has not ended`, commands: [`launchctl bootout ${target}`] }) : undefined;
  };
  return {
    ...file(path),
    mark: launchdWorkspace(workspace),
    textOf: launchdPlist,
    begin: async () => (await end()) ?? inOrder(tool, [['launchctl', 'bootstrap', domain, path]]),
    end,
    state() {
      const answer = loaded();
      if (answer.code === null) return noAnswer(answer);
      const pid = /^[ \t]*pid = (\d+)/m.exec(answer.stdout)?.[1];
      const words = /^[ \t]*state = (.+)/m.exec(answer.stdout)?.[1] ?? 'not loaded';
      return { enabled: answer.code === 0, running: pid !== undefined, pid: pid === undefined ? null : Number(pid), words };
    },
    follow: tail(log),
  };
}

/** Cron itself says nothing of its lines, and nobody has to be told of a new one. */
const BY_THE_CLOCK = {
  begin: async () => undefined,
  end: async () => undefined,
  state: () => ({ enabled: true, running: null, pid: null, words: 'cron starts a worker every five minutes' }),
};

function cronFolder({ name, workspace, log }: KeeperChoice): ServiceKeeper {
  return {
    ...file(join('/etc/cron.d', name)),
    ...BY_THE_CLOCK,
    mark: cronWorkspace(workspace),
    textOf: cronFile,
    follow: tail(log),
  };
}

function crontab({ name, workspace, log, tool }: KeeperChoice): ServiceKeeper {
  const markers = cronMarkers(name);
  return {
    ...BY_THE_CLOCK,
    place: 'crontab',
    mark: bytesOf(cronWorkspace(workspace)),
    textOf: (order) => `${cronLine(order)}\n`,
    present() {
      const text = readCrontab(tool);
      const block = blockIn(text, markers);
      if (block === null) {
        throw new OutreachError(
          'refused',
          `the lines "${markers.begin}" and "${markers.end}" of your crontab are no pair; nothing is changed`,
          {
            hint: 'Mend them with: crontab -e',
          },
        );
      }
      return block === undefined ? undefined : text.split('\n').slice(block.from, block.to).join('\n');
    },
    write: (text) => writeCrontab(tool, withBlock(readCrontab(tool), markers, bytesOf(text.trimEnd()))),
    erase: () => writeCrontab(tool, withoutBlock(readCrontab(tool), markers)),
    follow: tail(log),
  };
}

/** Longer lines are cut or refused by cron. */
const LONGEST_LINE = 990;

function readCrontab(tool: SystemTool): string {
  const { code, stdout, stderr } = tool('crontab', ['-l']);
  if (code === 0) return stdout;
  if (code !== null && /no crontab|no such file/i.test(stderr)) return '';
  throw new OutreachError('environment', `crontab -l: ${oneLine(stderr) || `ended with ${code}`}; nothing is changed`, {
    hint: 'The line for another scheduler: outreach service install --kind cron --print',
  });
}

function writeCrontab(tool: SystemTool, text: string): void {
  if (text.split('\n').some((line) => line.length > LONGEST_LINE && line.includes(' worker --for '))) {
    throw new OutreachError('refused', `the line for cron is longer than ${LONGEST_LINE} characters; choose shorter paths`);
  }
  const { code, stderr } = text.trim() === '' ? tool('crontab', ['-r']) : tool('crontab', ['-'], text);
  if (code !== 0) throw new OutreachError('environment', `crontab: ${oneLine(stderr) || `ended with ${code}`}; nothing is changed`);
}

function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function homeOf(env: NodeJS.ProcessEnv): string {
  return env.HOME || homedir();
}

function file(path: string): Pick<ServiceKeeper, 'place' | 'present' | 'write' | 'erase'> {
  return {
    place: path,
    present() {
      try {
        return readTextFile(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw notMine(path, error);
      }
    },
    write(text) {
      try {
        makeFolder(dirname(path), 0o755);
        replaceFile(path, text, { mode: 0o644 });
      } catch (error) {
        throw notMine(path, error);
      }
    },
    erase: () => erase(path),
  };
}

function erase(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw notMine(path, error);
  }
}

function notMine(path: string, cause: unknown): OutreachError {
  return new OutreachError('environment', `${path}: ${messageOf(cause)}`, {
    hint: 'A system service is installed as root: sudo, and the same command (or --print it and put it there yourself).',
    cause,
  });
}

/** Runs one after the other; at the first that fails it says what is left to do. */
function inOrder(tool: SystemTool, commands: readonly (readonly string[])[]): Undone | undefined {
  for (const [at, [program = '', ...parameters]] of commands.entries()) {
    const { code, stderr } = tool(program, parameters);
    if (code === 0) continue;
    return { reason: oneLine(stderr) || `${program} ended with ${code}`, commands: commands.slice(at).map(asTyped) };
  }
  return undefined;
}

function tail(log: string): string {
  return asTyped(['tail', '-f', log]);
}

function noAnswer({ stderr, code }: ToolAnswer): ServiceState {
  return { enabled: null, running: null, pid: null, words: oneLine(stderr) || `no answer (${code})` };
}
